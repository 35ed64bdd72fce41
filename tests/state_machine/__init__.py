"""A real Home Assistant with the integration, driven at random against the mock cloud, and what must hold all the while."""

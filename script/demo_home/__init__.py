"""A demo: the mock cloud, a real Home Assistant, and the integration between them."""

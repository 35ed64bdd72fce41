"""End-to-end tests: Home Assistant and the virtual home in a real browser, without virtual time."""

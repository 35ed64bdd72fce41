"""Makes the integration importable by its tests."""

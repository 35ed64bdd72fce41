"""Measures the integration in Home Assistant, beside two yardsticks (docs/performance.md)."""

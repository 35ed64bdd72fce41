"""Measures the integration inside Home Assistant, beside two yardsticks (docs/performance.md)."""

"""Logs in."""

from script.benchmark.live.yardsticks.flow import YardstickConfigFlow


class ConfigFlow(YardstickConfigFlow, domain="textbook"):
    """The config flow of the textbook."""

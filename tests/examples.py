"""How many examples a property test tries."""

from collections.abc import Collection

from hypothesis import HealthCheck, settings


def examples(count: int, suppress_health_check: Collection[HealthCheck] = ()) -> settings:
    """Return settings with so many examples, or with as many as the nightly profile wants."""
    steady = settings.get_current_profile_name() == "steady"
    most = count if steady else max(count, settings().max_examples)
    return settings(max_examples=most, suppress_health_check=suppress_health_check)

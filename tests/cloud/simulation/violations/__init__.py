"""The rules of the contract, each broken once: what the schedules must find."""

from tests.cloud.simulation.violations import commanding, following

VIOLATIONS = {**following.VIOLATIONS, **commanding.VIOLATIONS}

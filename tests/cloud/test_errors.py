"""One family of exceptions, whose words may be logged."""

import inspect

import pytest

from custom_components.wesmart.cloud import errors
from custom_components.wesmart.cloud.errors import (
    BusyError,
    CloudConnectionError,
    CloudFaultError,
    CloudTimeoutError,
    CommandRejectedError,
    InvalidRequestError,
    MaintenanceError,
    RateLimitedError,
    WeSmartError,
)

ALL = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, Exception)]


@pytest.mark.parametrize("error", ALL)
def test_every_error_is_of_the_family_and_says_what_it_is_for(error: type[Exception]) -> None:
    """A caller that catches the base has caught all."""
    assert issubclass(error, WeSmartError)
    assert error.__doc__


def test_a_caller_can_tell_what_to_do_by_the_class() -> None:
    """Come again later, try again, or give up."""
    assert issubclass(CloudTimeoutError, CloudConnectionError)
    assert issubclass(CloudFaultError, CloudConnectionError)
    assert issubclass(MaintenanceError, BusyError)
    assert issubclass(RateLimitedError, BusyError)
    assert not issubclass(BusyError, CloudConnectionError)


def test_what_the_cloud_did_not_say_is_none() -> None:
    """Not a guess."""
    assert (BusyError("m").retry_after, MaintenanceError("m").ends_at) == (None, None)
    assert InvalidRequestError("PUT /v1/account/terms: 422").details == ()


def test_errors_read_as_sentences() -> None:
    """In a log, without their class."""
    assert str(InvalidRequestError("POST /v1/feedback: 422", details=("/rating: 1 to 5",))) == (
        "POST /v1/feedback: 422; /rating: 1 to 5"
    )
    assert str(CommandRejectedError("device-offline")) == "command rejected: device-offline"

"""What the stream says of the account acts at once: nobody waits for the next poll, nor for the stream to be closed."""

import asyncio
import random

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.mock_cloud.model import Block
from tests.repairs import BLOCKED, TERMS, comes

KITCHEN = "light.bep_den_tran"


async def test_an_event_about_access_acts_at_once_also_on_a_stream_that_stays_open(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The event may come long before the close, or without it."""
    await asyncio.sleep(1)
    account = cloud._account(OWNER.username)
    account.block = Block(kind="suspended", reason=None, until=None)
    cloud._core.publish(account.id, "account", {})
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=3)
    await comes(hass, BLOCKED)


async def test_an_event_about_terms_acts_at_once_also_on_a_stream_that_stays_open(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Terms that lock the homes, that is."""
    await asyncio.sleep(1)
    world = cloud._core.world
    world.terms_version, world.terms_required = "2027-01", True
    cloud._core.publish(cloud._account(OWNER.username).id, "account", {})
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=3)
    await comes(hass, TERMS)


async def test_an_event_about_the_session_acts_at_once_also_on_a_stream_that_stays_open(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant asks for a login, and not when it would have polled."""
    await asyncio.sleep(1)
    account = cloud._account(OWNER.username)
    for session in cloud.sessions(OWNER.username):
        cloud._core.sessions.revoke(session)
    cloud._core.publish(account.id, "account", {})
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=3)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def test_what_everybody_is_told_is_not_asked_about_by_everybody_in_the_same_moment(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """New terms: each home takes a moment of its own within two seconds, however often it is told."""
    random.seed(7)
    await asyncio.sleep(30)
    waits = []
    for version in range(8):
        since = cloud.now()
        cloud.change_terms(f"2027-{version}", required=False)
        for _ in range(10):
            cloud._core.publish(cloud._account(OWNER.username).id, "account", {})
        await asyncio.sleep(15)
        waits.append(next(one.at for one in cloud.requests if one.at >= since and one.path == "/v1/account") - since)
    assert max(waits) <= 2.1
    assert max(waits) - min(waits) > 0.5


async def test_a_hint_does_not_postpone_what_an_earlier_one_asked_for(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The first one decides when the account is asked for."""
    await asyncio.sleep(30)
    account, since = cloud._account(OWNER.username).id, cloud.now()
    for _ in range(100):
        cloud._core.publish(account, "account", {})
        await asyncio.sleep(0.1)
    assert min(one.at for one in cloud.requests if one.at >= since and one.path == "/v1/account") - since <= 2.1


@pytest.mark.slow
async def test_a_hint_after_each_answer_costs_a_request_now_and_then(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A server that says at once that everything has changed again is asked as seldom as anyone."""
    await asyncio.sleep(60)
    account = cloud._account(OWNER.username).id
    before, answered = len(cloud.requests), 0
    for _ in range(6_000):
        if len(cloud.requests) != answered:
            answered = len(cloud.requests)
            cloud._core.publish(account, "account", {})
        await asyncio.sleep(0.1)
    # Home Assistant refreshes at most every ten seconds: a snapshot, which has not changed, and the account.
    assert 60 <= len(cloud.requests) - before <= 2 * 60 + 2

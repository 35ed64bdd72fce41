"""Covers: curtains, a roller, a blind with slats, an awning, and a curtain that does not know where it is."""

import asyncio

from homeassistant.components.cover import DOMAIN as COVER
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_CLOSE_COVER,
    SERVICE_CLOSE_COVER_TILT,
    SERVICE_OPEN_COVER,
    SERVICE_OPEN_COVER_TILT,
    SERVICE_SET_COVER_POSITION,
    SERVICE_SET_COVER_TILT_POSITION,
    SERVICE_STOP_COVER,
    SERVICE_STOP_COVER_TILT,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from hypothesis import given, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart.cloud.models import CurtainState, Motion
from custom_components.wesmart.const import CONF_REVERSED_COVERS
from custom_components.wesmart.cover import inverted
from tests.accounts import configure
from tests.home import entities, shows
from tests.mock_cloud import MockCloud

CURTAIN = "cover.phong_khach_rem_phong_khach"
BLIND = "cover.phong_ngu_chinh_rem_phong_ngu"
BLIND_ID = "rem-phong-ngu"
ROLLER = "cover.phong_ngu_cua_be_rem_cuon_phong_be"
ROLLER_ID = "rem-phong-be"
BLINDFOLDED = "cover.phong_ngu_rem_cua_so"


async def call(hass: HomeAssistant, service: str, entity_id: str, **data: object) -> None:
    """Call the action as a user would."""
    await hass.services.async_call(COVER, service, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True)


async def test_every_cover_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """Each with the device class of its kind, and the features it has."""
    assert entities(hass, entry, COVER) == snapshot


async def test_a_curtain_reports_its_way(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """It shows opening and positions in between, and open only when it is there."""
    await shows(hass, ROLLER, "closed", current_position=0)
    await call(hass, SERVICE_OPEN_COVER, ROLLER)
    await shows(hass, ROLLER, "opening", within_s=1)
    await asyncio.sleep(3)
    state = hass.states.get(ROLLER)
    assert state is not None
    assert 0 < state.attributes["current_position"] < 100
    await shows(hass, ROLLER, "open", within_s=120, current_position=100)
    await call(hass, SERVICE_CLOSE_COVER, ROLLER)
    await shows(hass, ROLLER, "closing", within_s=1)
    await shows(hass, ROLLER, "closed", within_s=120, current_position=0)


async def test_a_position_is_reached(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Neither closed nor all open."""
    await call(hass, SERVICE_SET_COVER_POSITION, CURTAIN, position=25)
    await shows(hass, CURTAIN, "open", within_s=120, current_position=25)


async def test_stop_leaves_it_where_it_is(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Half way."""
    await call(hass, SERVICE_OPEN_COVER, ROLLER)
    await asyncio.sleep(4)
    await call(hass, SERVICE_STOP_COVER, ROLLER)
    position = cloud.state(ROLLER_ID, "1")["position"]
    assert isinstance(position, int | float)
    assert 0 < position < 100
    await shows(hass, ROLLER, "open", current_position=round(position))
    await asyncio.sleep(60)
    await shows(hass, ROLLER, "open", current_position=round(position))


@pytest.mark.parametrize(
    ("service", "data", "tilt"),
    [
        (SERVICE_OPEN_COVER_TILT, {}, 100),
        (SERVICE_CLOSE_COVER_TILT, {}, 0),
        (SERVICE_SET_COVER_TILT_POSITION, {"tilt_position": 30}, 30),
    ],
)
async def test_slats_turn(
    hass: HomeAssistant, entry: ConfigEntry, service: str, data: dict[str, object], tilt: int
) -> None:
    """All the way, or to an angle."""
    await call(hass, service, BLIND, **data)
    await shows(hass, BLIND, "open", within_s=60, current_tilt_position=tilt)


async def test_stopping_the_slats_ends_the_move_too(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """There is one stop."""
    await call(hass, SERVICE_CLOSE_COVER, BLIND)
    await asyncio.sleep(2)
    await call(hass, SERVICE_STOP_COVER_TILT, BLIND)
    await shows(hass, BLIND, "open")
    assert cloud.state(BLIND_ID, "1")["motion"] == "stopped"


async def test_a_curtain_that_cannot_tell_shows_no_position(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """It opens and closes all the same."""
    await shows(hass, BLINDFOLDED, "closed", current_position=None)
    await call(hass, SERVICE_OPEN_COVER, BLINDFOLDED)
    await shows(hass, BLINDFOLDED, "open", within_s=120, current_position=None)


async def test_a_cover_of_unknown_position_is_unknown(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Neither open nor closed."""
    cloud.touch(ROLLER_ID, "1", position=None)
    await shows(hass, ROLLER, "unknown")


async def test_a_curtain_moves_at_once_in_the_eyes_of_its_user(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The answer is enough, though the event is late; its position is never pretended."""
    await asyncio.sleep(1)
    cloud.mute(True)
    await call(hass, SERVICE_OPEN_COVER, ROLLER)
    await shows(hass, ROLLER, "opening", within_s=0.1, current_position=0)
    cloud.mute(False)


async def test_a_curtain_that_is_called_back_shows_that_it_turns_round(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also before the cloud has said that it has left."""
    await asyncio.sleep(1)
    cloud.mute(True)
    await call(hass, SERVICE_OPEN_COVER, ROLLER)
    assert hass.states.is_state(ROLLER, "opening")
    await asyncio.sleep(4)
    await call(hass, SERVICE_CLOSE_COVER, ROLLER)
    assert hass.states.is_state(ROLLER, "closing")
    cloud.mute(False)
    await shows(hass, ROLLER, "closed", current_position=0)


# Mounted the wrong way round


async def reverse(hass: HomeAssistant, entry: ConfigEntry, *entity_ids: str) -> None:
    """Say in the options which curtains are mounted the wrong way round."""
    found = [er.async_get(hass).async_get(entity_id) for entity_id in entity_ids]
    await configure(hass, entry, **{CONF_REVERSED_COVERS: [entity.unique_id for entity in found if entity]})


async def test_a_reversed_curtain_is_shown_as_its_owner_sees_it(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """It alone, and until it is turned back."""
    await reverse(hass, entry, ROLLER, BLINDFOLDED)
    await shows(hass, ROLLER, "open", current_position=100)
    await shows(hass, BLINDFOLDED, "open", current_position=None)
    await shows(hass, CURTAIN, "open", current_position=80)
    await reverse(hass, entry)
    await shows(hass, ROLLER, "closed", current_position=0)
    await shows(hass, BLINDFOLDED, "closed", current_position=None)


async def test_commands_for_a_reversed_curtain_reach_the_cloud_the_other_way_round(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What is shown agrees with what was asked for, all the way."""
    await reverse(hass, entry, ROLLER)
    await call(hass, SERVICE_CLOSE_COVER, ROLLER)
    await shows(hass, ROLLER, "closing", within_s=0.1)
    assert cloud.state(ROLLER_ID, "1")["motion"] == "opening"
    await shows(hass, ROLLER, "closed", within_s=120, current_position=0)
    assert cloud.state(ROLLER_ID, "1")["position"] == 100
    await call(hass, SERVICE_SET_COVER_POSITION, ROLLER, position=30)
    await shows(hass, ROLLER, "opening", within_s=0.1)
    await shows(hass, ROLLER, "open", within_s=120, current_position=30)
    assert cloud.state(ROLLER_ID, "1")["position"] == 70
    await call(hass, SERVICE_OPEN_COVER, ROLLER)
    await asyncio.sleep(4)
    await call(hass, SERVICE_STOP_COVER, ROLLER)
    position = cloud.state(ROLLER_ID, "1")["position"]
    assert isinstance(position, int | float)
    assert 0 < position < 70
    await shows(hass, ROLLER, "open", current_position=100 - round(position))


@pytest.mark.parametrize(
    ("service", "data", "tilt"),
    [
        (SERVICE_OPEN_COVER_TILT, {}, 0),
        (SERVICE_CLOSE_COVER_TILT, {}, 100),
        (SERVICE_SET_COVER_TILT_POSITION, {"tilt_position": 30}, 70),
    ],
)
async def test_the_slats_of_a_reversed_blind_turn_the_other_way(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, service: str, data: dict[str, object], tilt: int
) -> None:
    """Together with the rest of it."""
    await reverse(hass, entry, BLIND)
    await shows(hass, BLIND, "closed", current_position=0, current_tilt_position=50)
    await call(hass, service, BLIND, **data)
    await shows(hass, BLIND, "closed", within_s=60, current_tilt_position=100 - tilt)
    assert cloud.state(BLIND_ID, "1")["tilt"] == tilt


async def test_a_reversed_curtain_moves_at_once_in_the_eyes_of_its_user(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """In the right direction, also before the cloud says so."""
    await reverse(hass, entry, ROLLER)
    await asyncio.sleep(1)
    cloud.mute(True)
    await call(hass, SERVICE_CLOSE_COVER, ROLLER)
    await shows(hass, ROLLER, "closing", within_s=0.1, current_position=100)
    cloud.mute(False)


async def test_a_curtain_stays_reversed_over_a_restart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And over a new name in the app."""
    await reverse(hass, entry, ROLLER)
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.update_device(ROLLER_ID, name="Rèm mới")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await shows(hass, ROLLER, "open", current_position=100, friendly_name="Rèm mới")


_PART = st.none() | st.integers(0, 100)


@given(position=_PART, tilt=_PART, motion=st.none() | st.sampled_from(Motion))
def test_a_curtain_inverted_twice_is_the_same(position: int | None, tilt: int | None, motion: Motion | None) -> None:
    """And inverted once, what is open in one sense is closed in the other."""
    state = CurtainState(position=position, tilt=tilt, motion=motion)
    once = inverted(state)
    assert inverted(once) == state
    assert (once.motion is Motion.OPENING, once.motion is Motion.CLOSING) == (
        motion is Motion.CLOSING,
        motion is Motion.OPENING,
    )
    for part, before in ((once.position, position), (once.tilt, tilt)):
        assert part is None if before is None else part is not None and part + before == 100

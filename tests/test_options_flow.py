"""An account's settings, as its owner changes them: what the form offers, and what it makes of Home Assistant."""

import asyncio

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.wesmart.const import CONF_POLL_INTERVAL, CONF_REVERSED_COVERS
from tests.accounts import OTHER, Person, choices, configure, suggested
from tests.home import shows
from tests.mock_cloud import MockCloud

ROLLER = "cover.phong_ngu_cua_be_rem_cuon_phong_be"
ROLLER_ID = "rem-phong-be"


async def opened(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the form of an account's settings."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "init")
    return flow


# The form


async def test_the_form_lists_every_curtain_by_name_and_room(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Nothing is picked at first."""
    flow = await opened(hass, entry)
    assert sorted(choices(flow, CONF_REVERSED_COVERS).values()) == [
        "Mái hiên ban công · Ban công",
        "Rèm cuốn phòng bé · Phòng ngủ của bé",
        "Rèm cửa sổ · Phòng ngủ",
        "Rèm phòng khách · Phòng khách (Nhà Hà Nội)",
        "Rèm phòng ngủ · Phòng ngủ chính",
    ]
    assert suggested(flow) == {CONF_REVERSED_COVERS: [], CONF_POLL_INTERVAL: 30}


async def test_the_form_calls_a_curtain_as_its_owner_does(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Where its owner has put it, too."""
    er.async_get(hass).async_update_entity(ROLLER, name="Rèm của Bống", area_id="ban_cong")
    assert "Rèm của Bống · Ban công" in choices(await opened(hass, entry), CONF_REVERSED_COVERS).values()
    er.async_get(hass).async_update_entity(ROLLER, name="Rèm của Bống", area_id=None)


@pytest.mark.parametrize("person", [OTHER])
async def test_an_account_without_curtains_is_not_asked_about_them(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, person: Person
) -> None:
    """The other settings are there."""
    for device_id in [device["id"] for device in cloud.snapshot(person.username)["homes"][0]["devices"]]:
        if any(endpoint["type"] == "curtain" for endpoint in cloud.device(device_id)["endpoints"]):
            cloud.remove_device(device_id)
    await asyncio.sleep(1)
    flow = await opened(hass, entry)
    assert suggested(flow) == {CONF_POLL_INTERVAL: 30}
    assert await configure(hass, entry, **{CONF_POLL_INTERVAL: 45}) == {
        CONF_POLL_INTERVAL: 45,
        CONF_REVERSED_COVERS: [],
    }


async def test_the_form_can_be_filled_in_while_the_cloud_is_gone(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What Home Assistant remembers of the curtains is enough."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.maintenance()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert len(choices(await opened(hass, entry), CONF_REVERSED_COVERS)) == 5
    cloud.end_maintenance()


# Reversed curtains: what they do then is in test_cover.py


async def test_a_reversed_curtain_that_is_gone_stays_reversed_when_it_comes_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Whatever is changed meanwhile."""
    entity = er.async_get(hass).async_get(ROLLER)
    assert entity is not None
    await configure(hass, entry, **{CONF_REVERSED_COVERS: [entity.unique_id]})
    device = {name: value for name, value in cloud.device(ROLLER_ID).items() if name != "home_id"}
    cloud.remove_device(ROLLER_ID)
    await asyncio.sleep(1)
    flow = await opened(hass, entry)
    assert entity.unique_id not in choices(flow, CONF_REVERSED_COVERS)
    assert suggested(flow)[CONF_REVERSED_COVERS] == []
    await configure(hass, entry, **{CONF_POLL_INTERVAL: 50})
    cloud.add_device("nha-ha-noi", device)
    await shows(hass, ROLLER, "open", within_s=1, current_position=100)


async def test_settings_that_stay_as_they_are_do_not_disturb(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Only a change reloads."""
    await configure(hass, entry)
    await asyncio.sleep(5)
    before = len(cloud.requests)
    await configure(hass, entry)
    await asyncio.sleep(5)
    assert len(cloud.requests) == before


# Polling


async def test_the_cloud_is_polled_as_often_as_its_owner_wants_while_push_is_down(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """From the moment on in which the form is closed."""
    cloud.rate_limit(7200, path="/v1/events")
    await configure(hass, entry, **{CONF_POLL_INTERVAL: 12})
    await asyncio.sleep(1)
    before = len(cloud.requests)
    await asyncio.sleep(1200)
    assert {request.path for request in cloud.requests[before:]} == {"/v1/snapshot"}
    assert len(cloud.requests) - before == 100


@pytest.mark.parametrize("seconds", [9, 61])
async def test_an_interval_that_would_hurt_is_refused(hass: HomeAssistant, entry: ConfigEntry, seconds: int) -> None:
    """The cloud by its number, or the truth: after ninety seconds without a word everything is unavailable."""
    with pytest.raises(InvalidData):
        await configure(hass, entry, **{CONF_POLL_INTERVAL: seconds})

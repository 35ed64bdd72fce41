"""A home that several accounts see: it is there once, each account says who has it, and it changes hands unharmed."""

import asyncio
from collections.abc import AsyncIterator
import logging

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest

from custom_components.wesmart.const import CONF_EXCLUDED_HOMES, CONF_HOMES
from tests.accounts import OTHER, OWNER, choices, configure, log_in, start_flow, submit, suggested
from tests.home import devices, shows
from tests.mock_cloud import MockCloud

HANOI = "nha-ha-noi"
DANANG = "nha-da-nang"
FLAT = "can-ho-my-dinh"
KITCHEN = "switch.bep_cong_tac_bep_den_tran"
PANEL = "cong-tac-bep"
GANG = "switch.hanh_lang_den_hanh_lang"
FRIDGE = "switch.bep_o_cam_tu_lanh"


@pytest.fixture
async def other(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> AsyncIterator[ConfigEntry]:
    """Return the entry of a second account, which sees a home of its own and one of the first account's."""
    cloud.share_home(HANOI, OTHER.username)
    other = await log_in(hass, cloud, OTHER)
    await asyncio.sleep(1)
    yield other
    if other.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(other.entry_id)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged that somebody would have to care about."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def entry_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the entry that an entity belongs to."""
    entity = er.async_get(hass).async_get(entity_id)
    return None if entity is None else entity.config_entry_id


async def taken_over(hass: HomeAssistant, cloud: MockCloud, other: ConfigEntry) -> None:
    """Make sure that the other account shows the home within a second, and that it works."""
    await asyncio.sleep(1)
    await shows(hass, KITCHEN, "off", within_s=2)
    assert entry_of(hass, KITCHEN) == other.entry_id
    assert "Công tắc bếp" in devices(hass, other)
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, "on", within_s=1)
    await hass.services.async_call("switch", "turn_off", {"entity_id": KITCHEN}, blocking=True)
    assert cloud.state(PANEL, "1")["on"] is False


# Who has a home


async def test_a_home_that_two_accounts_see_belongs_to_the_first(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The second is offered its own homes, and is told who has the other."""
    cloud.share_home(HANOI, OTHER.username)
    before = devices(hass, entry)
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "homes")
    assert choices(flow, CONF_HOMES) == {DANANG: "Nhà Đà Nẵng"}
    assert flow["description_placeholders"] is not None
    assert flow["description_placeholders"]["taken"] == f"Nhà Hà Nội ({OWNER.full_name})"
    flow = await submit(hass, flow, suggested(flow))
    await hass.async_block_till_done()
    other = flow["result"]
    assert (devices(hass, entry), entry_of(hass, KITCHEN)) == (before, entry.entry_id)
    assert devices(hass, other).keys() == {"Công tắc phòng khách", "Đèn bàn"}
    flow = await hass.config_entries.options.async_init(other.entry_id)
    assert choices(flow, CONF_HOMES) == {DANANG: "Nhà Đà Nẵng"}
    assert flow["description_placeholders"] is not None
    assert flow["description_placeholders"]["taken"] == f"Nhà Hà Nội ({OWNER.full_name})"
    assert complaints(caplog) == []
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_an_account_whose_homes_are_all_here_is_told_so_and_may_wait(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes over when the other goes."""
    cloud.remove_home(DANANG)
    cloud.share_home(HANOI, OTHER.username)
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "homes_taken")
    flow = await submit(hass, flow, {})
    await hass.async_block_till_done()
    other = flow["result"]
    assert (other.state, devices(hass, other)) == (ConfigEntryState.LOADED, {})
    assert await hass.config_entries.async_remove(entry.entry_id)
    await taken_over(hass, cloud, other)
    assert complaints(caplog) == []
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_home_that_is_shared_while_both_run_stays_where_it_is(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What happens in it is shown once."""
    cloud.share_home(FLAT, OTHER.username)
    await asyncio.sleep(1)
    cloud.touch("cong-tac-can-ho", "2", on=True)
    await shows(hass, "switch.phong_ngu_den_ngu", "on", within_s=1)
    assert entry_of(hass, "switch.phong_ngu_den_ngu") == entry.entry_id
    assert devices(hass, other).keys() == {"Công tắc phòng khách", "Đèn bàn"}
    assert complaints(caplog) == []


async def test_the_order_of_a_start_does_not_change_who_has_a_home(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """Nor that the first has trouble with the cloud meanwhile."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_reload(other.entry_id)
    await asyncio.sleep(5)
    assert devices(hass, other).keys() == {"Công tắc phòng khách", "Đèn bàn"}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await shows(hass, KITCHEN, "off", within_s=1)
    assert entry_of(hass, KITCHEN) == entry.entry_id


# How it changes hands


@pytest.mark.parametrize("way", ["removed", "disabled", "left out", "unshared"])
async def test_a_home_goes_to_the_other_account_at_once_when_the_first_does_not_show_it_any_more(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    other: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    way: str,
) -> None:
    """Entity ids, names and areas of the user's own, and with them the history, stay."""
    entities, registry = er.async_get(hass), dr.async_get(hass)
    ours = entities.async_update_entity(FRIDGE, new_entity_id="switch.tu_lanh", name="Tủ lạnh")
    assert ours.device_id is not None
    area = ar.async_get(hass).async_create("Kho")
    registry.async_update_device(ours.device_id, name_by_user="Ổ cắm của bà", area_id=area.id)
    gang = entities.async_get(GANG)
    assert gang is not None
    assert gang.device_id is not None
    registry.async_update_child_device(gang.device_id, name_by_user="Đèn của bà", area_id=area.id)
    before = {e.unique_id: (e.entity_id, e.id) for e in er.async_entries_for_config_entry(entities, entry.entry_id)}
    match way:
        case "removed":
            assert await hass.config_entries.async_remove(entry.entry_id)
        case "disabled":
            assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        case "left out":
            await configure(hass, entry, **{CONF_HOMES: [FLAT]})
        case "unshared":
            cloud.unshare_home(HANOI, OWNER.username)
    await taken_over(hass, cloud, other)
    await shows(hass, "switch.tu_lanh", "on", friendly_name="Tủ lạnh")
    moved = er.async_entries_for_config_entry(entities, other.entry_id)
    after = {e.unique_id: (e.entity_id, e.id) for e in moved if e.unique_id in before}
    assert len(after) > 30
    assert after.items() <= before.items()
    assert all(e.disabled_by is None for e in moved)
    device = registry.async_get(ours.device_id)
    assert isinstance(device, dr.DeviceEntry)
    assert (device.name_by_user, device.area_id) == ("Ổ cắm của bà", area.id)
    assert (device.config_entry_id, device.disabled_by) == (other.entry_id, None)
    gang = entities.async_get(GANG)
    assert gang is not None
    assert gang.device_id is not None
    child = registry.async_get(gang.device_id)
    assert isinstance(child, dr.ChildDeviceEntry)
    assert (child.name_by_user, child.area_id, child.disabled_by) == ("Đèn của bà", area.id, None)
    await shows(hass, GANG, "on", friendly_name="Đèn của bà")
    assert complaints(caplog) == []


async def test_an_account_that_comes_back_leaves_the_home_where_it_is_now(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """It has its other home again."""
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await taken_over(hass, cloud, other)
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await shows(hass, "switch.phong_ngu_den_ngu", "off", within_s=2)
    assert entry_of(hass, KITCHEN) == other.entry_id
    assert "Công tắc bếp" not in devices(hass, entry)
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert choices(flow, CONF_HOMES) == {FLAT: "Căn hộ Mỹ Đình"}
    assert complaints(caplog) == []


async def test_a_home_that_the_other_account_does_not_want_stays_away(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """Until it does."""
    hass.config_entries.async_update_entry(other, options={CONF_EXCLUDED_HOMES: [HANOI]})
    assert await hass.config_entries.async_reload(other.entry_id)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(120)
    assert devices(hass, other).keys() == {"Công tắc phòng khách", "Đèn bàn"}
    await configure(hass, other, **{CONF_HOMES: [DANANG, HANOI]})
    await taken_over(hass, cloud, other)


async def test_a_home_is_taken_over_later_where_the_other_account_could_not_at_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """The cloud was gone when the first was removed."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    port = cloud.port
    await cloud.stop()
    assert await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(300)
    await cloud.start(port=port)
    await asyncio.sleep(300)
    await taken_over(hass, cloud, other)


async def test_a_home_may_go_to_and_fro(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """As often as its owners like."""
    known = er.async_get(hass).async_get(KITCHEN)
    assert known is not None
    for _ in range(2):
        await configure(hass, entry, **{CONF_HOMES: [FLAT]})
        await taken_over(hass, cloud, other)
        cloud.unshare_home(HANOI, OTHER.username)
        await asyncio.sleep(1)
        assert hass.states.get(KITCHEN) is None
        await configure(hass, entry, **{CONF_HOMES: [FLAT, HANOI]})
        await shows(hass, KITCHEN, "off", within_s=2)
        assert entry_of(hass, KITCHEN) == entry.entry_id
        cloud.share_home(HANOI, OTHER.username)
        await asyncio.sleep(1)
    again = er.async_get(hass).async_get(KITCHEN)
    assert again is not None
    assert again.id == known.id
    assert complaints(caplog) == []

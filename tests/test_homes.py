"""A home that several accounts see: it is there once, each account says who has it, and it changes hands unharmed."""

import asyncio
from collections.abc import AsyncIterator
import logging
import random

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest

from custom_components.wesmart.const import CONF_EXCLUDED_HOMES, CONF_HOMES, DOMAIN
from tests.accounts import OTHER, OWNER, Person, choices, configure, log_in, start_flow, submit, suggested
from tests.home import device_of, devices, shown_name, shows
from tests.mock_cloud import MockCloud
from tests.repairs import TAKEN, comes, placeholders

pytestmark = pytest.mark.slow

HANOI = "nha-ha-noi"
DANANG = "nha-da-nang"
FLAT = "can-ho-my-dinh"
KITCHEN = "light.bep_den_tran"
PANEL = "cong-tac-bep"
GANG = "light.hanh_lang_den_hanh_lang"
# A device of each home, by a name that no other home has.
WITNESSES = {HANOI: "Công tắc bếp", DANANG: "Đèn bàn", FLAT: "Ổ cắm điều hòa"}
DANANG_DEVICES = {"WeSMART Nhà Đà Nẵng", "Công tắc phòng khách", "Đèn trần", "Đèn bàn"}
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
    await hass.services.async_call("light", "turn_off", {"entity_id": KITCHEN}, blocking=True)
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
    assert flow["description_placeholders"]["taken"] == "Nhà Hà Nội (WeSMART)"
    flow = await submit(hass, flow, suggested(flow))
    await hass.async_block_till_done()
    other = flow["result"]
    assert (devices(hass, entry), entry_of(hass, KITCHEN)) == (before, entry.entry_id)
    assert devices(hass, other).keys() == DANANG_DEVICES
    flow = await hass.config_entries.options.async_init(other.entry_id)
    assert choices(flow, CONF_HOMES) == {DANANG: "Nhà Đà Nẵng"}
    assert flow["description_placeholders"] is not None
    assert flow["description_placeholders"]["taken"] == "Nhà Hà Nội (WeSMART)"
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
    assert (other.state, [*devices(hass, other)]) == (ConfigEntryState.LOADED, ["WeSMART 2"])
    await comes(hass, TAKEN)
    assert placeholders(hass) == {"account": other.title, "taken": "Nhà Hà Nội (WeSMART)"}
    assert await hass.config_entries.async_remove(entry.entry_id)
    await taken_over(hass, cloud, other)
    await comes(hass)
    assert complaints(caplog) == []
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_an_account_that_loses_its_last_home_to_another_says_who_has_the_others(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """For as long as it has none of them; what its owner does not want is no loss."""
    await comes(hass)
    cloud.remove_home(DANANG)
    await comes(hass, TAKEN)
    assert await hass.config_entries.async_reload(other.entry_id)
    await comes(hass, TAKEN)
    cloud.share_home(FLAT, OTHER.username)
    await configure(hass, entry, **{CONF_HOMES: [HANOI]})
    await comes(hass)
    hass.config_entries.async_update_entry(other, options={CONF_EXCLUDED_HOMES: [HANOI, FLAT]})
    assert await hass.config_entries.async_reload(other.entry_id)
    await asyncio.sleep(1)
    await comes(hass)


async def test_a_home_that_is_shared_while_both_run_stays_where_it_is(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What happens in it is shown once."""
    cloud.share_home(FLAT, OTHER.username)
    await asyncio.sleep(1)
    cloud.touch("cong-tac-can-ho", "2", on=True)
    await shows(hass, "light.phong_ngu_den_ngu", "on", within_s=1)
    assert entry_of(hass, "light.phong_ngu_den_ngu") == entry.entry_id
    assert devices(hass, other).keys() == DANANG_DEVICES
    assert complaints(caplog) == []


async def test_the_order_of_a_start_does_not_change_who_has_a_home(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """Nor that the first has trouble with the cloud meanwhile."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_reload(other.entry_id)
    await asyncio.sleep(5)
    assert devices(hass, other).keys() == DANANG_DEVICES
    assert await hass.config_entries.async_setup(entry.entry_id)
    await shows(hass, KITCHEN, "off", within_s=1)
    assert entry_of(hass, KITCHEN) == entry.entry_id


# How it changes hands


@pytest.mark.parametrize("way", ["removed", "disabled", "excluded", "unshared"])
async def test_a_home_goes_to_the_other_account_at_once_when_the_first_does_not_show_it_any_more(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    other: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    way: str,
) -> None:
    """Entity ids and what the user made of the entities, and with them the history, stay."""
    entities = er.async_get(hass)
    entities.async_update_entity(FRIDGE, new_entity_id="switch.tu_lanh", name="Tủ lạnh")
    before = {e.unique_id: (e.entity_id, e.id) for e in er.async_entries_for_config_entry(entities, entry.entry_id)}
    match way:
        case "removed":
            assert await hass.config_entries.async_remove(entry.entry_id)
        case "disabled":
            assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        case "excluded":
            await configure(hass, entry, **{CONF_HOMES: [FLAT]})
        case "unshared":
            cloud.unshare_home(HANOI, OWNER.username)
    await taken_over(hass, cloud, other)
    await shows(hass, "switch.tu_lanh", "on", friendly_name=shown_name(hass, "switch.tu_lanh", "Tủ lạnh"))
    moved = er.async_entries_for_config_entry(entities, other.entry_id)
    after = {e.unique_id: (e.entity_id, e.id) for e in moved if e.unique_id in before}
    assert len(after) > 30
    assert after.items() <= before.items()
    assert {e.disabled_by for e in moved} == {None, er.RegistryEntryDisabler.INTEGRATION}
    assert complaints(caplog) == []


async def test_a_home_that_is_left_out_while_nobody_has_push_changes_hands(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """With what happened in it meanwhile, which neither account had heard of."""
    cloud.rate_limit(600, 1000, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(1)
    cloud.remove_device("o-cam-tivi")
    cloud.rename_room(HANOI, "bep", "Gian bếp")
    cloud.touch(PANEL, "1", on=True)
    await configure(hass, entry, **{CONF_HOMES: [FLAT]})
    await shows(hass, KITCHEN, "on", within_s=60)
    assert entry_of(hass, KITCHEN) == other.entry_id
    assert "Công tắc bếp" in devices(hass, other)
    assert "Công tắc bếp" not in devices(hass, entry)
    assert "Ổ cắm tivi" not in devices(hass, other)
    assert complaints(caplog) == []
    cloud.forgive()


async def test_devices_of_an_account_that_is_removed_keep_their_names_and_areas(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """Home Assistant restores those of its owner."""
    registry = dr.async_get(hass)
    fridge, gang = device_of(hass, FRIDGE), device_of(hass, GANG)
    area = ar.async_get(hass).async_create("Kho")
    registry.async_update_device(fridge.id, name_by_user="Ổ cắm của bà", area_id=area.id)
    registry.async_update_child_device(gang.id, name_by_user="Đèn của bà", area_id=area.id)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await taken_over(hass, cloud, other)
    for entity_id, device, name in ((FRIDGE, fridge, "Ổ cắm của bà"), (GANG, gang, "Đèn của bà")):
        again = device_of(hass, entity_id)
        assert (again.id, again.name_by_user, again.area_id) == (device.id, name, area.id)
        assert (again.config_entry_id, again.disabled_by) == (other.entry_id, None)


async def test_an_account_that_comes_back_leaves_the_home_where_it_is_now(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """It has its other home again."""
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await taken_over(hass, cloud, other)
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await shows(hass, "light.phong_ngu_den_ngu", "off", within_s=2)
    assert entry_of(hass, KITCHEN) == other.entry_id
    assert "Công tắc bếp" not in devices(hass, entry)
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert choices(flow, CONF_HOMES) == {FLAT: "Căn hộ Mỹ Đình"}
    assert complaints(caplog) == []


async def test_a_home_of_an_account_that_is_disabled_may_be_shared_later(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Its entities are those that its user knows."""
    entities = er.async_get(hass)
    lamp = entities.async_update_entity("light.phong_khach_nha_da_nang_den_ban", new_entity_id="light.hoc", name="Học")
    assert await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    cloud.share_home(DANANG, OWNER.username)
    await asyncio.sleep(1)
    await shows(hass, "light.hoc", "off", friendly_name=shown_name(hass, "light.hoc", "Học"))
    known = entities.async_get("light.hoc")
    assert known is not None
    assert (known.id, known.config_entry_id, known.disabled_by) == (lamp.id, entry.entry_id, None)
    assert devices(hass, other).keys() == {other.title}
    assert complaints(caplog) == []


async def test_a_device_that_moves_to_a_home_of_another_account_goes_there(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """With what its user made of it, also while its old account is not loaded: unique IDs never collide."""
    er.async_get(hass).async_update_entity(FRIDGE, new_entity_id="switch.tu_lanh")
    assert await hass.config_entries.async_unload(entry.entry_id)
    fridge = {name: value for name, value in cloud.device("o-cam-tu-lanh").items() if name != "home_id"}
    cloud.remove_device("o-cam-tu-lanh")
    cloud.add_device(DANANG, {**fridge, "room_id": None})
    await shows(hass, "switch.tu_lanh", "on", within_s=1)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(1)
    assert entry_of(hass, "switch.tu_lanh") == other.entry_id
    await shows(hass, "switch.tu_lanh", "on")
    assert complaints(caplog) == []


async def test_a_home_that_the_other_account_does_not_want_stays_away(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, other: ConfigEntry
) -> None:
    """Until it does."""
    hass.config_entries.async_update_entry(other, options={CONF_EXCLUDED_HOMES: [HANOI]})
    assert await hass.config_entries.async_reload(other.entry_id)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(120)
    assert devices(hass, other).keys() == DANANG_DEVICES
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


# Everything at random


class Household:
    """Two accounts that see some of three homes, and what their owners and the cloud do to that."""

    def __init__(self, hass: HomeAssistant, cloud: MockCloud, entries: dict[str, ConfigEntry]) -> None:
        """Begin with these entries, by the name of their person."""
        self.hass = hass
        self.cloud = cloud
        self.entries = entries
        self.holders: dict[str, str] = {}

    def sees(self, person: Person) -> set[str]:
        """Return the homes that an account sees in the cloud."""
        homes = self.cloud.snapshot(person.username)["homes"]
        assert isinstance(homes, list)
        return {home["id"] for home in homes}

    def wants(self, person: Person) -> set[str]:
        """Return the homes that an account would show if it were alone."""
        entry = self.entries[person.username]
        if entry.state is not ConfigEntryState.LOADED:
            return set()
        return self.sees(person) - set(entry.options[CONF_EXCLUDED_HOMES])

    def shows(self, person: Person) -> set[str]:
        """Return the homes whose devices an account has in the registry."""
        entry = self.entries[person.username]
        if entry.disabled_by is not None:
            return set()
        names = devices(self.hass, entry).keys()
        return {home for home, device in WITNESSES.items() if device in names}

    async def happen(self, choose: random.Random) -> str:
        """Let something happen; return what."""
        person, home = choose.choice((OWNER, OTHER)), choose.choice(sorted(WITNESSES))
        entry = self.entries[person.username]
        match choose.choice(("share", "choose", "choose", "disable", "reload", "replace")):
            case "share" if home in self.sees(person):
                self.cloud.unshare_home(home, person.username)
                return f"{home} is not shared with {person.full_name} any more"
            case "share":
                self.cloud.share_home(home, person.username)
                return f"{home} is shared with {person.full_name}"
            case "choose" if entry.state is ConfigEntryState.LOADED:
                flow = await self.hass.config_entries.options.async_init(entry.entry_id)
                fields = suggested(flow)
                if CONF_HOMES in fields:
                    fields[CONF_HOMES] = [free for free in choices(flow, CONF_HOMES) if choose.random() < 0.6]
                await self.hass.config_entries.options.async_configure(flow["flow_id"], fields)
                return f"{person.full_name} chooses {fields}"
            case "disable":
                by = None if entry.disabled_by else ConfigEntryDisabler.USER
                await self.hass.config_entries.async_set_disabled_by(entry.entry_id, by)
                return f"{person.full_name} is disabled by {by}"
            case "replace":
                await self.hass.config_entries.async_remove(entry.entry_id)
                self.entries[person.username] = await log_in(self.hass, self.cloud, person)
                # The other may have taken over what was free for a moment.
                self.holders = {home: name for home, name in self.holders.items() if name != person.username}
                return f"{person.full_name} is removed and added again"
        if entry.state is ConfigEntryState.LOADED:
            await self.hass.config_entries.async_reload(entry.entry_id)
        return f"{person.full_name} is reloaded"

    def check(self) -> None:
        """Each home that somebody wants is there once, where it was if it can stay there."""
        people = {person.username: person for person in (OWNER, OTHER)}
        for home in WITNESSES:
            wanting = {name for name, person in people.items() if home in self.wants(person)}
            showing = {name for name, person in people.items() if home in self.shows(person)}
            assert len(showing) == min(len(wanting), 1), (home, wanting, showing)
            assert showing <= wanting, (home, wanting, showing)
            if (before := self.holders.get(home)) in wanting:
                assert showing == {before}, home
            self.holders[home] = next(iter(showing), "")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_a_home_is_there_once_and_stays_where_it_is(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    other: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    """Forty things happen to two accounts and three homes, in an order that the seed says."""
    household = Household(hass, cloud, {OWNER.username: entry, OTHER.username: other})
    choose = random.Random(seed)
    entities = er.async_get(hass)
    known: dict[str, str] = {}
    story = []
    for _ in range(40):
        story.append(await household.happen(choose))
        await hass.async_block_till_done()
        await asyncio.sleep(2)
        try:
            household.check()
        except AssertionError as err:
            raise AssertionError("\n".join([*story, str(err)])) from err
        now = {e.unique_id: e.entity_id for e in entities.entities.values() if e.platform == DOMAIN}
        assert now == {**now, **{unique_id: known[unique_id] for unique_id in now.keys() & known.keys()}}, story
        known |= now
        assert complaints(caplog) == [], story
    for running in household.entries.values():
        if running.state is ConfigEntryState.LOADED:
            assert await hass.config_entries.async_unload(running.entry_id)

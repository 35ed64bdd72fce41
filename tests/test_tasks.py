"""How much runs for an account: one task, one more while a command is on its way, and few calls for a pushed state."""

import asyncio
import sys
from types import CodeType, FrameType

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
import pytest

from tests.home import shows
from tests.mock_cloud import Freedoms, MockCloud

PANEL = "cong-tac-bep"
SWITCH = "light.bep_den_tran"
LIGHT = "light.bep_den_tu_bep"
OURS = "custom_components/wesmart/"


def our_tasks() -> list[str]:
    """Return the tasks whose coroutine is the integration's."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    codes = [getattr(coroutine, "cr_code", None) for coroutine in coroutines]
    return sorted(code.co_qualname for code in codes if isinstance(code, CodeType) and OURS in code.co_filename)


class Calls:
    """The integration's functions that are called until another one is."""

    def __init__(self, until: CodeType) -> None:
        self.names: list[str] = []
        self._until = until

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        """Note a call; a profile function of `sys`."""
        if event != "call":
            return
        if frame.f_code is self._until:
            sys.setprofile(None)
        elif OURS in frame.f_code.co_filename:
            self.names.append(frame.f_code.co_qualname)


async def test_an_idle_account_has_one_task(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """It follows the event stream. Home Assistant polls."""
    await asyncio.sleep(60)
    assert our_tasks() == ["WeSmartCoordinator._async_follow"]


async def test_a_command_on_its_way_is_one_task_more(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """However many commands there are."""
    await asyncio.sleep(60)
    cloud.latency = 1
    switches = hass.states.async_entity_ids("switch")
    calls = [hass.services.async_call("switch", "turn_on", {ATTR_ENTITY_ID: one}, blocking=True) for one in switches]
    sending = asyncio.gather(*calls)
    await asyncio.sleep(0.5)
    # Home Assistant's own tasks wait in the entities' methods.
    tasks = [name for name in our_tasks() if not name.endswith("async_turn_on")]
    assert tasks == ["CommandQueue._work", "WeSmartCoordinator._async_follow"]
    await sending
    assert our_tasks() == ["WeSmartCoordinator._async_follow"]


async def test_a_pushed_state_takes_ten_calls(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """From the socket to Home Assistant's `async_write_ha_state`; docs/architecture.md lists them."""
    cloud.meters_report = False
    cloud._core.freedoms = Freedoms.off()  # a server that spells numbers as usual
    await asyncio.sleep(60)
    calls = Calls(Entity.async_write_ha_state.__code__)
    cloud.touch(PANEL, "1", on=True)
    sys.setprofile(calls)
    try:
        await shows(hass, SWITCH, "on", within_s=1)
    finally:
        sys.setprofile(None)
    walk = calls.names[calls.names.index("EventStream.receive") :]
    assert walk[-1] == "WeSmartEndpointEntity._handle_coordinator_update"
    assert len(walk) <= 10, walk


async def test_a_call_takes_ten_calls(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """From the entity to the HTTP request; docs/architecture.md lists them."""
    cloud.meters_report = False
    await asyncio.sleep(60)
    calls = Calls(ClientSession._request.__code__)
    sys.setprofile(calls)
    try:
        await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: LIGHT, "brightness": 30}, blocking=True)
    finally:
        sys.setprofile(None)
    hops = iter(calls.names)
    assert all(hop in hops for hop in HOPS), calls.names


HOPS = (
    "WeSmartLight.async_turn_on",
    "WeSmartEntity._async_execute",
    "WeSmartCoordinator.async_execute",
    "CommandQueue.execute",
    "CommandQueue._work",
    "CommandQueue._send_request",
    "WeSmartClient.send_commands",
    "WeSmartClient._request",
    "HttpClient.request",
    "HttpClient._send",
)


@pytest.fixture(autouse=True)
def no_profile() -> None:
    """Fail if another profile function runs already, such as a profiler's."""
    assert sys.getprofile() is None

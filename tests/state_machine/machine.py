"""What people, things, the weather and the vendor do to a house, at random; after each step the promises are held.

A failing example is printed as Python, from `state = HomeMachine()` to `state.teardown()`: as the body of a test in
`test_machine.py` it fails in the same way.
"""

import asyncio
from collections.abc import Callable
import inspect

from homeassistant.config_entries import ConfigEntryState
from hypothesis import strategies as st
from hypothesis.stateful import RULE_MARKER, rule

from tests.accounts import OWNER
from tests.mock_cloud import MockCloud
from tests.state_machine.day import BUTTON, DEVICES, Day
from tests.state_machine.fields import Thing, Value

SWITCHES = [("cong-tac", "1"), ("cong-tac", "2"), ("o-cam", "1")]
LIGHTS = [("den-mau", "1"), ("den-ngu", "1")]
COLORED = LIGHTS[0]
BLIND, ROLLER = ("rem", "1"), ("man", "1")

_WAITS = [0.001, 0.05, 0.3, 1, 4, 11, 25, 45, 100, 700, 4000]
_PATHS = [None, "/v1/events", "/v1/snapshot", "/v1/commands"]
_GAPS = [0.002, 0.05, 0.4, 2]
_levels = st.integers(1, 100)


class HomeMachine(Day):
    """A house, and all that happens to it."""

    # At the wall

    @rule(thing=st.sampled_from(SWITCHES), on=st.booleans())
    def touch_switch(self, thing: Thing, on: bool) -> None:
        """Somebody switches by hand."""
        self._touch(thing, on=on)

    @rule(thing=st.sampled_from(LIGHTS), on=st.booleans(), brightness=_levels)
    def touch_light(self, thing: Thing, on: bool, brightness: int) -> None:
        """Somebody dims by hand."""
        self._touch(thing, on=on, brightness=brightness)

    @rule(thing=st.sampled_from(LIGHTS), levels=st.lists(_levels, min_size=2, max_size=6), gap=st.sampled_from(_GAPS))
    def slide_by_hand(self, thing: Thing, levels: list[int], gap: float) -> None:
        """Somebody dims by hand, and takes some time for it."""
        for level in levels:
            self._touch(thing, brightness=level)
            self._do(asyncio.sleep(gap))

    @rule(color=st.sampled_from([{"color_temp_kelvin": 4000}, {"hue": 120, "saturation": 50}, {"effect": "Nến"}]))
    def touch_color(self, color: dict[str, Value]) -> None:
        """Somebody changes the color by hand."""
        self._touch(COLORED, **color)

    @rule(position=st.integers(0, 100), tilt=st.integers(0, 100))
    def touch_blind(self, position: int, tilt: int) -> None:
        """Somebody pulls at the blind."""
        self._touch(BLIND, position=position, tilt=tilt)

    @rule(press=st.sampled_from(["single", "double", "long"]))
    def press(self, press: str) -> None:
        """Somebody presses the button."""
        if self._is_there(BUTTON[0]):
            self._do(lambda: self.house.cloud.press(*BUTTON, press))

    # In Home Assistant

    @rule(things=st.lists(st.sampled_from([*SWITCHES, *LIGHTS]), min_size=1, unique=True), on=st.booleans())
    def switch(self, things: list[Thing], on: bool) -> None:
        """Somebody switches some things at once."""
        self._call("homeassistant", "turn_on" if on else "turn_off", things, {"on": on})

    @rule(thing=st.sampled_from(LIGHTS), level=_levels, transition=st.sampled_from([0, 0, 2]))
    def dim(self, thing: Thing, level: int, transition: int) -> None:
        """Somebody dims a light, slowly or at once."""
        self._dim(thing, level, transition)

    @rule(thing=st.sampled_from(LIGHTS), levels=st.lists(_levels, min_size=2, max_size=8), gap=st.sampled_from(_GAPS))
    def slide(self, thing: Thing, levels: list[int], gap: float) -> None:
        """Somebody drags a slider."""
        for level in levels:
            self._dim(thing, level)
            self._do(asyncio.sleep(gap))

    @rule(
        color=st.sampled_from(
            [{"color_temp_kelvin": 3000}, {"hue": 240, "saturation": 80}, {"effect": "Nến"}, {"effect": None}]
        )
    )
    def color(self, color: dict[str, Value]) -> None:
        """Somebody changes a light's color."""
        data: dict[str, object] = {**color}
        if "hue" in color:
            data = {"hs_color": (color["hue"], color["saturation"])}
        elif color == {"effect": None}:
            data = {"effect": "off"}
        self._call("light", "turn_on", [COLORED], {"on": True, **color}, data)

    @rule(thing=st.sampled_from([BLIND, ROLLER]), position=st.sampled_from([0, 100]))
    def open_or_close(self, thing: Thing, position: int) -> None:
        """Somebody opens or closes a curtain."""
        self._call("cover", "open_cover" if position else "close_cover", [thing], {"position": position})

    @rule(position=st.integers(0, 100))
    def move(self, position: int) -> None:
        """Somebody moves the blind."""
        self._call("cover", "set_cover_position", [BLIND], {"position": position}, {"position": position})

    @rule(tilt=st.integers(0, 100))
    def tilt(self, tilt: int) -> None:
        """Somebody turns the slats."""
        self._call("cover", "set_cover_tilt_position", [BLIND], {"tilt": tilt}, {"tilt_position": tilt})

    @rule(thing=st.sampled_from([BLIND, ROLLER]))
    def stop(self, thing: Thing) -> None:
        """Somebody stops a curtain."""
        self._call("cover", "stop_cover", [thing], {"stop": True})

    @rule(thing=st.sampled_from([*SWITCHES, *LIGHTS]))
    def update(self, thing: Thing) -> None:
        """Somebody wants to know."""
        self._call("homeassistant", "update_entity", [thing], {})

    @rule(seconds=st.sampled_from([1, 30, 120]))
    def restart_home_assistant(self, seconds: int) -> None:
        """Home Assistant is away for a while."""
        if self.house.entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY}:
            self._do(self._restart(seconds))

    # On the way

    @rule(seconds=st.sampled_from(_WAITS))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self._do(asyncio.sleep(seconds))

    @rule(n=st.integers(1, 3))
    def drop(self, n: int) -> None:
        """Events get lost."""
        self._do(lambda: self.house.cloud.drop_next(n))

    @rule(n=st.integers(1, 3), apart=st.sampled_from([0, 0.03, 5]))
    def double(self, n: int, apart: float) -> None:
        """Events come twice."""
        self._do(lambda: self.house.cloud.double_next(n, apart))

    @rule(n=st.integers(2, 4))
    def reorder(self, n: int) -> None:
        """Events come in the opposite order."""
        self._do(lambda: self.house.cloud.reorder_next(n))

    @rule(n=st.integers(1, 3), seconds=st.sampled_from([0.05, 2, 15]))
    def delay(self, n: int, seconds: float) -> None:
        """Events come late."""
        self._do(lambda: self.house.cloud.delay_next(n, seconds))

    @rule(
        thing=st.sampled_from(LIGHTS),
        levels=st.lists(_levels, min_size=1, max_size=3),
        seconds=st.sampled_from([0.1, 3]),
    )
    def overtake(self, thing: Thing, levels: list[int], seconds: float) -> None:
        """Somebody dims by hand while an answer is on its way that does not know of it."""
        self.slow_down(seconds)
        self.update(thing)
        self.slide_by_hand(thing, levels, 0.01)
        self.wait(seconds)

    @rule(
        how=st.sampled_from(["silence", "darkness", "no push"]),
        press=st.sampled_from(["single", "long"]),
        on=st.booleans(),
        seconds=st.sampled_from([3, 15, 60, 130]),
    )
    def outage(self, how: str, press: str, on: bool, seconds: int) -> None:
        """Things happen while the cloud cannot say so."""
        match how:
            case "silence":
                self.mute(True)
            case "darkness":
                self.power(False)
            case _:
                self.limit(5, "/v1/events")
                self.cut()
        self.press(press)
        self.touch_switch(SWITCHES[0], on)
        self.wait(seconds)
        self.heal()

    @rule(seconds=st.sampled_from([0, 0.02, 0.7, 4, 12]))
    def slow_down(self, seconds: float) -> None:
        """Answers come late."""
        self._do(lambda: setattr(self.house.cloud, "latency", seconds))

    @rule(n=st.integers(1, 2))
    def lose_answers(self, n: int) -> None:
        """Answers get lost, but not what they tell of."""
        self._do(lambda: self.house.cloud.lose_answers(n))

    @rule()
    def cut(self) -> None:
        """The line breaks."""
        self._do(self.house.cloud.cut)

    @rule(muted=st.booleans())
    def mute(self, muted: bool) -> None:
        """The stream's socket is open, and nothing comes."""
        self._do(lambda: self.house.cloud.mute(muted))

    @rule()
    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._do(self._heal())

    # In the data centre

    @rule(powered=st.booleans())
    def power(self, powered: bool) -> None:
        """The server goes down, or comes back as it was."""
        self._do(self._power(powered))

    @rule(seconds=st.sampled_from([0, 20]), path=st.sampled_from(_PATHS))
    def limit(self, seconds: int, path: str | None) -> None:
        """The cloud has had enough for a moment."""
        self._do(lambda: self.house.cloud.rate_limit(seconds, count=3, path=path))

    @rule(seconds=st.sampled_from([2, 60]))
    def maintain(self, seconds: int) -> None:
        """The cloud is in maintenance."""
        self._do(lambda: self.house.cloud.maintenance(retry_after=seconds))

    @rule()
    def forget_history(self) -> None:
        """The cloud loses what happened, but not what is."""
        self._do(self.house.cloud.forget_history)

    @rule()
    def new_epoch(self) -> None:
        """The cloud counts anew."""
        self._do(self.house.cloud.new_epoch)

    @rule()
    def back_up(self) -> None:
        """Somebody makes a backup."""
        self._backup = self.house.cloud.back_up()

    @rule()
    def restore(self) -> None:
        """The backup is restored."""
        if self._backup is not None:
            self._disturb(*DEVICES)
            backup = self._backup

            def restored() -> None:
                self.house.cloud.restore(backup)
                self._truth.look()

            self._do(lambda: self._by_hand(restored))

    # In the app

    @rule(device=st.sampled_from(DEVICES), online=st.booleans())
    def connect(self, device: str, online: bool) -> None:
        """A device goes offline, or comes back."""
        if self._is_there(device):
            self._do(lambda: self.house.cloud.set_online(device, online))
            self._disturb(device)

    @rule(device=st.sampled_from(DEVICES), name=st.sampled_from(["Một", "Hai"]), room=st.sampled_from(["khach", None]))
    def describe(self, device: str, name: str, room: str | None) -> None:
        """A device gets another name and another room."""
        if self._is_there(device):
            self._do(lambda: self.house.cloud.update_device(device, name=name, room_id=room, firmware=name))

    @rule(device=st.sampled_from(DEVICES))
    def remove(self, device: str) -> None:
        """A device is removed, or comes back if it was."""
        if self._is_there(device):
            document = self._as_added(device)
            self._gone[device] = (self.house.cloud.device(device)["home_id"], document)
            self._do(lambda: self.house.cloud.remove_device(device))
        elif device in self._gone:
            home_id, document = self._gone[device]
            if home_id in self._homes():
                self._do(lambda: self.house.cloud.add_device(home_id, document))
        self._disturb(device)

    @rule()
    def move_out(self) -> None:
        """The second home is removed, or comes back if it was."""
        if home := self._homes().get("can-ho"):
            devices = [self._as_added(device["id"]) for device in home["devices"]]
            self._gone["can-ho"] = ("", {**home, "devices": devices})
            self._do(lambda: self.house.cloud.remove_home("can-ho"))
        elif "can-ho" in self._gone:
            _, home = self._gone["can-ho"]
            self._do(lambda: self.house.cloud.add_home(OWNER.username, home))
        self._disturb("o-cam", "man")

    @rule(name=st.sampled_from(["Phòng khách", "Phòng làm việc"]))
    def rename_room(self, name: str) -> None:
        """A room gets another name."""
        self._do(lambda: self.house.cloud.rename_room("nha", "khach", name))

    # What must be so in the end

    @rule()
    def rest(self) -> None:
        """Everything comes to rest: then Home Assistant shows what the cloud holds."""
        self._do(self._rest())

    @rule()
    def rest_without_push(self) -> None:
        """The same, where only the stream does not work."""
        self._do(self._rest_without_push())


def limited(rules: set[str], break_cloud: Callable[[MockCloud], None]) -> type[HomeMachine]:
    """Return a machine to which nothing else happens than by these rules, and whose cloud breaks the contract."""
    others: dict[str, object] = {
        name: found.function
        for name, member in inspect.getmembers(HomeMachine)
        if (found := getattr(member, RULE_MARKER, None)) and name not in rules
    }
    # The name is what a failure prints.
    return type("HomeMachine", (HomeMachine,), others | {"break_cloud": staticmethod(break_cloud)})

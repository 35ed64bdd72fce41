"""What people, things, the weather and the vendor do to a house, at random; after each step the promises are held.

A failing example is printed as Python, from `state = HomeMachine()` to `state.teardown()`: as the body of a test in
`test_machine.py` it fails in the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from hypothesis import strategies as st
from hypothesis.stateful import RULE_MARKER, RuleBasedStateMachine, initialize, rule

from tests.accounts import OWNER
from tests.mock_cloud import MockCloud
from tests.mock_cloud.model import World
from tests.mock_cloud.wire import Document
from tests.state_machine.calls import Call, Calls
from tests.state_machine.fields import Thing, Value
from tests.state_machine.house import House
from tests.state_machine.truth import Truth
from tests.state_machine.witness import Witness

SWITCHES = [("cong-tac", "1"), ("cong-tac", "2"), ("o-cam", "1")]
LIGHTS = [("den-mau", "1"), ("den-ngu", "1")]
COLORED = LIGHTS[0]
BLIND, ROLLER = ("rem", "1"), ("man", "1")
BUTTON = ("nut", "1")
DEVICES = ["cong-tac", "den-mau", "den-ngu", "rem", "nut", "o-cam", "man"]

# How long a step is waited for before the next one: hardly, or longer than a frame is on its way.
_SETTLE_S = 0.01
# By then everything has come to rest, however unlucky: a wait that was asked for, and the longest backoff behind it.
_REST_S = 300
# The same without push, where the cloud is asked every 30 s.
_POLLED_S = 200

_WAITS = [0.001, 0.05, 0.3, 1, 4, 11, 25, 45, 100, 700, 4000]
_PATHS = [None, "/v1/events", "/v1/snapshot", "/v1/commands"]
_GAPS = [0.002, 0.05, 0.4, 2]
_levels = st.integers(1, 100)


class HomeMachine(RuleBasedStateMachine):
    """A house, and all that happens to it."""

    open_machines: list[HomeMachine] = []  # noqa: RUF012  # of all examples: an example that failed is closed by its test

    @staticmethod
    def break_cloud(cloud: MockCloud) -> None:
        """Let the cloud break the contract; this one does not."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self._violations: list[str] = []
        self._truth = Truth(lambda: self.house.now)
        self._witness = Witness(self.house, self._truth, self._violations)
        self._calls = Calls(self.house, self._truth, self._violations, self._witness.acknowledged)
        self._backup: World | None = None
        self._gone: dict[str, tuple[str, Document]] = {}
        self._powered = True

    @initialize(seed=st.none() | st.integers(0, 99), round_trip=st.sampled_from([0, 0.02, 0.3]))
    def opens(self, seed: int | None, round_trip: float) -> None:
        """Everything begins, with a cloud that takes these of the contract's freedoms, and is that far away."""
        self._round_trip = round_trip
        self.house.open(seed=seed, observer=self._truth)
        self.open_machines.append(self)
        self._truth.watch(self.house.cloud)
        self.break_cloud(self.house.cloud)
        self._do(self._log_in())

    async def _log_in(self) -> None:
        await self.house.log_in()
        self._witness.begin()

    def teardown(self) -> None:
        """Everything comes to rest, and to its end."""
        if self not in self.open_machines:
            return
        self.open_machines.remove(self)
        failed = bool(self._violations)
        try:
            if not failed:
                self._do(self._rest())
        finally:
            self._witness.end()
            with suppress(*[AssertionError] if failed or self._violations else []):
                self.house.close()

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

    async def _rest(self) -> None:
        await self._heal()
        await self._calls.answers()
        await asyncio.sleep(_REST_S)
        self._compare()
        self._violations.extend(self._calls.check_last())
        if self.house.cloud.streams != 1:
            self._violations.append(f"{self.house.cloud.streams} streams are open")
        if flows := self.house.hass.config_entries.flow.async_progress():
            self._violations.append(f"something is asked of the owner: {flows}")
        if self._is_there(BUTTON[0]) and self.house.cloud.device(BUTTON[0])["online"]:
            told = len(self._witness.told)
            self.house.cloud.press(*BUTTON, "single")
            await asyncio.sleep(1)
            if len(self._witness.told) != told + 1:
                self._violations.append("a press was not told")

    async def _rest_without_push(self) -> None:
        await self._heal()
        self.house.cloud.rate_limit(5, count=1000, path="/v1/events")
        self.house.cloud.cut()
        await self._calls.answers()
        await asyncio.sleep(_POLLED_S)
        self._compare()
        await self._heal()

    def _compare(self) -> None:
        if self.house.loaded:
            self._violations.extend(self._witness.check_all())
        else:
            self._violations.append(f"the account is not set up: {self.house.entry.state}")

    # How

    def _do(self, step: Awaitable[object] | Callable[[], object]) -> None:
        """Do a step, let it settle, and raise AssertionError for what is not as it should be."""

        async def done() -> None:
            if callable(step):
                step()
            else:
                await step
            await asyncio.sleep(_SETTLE_S)
            self._violations.extend(self._calls.check())
            self._violations.extend(self._witness.check())

        self.house.run(done())
        assert not self._violations, "\n".join(self._violations)

    def _touch(self, thing: Thing, **state: Value) -> None:
        device_id, endpoint_id = thing
        if self._is_there(device_id):
            self._do(lambda: self._by_hand(lambda: self.house.cloud.touch(device_id, endpoint_id, **state)))

    def _by_hand(self, step: Callable[[], None]) -> None:
        self._truth.by_hand = True
        try:
            step()
        finally:
            self._truth.by_hand = False

    def _dim(self, thing: Thing, level: int, transition: int = 0) -> None:
        brightness = max(1, round(level * 255 / 100))  # the device rounds to whole percents, which is the same again
        data: dict[str, object] = {"brightness": brightness}
        if transition:
            data["transition"] = transition
        fields = {"on": True, "brightness": round(brightness * 100 / 255, 2)}
        self._call("light", "turn_on", [thing], fields, data, fades=bool(transition))

    def _call(
        self,
        domain: str,
        service: str,
        things: Iterable[Thing],
        fields: Mapping[str, Value],
        data: Mapping[str, object] | None = None,
        *,
        fades: bool = False,
    ) -> None:
        """Call an action for those of the things that can be called."""
        entities = {}
        for thing in things:
            entity_id = self._witness.entity_id(*thing)
            state = self.house.hass.states.get(entity_id) if entity_id else None
            if state is not None and state.state != STATE_UNAVAILABLE:
                entities[thing] = state.entity_id
        if entities:
            call = Call(things=set(entities), fields=fields, started=self.house.now, fades=fades)
            target = {ATTR_ENTITY_ID: list(entities.values())}
            self._do(lambda: self._calls.start(domain, service, {**target, **(data or {})}, call))

    async def _restart(self, seconds: int) -> None:
        entries = self.house.hass.config_entries
        if not await entries.async_unload(self.house.entry.entry_id):
            self._violations.append("the account cannot be unloaded")
        await asyncio.sleep(seconds)
        await entries.async_setup(self.house.entry.entry_id)

    async def _power(self, powered: bool) -> None:
        if powered and not self._powered:
            await self.house.cloud.start(port=self.house.cloud.port)
        elif not powered:
            await self.house.cloud.stop()
            self._disturb(*DEVICES)
        self._powered = powered

    async def _heal(self) -> None:
        self.house.cloud.heal()
        self.house.cloud.latency = self._round_trip
        await self._power(True)

    def _disturb(self, *devices: str) -> None:
        """Take note that curtains of these may not reach what they were sent to."""
        self._calls.disturbed.update(dict.fromkeys(devices, self.house.now))

    def _is_there(self, device_id: str) -> bool:
        return any(device["id"] == device_id for home in self._homes().values() for device in home["devices"])

    def _homes(self) -> dict[str, Document]:
        return {home["id"]: home for home in self.house.cloud.snapshot(OWNER.username)["homes"]}

    def _as_added(self, device_id: str) -> Document:
        """Return a device as it would be written to add it."""
        return {name: value for name, value in self.house.cloud.device(device_id).items() if name != "home_id"}


def limited(rules: set[str], break_cloud: Callable[[MockCloud], None]) -> type[HomeMachine]:
    """Return a machine to which nothing else happens than by these rules, and whose cloud breaks the contract."""
    others: dict[str, object] = {
        name: found.function
        for name, member in vars(HomeMachine).items()
        if (found := getattr(member, RULE_MARKER, None)) and name not in rules
    }
    # The name is what a failure prints.
    return type("HomeMachine", (HomeMachine,), others | {"break_cloud": staticmethod(break_cloud)})

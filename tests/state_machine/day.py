"""A day in a house: it begins, its steps are done and judged, everything comes to rest, and it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from tests.accounts import OWNER
from tests.mock_cloud import MockCloud
from tests.mock_cloud.model import World
from tests.mock_cloud.wire import Document
from tests.state_machine.calls import Call, Calls
from tests.state_machine.fields import Thing, Value
from tests.state_machine.house import House
from tests.state_machine.truth import Truth
from tests.state_machine.witness import Witness

BUTTON = ("nut", "1")
DEVICES = ["cong-tac", "den-mau", "den-ngu", "rem", "nut", "o-cam", "man"]

# How long a step is waited for before the next one: hardly, or longer than a frame is on its way.
_SETTLE_S = 0.01
# By then everything has come to rest, however unlucky: a wait that was asked for, and the longest backoff behind it.
_REST_S = 400
# The same without push, where the cloud is polled.
_POLLED_S = 300
# Home Assistant itself sets an account up again after ten minutes at the latest.
_SETUP_RETRY_S = 610


class Day(RuleBasedStateMachine):
    """A house, and how things happen to it."""

    open_machines: list[Day] = []  # noqa: RUF012  # of all examples: an example that failed is closed by its test

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

    async def _rest(self) -> None:
        await self._heal()
        await self._calls.answers()
        if not self.house.loaded:
            await asyncio.sleep(_SETUP_RETRY_S)
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
        await asyncio.sleep(_POLLED_S if self.house.loaded else _SETUP_RETRY_S)
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

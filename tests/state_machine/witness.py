"""Sees every state that Home Assistant shows and every line it logs, and says where the promises were broken."""

from collections.abc import Iterator
import logging
from typing import override

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.wesmart.cloud.models import EndpointKey
from custom_components.wesmart.const import DOMAIN, LOGGER
from custom_components.wesmart.identifiers import device_identifier, unique_id
from tests.home import FEEDBACK
from tests.state_machine.calls import Call
from tests.state_machine.fields import STEADY, Thing, Value, as_shown, held, shown
from tests.state_machine.house import House
from tests.state_machine.truth import Field, Press, Truth

# Contract, promise 4.
SILENCE_S = 90
_PRESS_AGE_S = 10
_MARGIN_S = 0.1
_EVENT_TYPES = {"press_end": "single", "multi_press_end": "double", "long_press_end": "long"}
_DOMAINS = {"switch", "light", "cover", "event"}

# What Home Assistant itself has to say in a house like this, by logger.
_USUAL = {
    "homeassistant.loader": "We found a custom integration",
    "homeassistant.config_entries": "not ready yet",
    "homeassistant.helpers.service": "Referenced entities",
    "homeassistant.helpers.entity": "Update ",
}


class Witness(logging.Handler):
    """Remembers what was seen of each field, and never reads the cloud's mind: it only compares with `truth`."""

    def __init__(self, house: House, truth: Truth, violations: list[str]) -> None:
        super().__init__(logging.INFO)
        self._house = house
        self._truth = truth
        self._violations = violations
        # How far into the timeline of each field what was shown has come.
        self._seen: dict[Field, int] = {}
        self._things: dict[str, Thing] = {}
        self._fired: set[tuple[str, str, str]] = set()
        # The presses that automations heard of.
        self.told: set[Press] = set()
        self._lost = False

    def begin(self) -> None:
        """Watch from now on."""
        logging.getLogger().addHandler(self)
        self._house.hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    def end(self) -> None:
        """Watch no longer."""
        logging.getLogger().removeHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a line in the log."""
        message = record.getMessage()
        if record.name == LOGGER.name and message.startswith(
            ("Error fetching WeSMART at ", "Error requesting WeSMART at ")
        ):
            if self._lost:
                self._violations.append(f"lost twice: {message}")
            self._lost = True
        elif record.name == LOGGER.name and message.endswith(" data recovered"):
            if not self._lost:
                self._violations.append(f"back without having been lost: {message}")
            self._lost = False
        elif record.levelno >= logging.WARNING and _USUAL.get(record.name, "\n") not in message:
            trace = f" {record.exc_info[1]!r}" if record.exc_info else ""
            self._violations.append(f"{record.levelname} of {record.name}: {message}{trace}")

    # What is shown

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        thing = self._thing(event.data["entity_id"])
        if new is None or thing is None:
            return
        if new.domain == "event":
            self._pressed(thing, new)
        if new.state == STATE_UNAVAILABLE:
            if self._house.loaded and old is not None and old.state != STATE_UNAVAILABLE:
                self._lost_sight(thing)
        else:
            self._advance(((thing[0], ""), "online"), True)
        for name, value in (shown(new) or {}).items():
            if name in STEADY:
                self._advance((thing, name), value)

    def _advance(self, field: Field, value: Value) -> None:
        """Find a shown value in the field's timeline, not before what was shown already."""
        timeline, begin = self._truth.of(field), self._seen.get(field, 0)
        for index in range(begin, len(timeline)):
            if timeline[index].value == value:
                self._seen[field] = index
                return
        now = self._house.now
        known = [held.value for held in timeline[begin:]]
        self._violations.append(f"{field} stepped to {value!r} at {now:.2f}; since what was shown it has been {known}")

    def _lost_sight(self, thing: Thing) -> None:
        refused = self._truth.refused_at >= self._truth.heard_at
        if not refused and self._house.now - self._truth.heard_at < SILENCE_S - _MARGIN_S:
            self._advance(((thing[0], ""), "online"), False)

    def _pressed(self, thing: Thing, state: State) -> None:
        fired = (state.entity_id, state.state, str(state.attributes.get("event_type")))
        if state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN} or fired in self._fired:
            return
        self._fired.add(fired)
        for press in self._truth.presses:
            fresh = press.at >= self._truth.hello_at - _PRESS_AGE_S - _MARGIN_S
            if fresh and press not in self.told and (press.thing, press.press) == (thing, _EVENT_TYPES[fired[2]]):
                self.told.add(press)
                return
        self._violations.append(f"{fired[2]} of {thing} fired at {self._house.now:.2f}; of {self._truth.presses}")

    def _thing(self, entity_id: str) -> Thing | None:
        if (thing := self._things.get(entity_id)) is None:
            for device, endpoint in self._truth.things():
                if self.entity_id(device["id"], endpoint["id"]) == entity_id:
                    thing = self._things[entity_id] = (device["id"], endpoint["id"])
        return thing

    def entity_id(self, device_id: str, endpoint_id: str) -> str | None:
        """Return the entity of a thing, None where it has none."""
        wanted = unique_id(self._house.entry, EndpointKey(device_id, endpoint_id))
        registry = er.async_get(self._house.hass)
        return next((id_ for name in _DOMAINS if (id_ := registry.async_get_entity_id(name, DOMAIN, wanted))), None)

    # What an acknowledgement promises

    def acknowledged(self, call: Call) -> None:
        """Compare what is shown in the moment of the answer: the commanded value, or one that came later."""
        if self._truth.epoch_told != self._house.cloud.epoch:
            return  # positions of different epochs do not compare
        for thing in call.things:
            entity_id = self.entity_id(*thing)
            state = self._house.hass.states.get(entity_id) if entity_id else None
            fields = (state and shown(state)) or {}
            for name, wanted in call.fields.items():
                if name in {"position", "tilt"} or name not in STEADY or (call.fades and name != "on"):
                    continue
                field = (thing, name)
                timeline = self._truth.of(field)
                reached = [
                    index
                    for index, value in enumerate(timeline)
                    if value.value == as_shown(name, wanted)
                    and (index + 1 == len(timeline) or timeline[index + 1].at >= call.started)
                ]
                if not reached or name not in fields:
                    continue
                self._seen[field] = max(self._seen.get(field, 0), reached[0])
                self._advance(field, fields[name])

    # What must hold at any time, and at rest

    def check(self) -> Iterator[str]:
        """Say what is shown although nobody knows."""
        silent = self._house.now - self._truth.said_at
        if self._house.loaded and silent > SILENCE_S + 2:
            for state in self._states():
                if state.state != STATE_UNAVAILABLE:
                    yield f"{state.entity_id} shows {state.state} after {silent:.0f} s without a word"

    def check_all(self) -> Iterator[str]:
        """Say where Home Assistant and the cloud differ."""
        wanted = set()
        devices = dr.async_get(self._house.hass)
        for device, endpoint in self._truth.things():
            entity_id = self.entity_id(device["id"], endpoint["id"])
            state = self._house.hass.states.get(entity_id) if entity_id else None
            if state is None:
                yield f"{device['id']} {endpoint['id']} has no entity"
                continue
            wanted.add(entity_id)
            seen = shown(state)
            should = held(endpoint) if device["online"] else None
            if seen != should:
                yield f"{entity_id} shows {seen}, and the cloud holds {should}"
            identifier = (DOMAIN, device_identifier(self._house.entry, device["id"]))
            entry = devices.async_get_device_by_identifier(identifier, self._house.entry.entry_id)
            if entry is None or (entry.name, entry.sw_version) != (device["name"], device["firmware"]):
                yield f"{device['id']} is registered as {entry}"
        for state in self._states():
            if state.entity_id not in wanted:
                yield f"{state.entity_id} shows something that is gone"

    def _states(self) -> Iterator[State]:
        for entity in er.async_entries_for_config_entry(er.async_get(self._house.hass), self._house.entry.entry_id):
            state = self._house.hass.states.get(entity.entity_id)
            if state is not None and entity.domain in _DOMAINS and entity.entity_id != FEEDBACK:
                yield state

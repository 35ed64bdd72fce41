"""What devices do over time: curtains travel, meters count, updates are installed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import math

from tests.mock_cloud.core import Core
from tests.mock_cloud.model import Device, Endpoint
from tests.mock_cloud.wire import JsonObject

# A full travel takes 20 s, as with a real window's motor; positions on the way are reported once a second.
TRAVEL_PERCENT_PER_S = 5
REPORT_S = 1.0
# How often a meter reports what it has counted.
METER_S = 300.0
# An update takes half a minute; its progress is reported every three seconds.
UPDATE_S = 3.0
UPDATE_STEP = 10

type Timer = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
type Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class _Move:
    """A curtain on its way; `place` is where it really is, also when it cannot report it."""

    device: Device
    endpoint: Endpoint
    place: float
    target: float
    tilt: float | None = None
    timer: asyncio.TimerHandle | None = None


class Behavior:
    """Timers of moving curtains, counting meters and running updates."""

    def __init__(self, core: Core, call_later: Timer) -> None:
        self._core = core
        self._call_later = call_later
        self._moves: dict[Key, _Move] = {}
        self._energy: dict[Key, float] = {}
        self._update_timers: dict[str, asyncio.TimerHandle] = {}
        self._measured_at = core.clock()
        self.meters_report = True
        self._meter_timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start counting energy; stop the curtains and go on with the updates that a restart has interrupted."""
        self._measured_at = self._core.clock()
        self._meter_timer = self._call_later(METER_S, self._report_energy)
        for device in self._core.world.devices():
            self.rest(device)
            if device.update is not None and device.update.progress is not None:
                device.update.progress = None
                self.update(device)

    def stop(self) -> None:
        """Cancel all timers; curtains stay where they are."""
        if self._meter_timer is not None:
            self._meter_timer.cancel()
        for move in self._moves.values():
            if move.timer is not None:
                move.timer.cancel()
        self._moves.clear()
        for timer in self._update_timers.values():
            timer.cancel()
        self._update_timers.clear()

    def rest(self, device: Device) -> None:
        """Report the curtains of a device that is connected again as stopped."""
        for endpoint in device.endpoints:
            if endpoint.state.get("motion") in {"opening", "closing"} and device.online:
                self._core.change_state(device, endpoint, {"motion": "stopped"})

    def interrupt(self, device: Device, *endpoints: Endpoint) -> None:
        """Cancel the moves of endpoints, without a report."""
        for endpoint in endpoints:
            self._take_move(device, endpoint)

    # Updates

    def update(self, device: Device) -> None:
        """Start the update of a device, unless it is being installed (C-74)."""
        if device.update is not None and device.update.progress is None:
            self._set_progress(device, 0)
            self._update_timers[device.id] = self._call_later(UPDATE_S, lambda: self._install(device))

    def fail_update(self, device: Device) -> None:
        """Break off the update of a device; it is available as before."""
        if timer := self._update_timers.pop(device.id, None):
            timer.cancel()
            self._set_progress(device, None)

    def _install(self, device: Device) -> None:
        if device not in self._core.world.devices() or device.update is None or device.update.progress is None:
            return
        if device.update.progress + UPDATE_STEP < 100:
            self._set_progress(device, device.update.progress + UPDATE_STEP)
            self._update_timers[device.id] = self._call_later(UPDATE_S, lambda: self._install(device))
            return
        del self._update_timers[device.id]
        device.firmware, device.update = device.update.version, None
        self._core.publish_device(device)

    def _set_progress(self, device: Device, progress: int | None) -> None:
        if device.update is not None:
            device.update.progress = progress
            self._core.publish_device(device)

    # Curtains

    def move(self, device: Device, endpoint: Endpoint, fields: JsonObject) -> None:
        """Move a curtain to `position`, then turn it to `tilt`; a tilt waits for the end of a move (C-37)."""
        move = self._moves.get((device.id, endpoint.id))
        tilt, target = fields.get("tilt"), fields.get("position")
        if isinstance(target, int | float):
            waiting = move.tilt if move else None
            place = move.place if move else _place(endpoint)
            self._take_move(device, endpoint)
            move = _Move(device=device, endpoint=endpoint, place=place, target=target, tilt=waiting)
            if place == target:
                self._arrive(move)
                move = None
            else:
                self._moves[device.id, endpoint.id] = move
                self._report(move, "opening" if target > place else "closing")
                move.timer = self._call_later(REPORT_S, lambda: self._travel(move))
        if isinstance(tilt, int | float):
            if move is not None:
                move.tilt = tilt
            else:
                self._core.change_state(device, endpoint, {"tilt": tilt})

    def halt(self, device: Device, endpoint: Endpoint) -> None:
        """Stop a curtain where it is, and drop its waiting tilt."""
        if move := self._take_move(device, endpoint):
            move.place = round(move.place)
            self._report(move, "stopped")

    def _travel(self, move: _Move) -> None:
        step = TRAVEL_PERCENT_PER_S * REPORT_S
        distance = move.target - move.place
        if abs(distance) > step:
            move.place += math.copysign(step, distance)
            self._report(move, "opening" if distance > 0 else "closing")
            move.timer = self._call_later(REPORT_S, lambda: self._travel(move))
            return
        self._take_move(move.device, move.endpoint)
        move.place = move.target
        self._arrive(move)

    def _arrive(self, move: _Move) -> None:
        self._report(move, "stopped")
        if move.tilt is not None:
            self._core.change_state(move.device, move.endpoint, {"tilt": move.tilt})

    def _report(self, move: _Move, motion: str) -> None:
        """Report the position; a curtain without `position` knows only its two ends, and only at rest."""
        known = move.endpoint.features.get("position") or (move.place in {0, 100} and motion == "stopped")
        fields: JsonObject = {"position": round(move.place) if known else None, "motion": motion}
        self._core.change_state(move.device, move.endpoint, fields)

    def _take_move(self, device: Device, endpoint: Endpoint) -> _Move | None:
        move = self._moves.pop((device.id, endpoint.id), None)
        if move is not None and move.timer is not None:
            move.timer.cancel()
        return move

    # Meters

    def measure(self) -> None:
        """Count the energy since the last time; called before anything switches."""
        now = self._core.clock()
        hours, self._measured_at = (now - self._measured_at) / 3600, now
        for device in self._core.world.devices():
            for endpoint in device.endpoints:
                power = endpoint.state.get("power_w")
                if endpoint.features.get("metering") and isinstance(power, int | float) and device.online:
                    key = (device.id, endpoint.id)
                    self._energy[key] = self._energy.get(key, 0) + power * hours / 1000

    def _report_energy(self) -> None:
        self._meter_timer = self._call_later(METER_S, self._report_energy)
        self.measure()
        if not self.meters_report:
            return
        for (device_id, endpoint_id), counted in self._energy.items():
            whole = math.floor(counted * 1000) / 1000
            try:
                device, endpoint = self._core.world.device(device_id), self._core.world.endpoint(device_id, endpoint_id)
            except KeyError:
                continue
            total = endpoint.state.get("energy_kwh")
            if whole and isinstance(total, int | float) and device.online:
                self._energy[device_id, endpoint_id] = counted - whole
                self._core.change_state(device, endpoint, {"energy_kwh": round(total + whole, 3)})


def _place(endpoint: Endpoint) -> float:
    """Return where a curtain is; one that does not know is taken to be half way."""
    position = endpoint.state.get("position")
    return position if isinstance(position, int | float) else 50

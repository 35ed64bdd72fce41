"""The rules of commands and of what they show, each broken once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace as changed
from typing import override

from msgspec.structs import replace

from custom_components.wesmart.cloud.commands import Command, CommandResult, commanded_state
from custom_components.wesmart.cloud.dispatch import Applied, Call, Conclusion, Dispatcher, Request
from custom_components.wesmart.cloud.errors import BusyError, CloudConnectionError, WeSmartError
from custom_components.wesmart.cloud.models import CurtainEndpoint, Endpoint, EndpointKey
from custom_components.wesmart.cloud.outbox import Outbox, Parcel
from custom_components.wesmart.cloud.overlay import Overlay
from tests.cloud.simulation.home import Caller, Parts


class _CoversNothing(Overlay):
    @override
    def acknowledge(self, endpoint: Endpoint, fields: object, until_seq: int, now: float) -> None:
        pass


class _CoversForEver(Overlay):
    @override
    def expire(self, now: float) -> set[EndpointKey]:
        return set()

    @property
    @override
    def next_expiry(self) -> float | None:
        return None


class _CoversPastTheConfirmation(Overlay):
    @override
    def reach(self, seq: int) -> set[EndpointKey]:
        return set()


class _CoversOtherEpochs(Overlay):
    @override
    def clear(self) -> set[EndpointKey]:
        return set()


class _CoversASecond(Overlay):
    @override
    def acknowledge(self, endpoint: Endpoint, fields: Mapping[str, object], until_seq: int, now: float) -> None:
        super().acknowledge(endpoint, fields, until_seq, now - 9)


class _CoversHalfAMinute(Overlay):
    @override
    def acknowledge(self, endpoint: Endpoint, fields: Mapping[str, object], until_seq: int, now: float) -> None:
        super().acknowledge(endpoint, fields, until_seq, now + 20)


def _nothing_of_curtains(endpoint: Endpoint, command: Command) -> dict[str, object]:
    """Wait with a curtain until it says that it moves."""
    return {} if isinstance(endpoint, CurtainEndpoint) else commanded_state(endpoint, command)


def _positions_of_curtains(endpoint: Endpoint, command: Command) -> dict[str, object]:
    """Pretend that a curtain is where it was sent."""
    position = {name: value for name, value in (command.fields or {}).items() if name == "position"}
    return commanded_state(endpoint, command) | position


def _nothing_of_turning(endpoint: Endpoint, command: Command) -> dict[str, object]:
    """Take a curtain that is on its way for where it was heard of last."""
    if isinstance(endpoint, CurtainEndpoint) and command.fields == {"position": endpoint.state.position}:
        return {}
    return commanded_state(endpoint, command)


def _colours_without_modes(endpoint: Endpoint, command: Command) -> dict[str, object]:
    """Show a colour, but not that the light shines with it."""
    return {name: value for name, value in commanded_state(endpoint, command).items() if name != "mode"}


class _RepeatsUnderNewIds(Dispatcher[Caller]):
    @override
    def failed(self, err: WeSmartError, now: float) -> list[Conclusion[Caller]]:
        told = super().failed(err, now)
        if isinstance(err, CloudConnectionError):
            for parcel in self._parcels:
                parcel.command = parcel.command.again()
        return told


class _Stubborn(Parcel[Call[Caller]]):
    @override
    def again(self) -> Parcel[Call[Caller]]:
        return Parcel(self.command, self.calls)

    @override
    def apart(self) -> list[Parcel[Call[Caller]]]:
        return [Parcel(replace(command, id=self.command.id), [(command, call)]) for command, call in self.calls]


class _RepeatsUnderOldIds(Outbox[Call[Caller]]):
    """What the cloud has an answer for already."""

    @override
    def take(self, most: int) -> list[Parcel[Call[Caller]]]:
        return [_Stubborn(parcel.command, parcel.calls) for parcel in super().take(most)]


class _MatchesByPosition(Dispatcher[Caller]):
    @override
    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[Caller]]]:
        return super().answered(
            [replace(result, id=parcel.command.id) for result, parcel in zip(results, self._parcels, strict=False)]
        )


class _RepeatsAfterTheDeadline(Dispatcher[Caller]):
    @override
    def _keep_wanted(self, now: float) -> None:
        pass


class _NeverRaisesTheOrder(Dispatcher[Caller]):
    @override
    def next(self, now: float) -> Request | float | None:
        step = super().next(now)
        return changed(step, order=7) if isinstance(step, Request) else step


class _TakesSupersededForSuccess(Dispatcher[Caller]):
    @override
    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[Caller]]]:
        return super().answered(
            [replace(result, status="applied") if result.status == "superseded" else result for result in results]
        )


class _LeapsAMinute(Dispatcher[Caller]):
    @override
    def _leap(self) -> bool:
        self._order += 60_000
        self._leaps += 1
        return self._leaps <= 5


class _FailsTheNeighbours(Dispatcher[Caller]):
    @override
    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[Caller]]]:
        self._parcels = [Parcel(parcel.command, [call]) for parcel in self._parcels for call in parcel.calls]
        return super().answered(results)


class _SendsWhileOneIsInFlight(Dispatcher[Caller]):
    @override
    def next(self, now: float) -> Request | float | None:
        self._in_flight = False
        return super().next(now)


class _DropsFields(Outbox[Call[Caller]]):
    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        parcel = None if command.key is None else self._open.get(command.key)
        super().put(command, call)
        if parcel is not None and command.fields is not None:
            parcel.command = replace(parcel.command, fields=command.fields)


class _LetsTheEarliestWin(Outbox[Call[Caller]]):
    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        parcel = None if command.key is None else self._open.get(command.key)
        before = None if parcel is None else parcel.command.fields
        super().put(command, call)
        if parcel is not None and before is not None:
            parcel.command = replace(parcel.command, fields={**(parcel.command.fields or {}), **before})


class _ReversesWhatWaits(Outbox[Call[Caller]]):
    @override
    def take(self, most: int) -> list[Parcel[Call[Caller]]]:
        return super().take(most)[::-1]

    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        self._open.clear()
        super().put(command, call)


class _LetsSetsOvertakeStops(Outbox[Call[Caller]]):
    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        if command.fields is None:
            self._append(command, call)
        else:
            super().put(command, call)


class _MergesColours(Outbox[Call[Caller]]):
    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        parcel = None if command.key is None else self._open.get(command.key)
        before = (parcel and parcel.command.fields) or {}
        super().put(command, call)
        if parcel is not None and command.fields is not None:
            parcel.command = replace(parcel.command, fields=before | command.fields)


class _PutsBackBehindAll(Outbox[Call[Caller]]):
    @override
    def put_back(self, parcels: Sequence[Parcel[Call[Caller]]]) -> None:
        self._parcels.extend(parcels)


class _TakesAnyNumber(Outbox[Call[Caller]]):
    @override
    def take(self, most: int) -> list[Parcel[Call[Caller]]]:
        return super().take(10_000)


class _RejectsTheNeighbours(Dispatcher[Caller]):
    @override
    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[Caller]]]:
        results = list(results)
        rejected = next((result for result in results if result.status == "rejected"), None)
        return super().answered(results if rejected is None else [replace(rejected, id=one.id) for one in results])


class _AnswersInAMinute(Dispatcher[Caller]):
    @override
    def put(self, command: Command, waiter: Caller, now: float) -> Call[Caller]:
        call = super().put(command, waiter, now)
        call.deadline = now + 60
        return call


class _ComesBackTooEarly(Dispatcher[Caller]):
    @override
    def failed(self, err: WeSmartError, now: float) -> list[Conclusion[Caller]]:
        err = copy(err)
        if isinstance(err, BusyError):
            err.retry_after = None
        return super().failed(err, now)


class _LetsEverybodyWait(Dispatcher[Caller]):
    """Also those for whom the cloud will be back too late."""

    @override
    def put(self, command: Command, waiter: Caller, now: float) -> Call[Caller]:
        self._busy = None
        return super().put(command, waiter, now)


def _with_outbox(outbox: type[Outbox[Call[Caller]]]) -> Parts:
    def build(unix_time: Callable[[], float]) -> Dispatcher[Caller]:
        dispatcher: Dispatcher[Caller] = Dispatcher(unix_time)
        dispatcher._outbox = outbox()
        return dispatcher

    return Parts(dispatcher=build)


VIOLATIONS = {
    # What is shown of a command
    "the overlay ends at the acknowledgement": Parts(overlay=_CoversNothing),
    "the overlay ends after a second": Parts(overlay=_CoversASecond),
    "the overlay ends after half a minute": Parts(overlay=_CoversHalfAMinute),
    "the overlay never expires": Parts(overlay=_CoversForEver),
    "the overlay outlives the confirmation": Parts(overlay=_CoversPastTheConfirmation),
    "the overlay outlives the epoch": Parts(overlay=_CoversOtherEpochs),
    "a curtain does not show at once that it moves": Parts(commanded=_nothing_of_curtains),
    "a curtain that is called back does not show that it turns": Parts(commanded=_nothing_of_turning),
    "a curtain's position is pretended": Parts(commanded=_positions_of_curtains),
    "a light's mode is not shown with its colour": Parts(commanded=_colours_without_modes),
    # What becomes of a command
    "callers wait for a minute": Parts(dispatcher=_AnswersInAMinute),
    "a repeat has a new id": Parts(dispatcher=_RepeatsUnderNewIds),
    "what was answered is sent again under its old id": _with_outbox(_RepeatsUnderOldIds),
    "results are matched by their position": Parts(dispatcher=_MatchesByPosition),
    "a repeat is sent after the deadline": Parts(dispatcher=_RepeatsAfterTheDeadline),
    "Retry-After is not waited for": Parts(dispatcher=_ComesBackTooEarly),
    "callers wait for a Retry-After that is too late for them": Parts(dispatcher=_LetsEverybodyWait),
    "the order does not rise": Parts(dispatcher=_NeverRaisesTheOrder),
    "what an earlier life has superseded is a success": Parts(dispatcher=_TakesSupersededForSuccess),
    "an order that is far behind stays so": Parts(dispatcher=_LeapsAMinute),
    "two requests are in flight": Parts(dispatcher=_SendsWhileOneIsInFlight, pumps_for_each_call=True),
    "more than 200 commands leave at once": _with_outbox(_TakesAnyNumber),
    "what is refused together is not tried apart": Parts(dispatcher=_FailsTheNeighbours),
    "a rejected command fails its neighbours": Parts(dispatcher=_RejectsTheNeighbours),
    "a merge drops a field": _with_outbox(_DropsFields),
    "a merge sets two colours": _with_outbox(_MergesColours),
    "the earliest of two values wins": _with_outbox(_LetsTheEarliestWin),
    "a later call overtakes an earlier one": _with_outbox(_ReversesWhatWaits),
    "a later call overtakes a stop": _with_outbox(_LetsSetsOvertakeStops),
    "what was refused leaves after all that waits": _with_outbox(_PutsBackBehindAll),
}

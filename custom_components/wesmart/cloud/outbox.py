"""What leaves next: commands that wait are merged per endpoint, field by field, and the latest value wins. Pure.

A command that several calls share is a parcel; each call keeps its own command, in case the parcel is refused.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .commands import Command, FieldValue
from .models import EndpointKey

# Setting one of these ends what another set (contract, section "Model"), and a command may not set two (section
# "Commands").
_EXCLUSIVE = ({"color_temp_kelvin"}, {"hue", "saturation"}, {"effect"})


@dataclass(slots=True, eq=False)
class Parcel[CallT]:
    """One command on its way, and the calls it carries."""

    command: Command
    calls: list[tuple[Command, CallT]]

    def rest(self, is_wanted: Callable[[CallT], bool]) -> Parcel[CallT] | None:
        """Return the parcel without the calls that are not wanted any more, None without any.

        It keeps its id as long as it says the same: another body needs another.
        """
        calls = [(command, call) for command, call in self.calls if is_wanted(call)]
        if len(calls) == len(self.calls):
            return self
        if not calls or self.command.key is None:
            return None
        fields: dict[str, FieldValue] = {}
        for command, _ in calls:
            fields = merged(fields, command.fields or {})
        same = fields == self.command.fields
        return Parcel(self.command if same else Command.set(self.command.key, **fields), calls)

    def again(self) -> Parcel[CallT]:
        """Return the same to be sent under another id."""
        return Parcel(self.command.again(), self.calls)

    def apart(self) -> list[Parcel[CallT]]:
        """Return each call to be sent by itself and under another id."""
        return [Parcel(command.again(), [(command, call)]) for command, call in self.calls]


class Outbox[CallT]:
    """Commands in the order in which they take effect."""

    def __init__(self) -> None:
        self._parcels: deque[Parcel[CallT]] = deque()
        # Where a later `set` of the same endpoint may go without overtaking anything.
        self._open: dict[EndpointKey, Parcel[CallT]] = {}

    def __len__(self) -> int:
        """Return how many commands would leave."""
        return len(self._parcels)

    def put(self, command: Command, call: CallT) -> None:
        """Add a command; a `set` joins the one that waits for the same endpoint."""
        key = command.key
        if key is not None and command.fields is not None:
            if parcel := self._open.get(key):
                parcel.calls.append((command, call))
                parcel.command = Command.set(key, **merged(parcel.command.fields or {}, command.fields))
                return
            self._open[key] = self._append(command, call)
            return
        # Whatever is done rather than set stays where it is between what came before and after: for its endpoint, or,
        # as a scene does not say which it touches, for all.
        if key is not None:
            self._open.pop(key, None)
        else:
            self._open.clear()
        self._append(command, call)

    def put_back(self, parcels: Sequence[Parcel[CallT]]) -> None:
        """Have parcels leave before all that waits; nothing is merged into them."""
        self._parcels.extendleft(reversed(parcels))

    def take(self, most: int) -> list[Parcel[CallT]]:
        """Remove and return what leaves now; nothing is merged into it any more.

        A parcel that several calls share may be refused, and its calls leave again: nothing that has to come after
        them leaves before that is known.
        """
        taken: list[Parcel[CallT]] = []
        shared: set[EndpointKey] = set()
        while self._parcels and len(taken) < most:
            key = self._parcels[0].command.key
            if key in shared or (key is None and shared):
                break
            parcel = self._parcels.popleft()
            taken.append(parcel)
            if key is not None:
                if len(parcel.calls) > 1:
                    shared.add(key)
                if self._open.get(key) is parcel:
                    del self._open[key]
        return taken

    def calls(self) -> list[CallT]:
        """Return everybody who waits."""
        return [call for parcel in self._parcels for _, call in parcel.calls]

    def clear(self) -> None:
        """Forget everything."""
        self._parcels.clear()
        self._open.clear()

    def _append(self, command: Command, call: CallT) -> Parcel[CallT]:
        parcel = Parcel(command, [(command, call)])
        self._parcels.append(parcel)
        return parcel


def merged(earlier: Mapping[str, FieldValue], later: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """Return the fields that do at once what the two would do one after the other."""
    replaced = {"transition_ms"}  # a transition is the manner of its own call
    for group in _EXCLUSIVE:
        if not group.isdisjoint(later):
            replaced.update(*(other for other in _EXCLUSIVE if other is not group))
    return {**{name: value for name, value in earlier.items() if name not in replaced}, **later}

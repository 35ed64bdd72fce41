"""Who is to be called back, and about what."""

from collections.abc import Callable, Hashable, Iterable
from functools import partial

from homeassistant.core import CALLBACK_TYPE, callback

from .const import LOGGER


class Listeners[KeyT: Hashable, **ArgsP]:
    """Callbacks by what they are about; one that fails keeps no other from being called."""

    def __init__(self) -> None:
        """Call nobody yet."""
        # In tuples, which whoever is called may replace meanwhile.
        self._listeners: dict[KeyT, tuple[Callable[ArgsP, None], ...]] = {}

    @callback
    def async_add(self, key: KeyT, listener: Callable[ArgsP, None]) -> CALLBACK_TYPE:
        """Have a listener called back about `key`; return what ends that."""
        self._listeners[key] = (*self._listeners.get(key, ()), listener)
        return partial(self._remove, key, listener)

    @callback
    def async_call(self, keys: Iterable[KeyT], *args: ArgsP.args, **kwargs: ArgsP.kwargs) -> None:
        """Call back whoever listens to any of these."""
        for key in keys:
            for listener in self._listeners.get(key, ()):
                try:
                    listener(*args, **kwargs)
                except Exception:  # noqa: BLE001 - the stream has to go on for the others
                    LOGGER.exception("A listener failed")

    @callback
    def async_call_all(self, *args: ArgsP.args, **kwargs: ArgsP.kwargs) -> None:
        """Call back everybody."""
        self.async_call(tuple(self._listeners), *args, **kwargs)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._listeners.values()))

    @callback
    def _remove(self, key: KeyT, listener: Callable[ArgsP, None]) -> None:
        listeners = list(self._listeners.pop(key))
        listeners.remove(listener)
        if listeners:
            self._listeners[key] = tuple(listeners)

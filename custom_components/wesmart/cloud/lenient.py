"""Decoding that leaves out what makes no sense and keeps its neighbours (contract, "Growing without breaking"). Pure."""

from collections.abc import Collection
import logging
from typing import get_type_hints

import msgspec
from msgspec import Raw

from .errors import DECODE_ERRORS

_LOGGER = logging.getLogger(__name__)

_members_decoder = msgspec.json.Decoder(dict[str, Raw])


class LenientDecoder[T]:
    """Decodes an object whole, and where that fails, without those of its fields that make no sense by themselves."""

    def __init__(self, whole: msgspec.json.Decoder[T], name: str, *, essential: Collection[str] = ()) -> None:
        """Decode what `whole` does, called `name` in the log.

        An object whose `essential` fields make no sense makes none either, as one that lacks what its type requires.
        """
        self._whole = whole
        self.name = name
        self._essential = essential
        hints = get_type_hints(whole.type, include_extras=True)
        self._fields = {field: msgspec.json.Decoder(hint) for field, hint in hints.items()}

    def decode(self, raw: bytes | str | Raw, *, whole: bool = False) -> T:
        """Return the object; raises one of DECODE_ERRORS, and with `whole` for any field that makes no sense."""
        try:
            return self._whole.decode(raw)
        except DECODE_ERRORS:
            if whole:
                raise
            # Once more, slowly: it happens only to what should not have been sent.
            sensible = self._sensible(raw)
        return self._whole.decode(msgspec.json.encode(sensible))

    def _sensible(self, raw: bytes | str | Raw) -> dict[str, Raw]:
        members = _members_decoder.decode(raw)
        return {field: value for field, value in members.items() if self._is_sensible(field, value)}

    def _is_sensible(self, field: str, value: Raw) -> bool:
        if field not in self._fields:
            return False
        try:
            self._fields[field].decode(value)
        except DECODE_ERRORS:
            # Never the value: it may say something about a person.
            _LOGGER.debug("The %s of a %s makes no sense", field, self.name)
            return field in self._essential
        return True

"""Decoding of homes and devices: all at once, and piece by piece only if that fails (contract, "Growth").

An endpoint of an unknown type is skipped. A value of a wrong type invalidates its device, and nothing else.
"""

from collections.abc import Iterable
import logging
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from .errors import DECODE_ERRORS, UnexpectedResponseError
from .models import Device, Home, HomeOutline, Id, Snapshot, WholeNumber

_LOGGER = logging.getLogger(__name__)

# Of a home. More would take too long to decode in pieces.
MAX_DEVICES = 10_000
_ENDPOINT_TYPES = ("switch", "light", "curtain", "button")


class _Snapshot(Struct):
    epoch: str
    seq: WholeNumber
    homes: tuple[Home, ...]


# An object, so that a list of anything else is refused at its first element.
type _Members = dict[str, Raw]


class _RawSnapshot(Struct):
    epoch: str
    seq: WholeNumber
    homes: list[_Members]


class _RawHome(HomeOutline, frozen=True, kw_only=True):
    devices: Annotated[list[_Members], Meta(max_length=MAX_DEVICES)]


class _RawDevice(Struct):
    endpoints: list[_Members]


class _HasId(Struct):
    id: Id


class _HasType(Struct):
    type: str


_snapshot_decoder = msgspec.json.Decoder(_Snapshot)
_raw_snapshot_decoder = msgspec.json.Decoder(_RawSnapshot)
_raw_home_decoder = msgspec.json.Decoder(_RawHome)
_raw_device_decoder = msgspec.json.Decoder(_RawDevice)
_device_decoder = msgspec.json.Decoder(Device)
_members_decoder: msgspec.json.Decoder[_Members] = msgspec.json.Decoder(_Members)
_id_decoder = msgspec.json.Decoder(_HasId)
_type_decoder = msgspec.json.Decoder(_HasType)


def decode_snapshot(body: bytes) -> Snapshot:
    """Decode the response of `GET /snapshot`; raises UnexpectedResponseError."""
    try:
        whole = _snapshot_decoder.decode(body)
    except DECODE_ERRORS:
        return _decode_snapshot_in_pieces(body)
    return Snapshot(epoch=whole.epoch, seq=int(whole.seq), homes=whole.homes)


def decode_device(raw: bytes | Raw) -> Device:
    """Decode a device without its endpoints of unknown types; raises one of DECODE_ERRORS."""
    try:
        return _device_decoder.decode(raw)
    except DECODE_ERRORS:
        endpoints = _raw_device_decoder.decode(raw).endpoints
        known = [endpoint for endpoint in endpoints if _type(endpoint) in _ENDPOINT_TYPES]
        return _device_decoder.decode(msgspec.json.encode({**_members_decoder.decode(raw), "endpoints": known}))


def _decode_snapshot_in_pieces(body: bytes) -> Snapshot:
    homes: list[Home] = []
    invalid_homes: set[str] = set()
    invalid_devices: set[str] = set()
    try:
        raw = _raw_snapshot_decoder.decode(body)
        for members in raw.homes:
            raw_home = msgspec.json.encode(members)
            try:
                home = _raw_home_decoder.decode(raw_home)
            except DECODE_ERRORS:
                # Without its ID it could be any home, and a known one would count as removed.
                invalid_homes.add(_id_decoder.decode(raw_home).id)
                continue
            devices = tuple(_decode_devices(home.devices, invalid_devices))
            homes.append(Home(id=home.id, name=home.name, rooms=home.rooms, scenes=home.scenes, devices=devices))
    except DECODE_ERRORS as err:
        raise UnexpectedResponseError(f"invalid snapshot ({type(err).__name__})") from None
    if invalid_homes or invalid_devices:
        _LOGGER.debug("Invalid in a snapshot: %s homes, %s devices", len(invalid_homes), len(invalid_devices))
    return Snapshot(
        epoch=raw.epoch,
        seq=int(raw.seq),
        homes=tuple(homes),
        invalid_devices=frozenset(invalid_devices),
        invalid_homes=frozenset(invalid_homes),
    )


def _decode_devices(devices: Iterable[_Members], invalid: set[str]) -> Iterable[Device]:
    for members in devices:
        raw = msgspec.json.encode(members)
        try:
            yield decode_device(raw)
        except DECODE_ERRORS:
            invalid.add(_id_decoder.decode(raw).id)


def _type(members: _Members) -> str:
    return _type_decoder.decode(msgspec.json.encode(members)).type

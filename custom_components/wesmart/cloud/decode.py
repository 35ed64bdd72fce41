"""Decoding of homes and devices: all at once, and piece by piece only if that fails (C-10).

An endpoint of an unknown type is skipped. A value of a wrong type invalidates its device, and nothing else.
"""

from collections.abc import Iterable
import logging
from typing import Annotated

import msgspec
from msgspec import Raw, Struct

from .errors import DECODE_ERRORS, UnexpectedResponseError
from .models import ENDPOINTS_LIMIT, Device, DeviceOutline, Endpoint, Home, HomeOutline, Id, Snapshot, WholeNumber

_LOGGER = logging.getLogger(__name__)

# What an account may have (C-82): more would stop Home Assistant for too long.
MAX_HOMES = 100
MAX_DEVICES = 10_000
MAX_ENDPOINTS = 40_000
# That is enough for all of it. A single call of the decoder, which nothing interrupts, takes 0.1 s for as many.
_MAX_VALUES = 1_000_000
_ENDPOINT_TYPES = ("switch", "light", "curtain", "button")


class _Snapshot(Struct):
    epoch: str
    seq: WholeNumber
    homes: tuple[Home, ...]


class _RawSnapshot(Struct):
    epoch: str
    seq: WholeNumber
    homes: list[Raw]


class _RawHome(HomeOutline, frozen=True, kw_only=True):
    devices: list[Raw]


class _RawDevice(DeviceOutline, frozen=True, kw_only=True):
    endpoints: Annotated[list[Raw], ENDPOINTS_LIMIT]


class _HasId(Struct):
    id: Id


class _HasType(Struct):
    type: str


_snapshot_decoder = msgspec.json.Decoder(_Snapshot)
_raw_snapshot_decoder = msgspec.json.Decoder(_RawSnapshot)
_raw_home_decoder = msgspec.json.Decoder(_RawHome)
_raw_device_decoder = msgspec.json.Decoder(_RawDevice)
_device_decoder = msgspec.json.Decoder(Device)
_endpoint_decoder: msgspec.json.Decoder[Endpoint] = msgspec.json.Decoder(Endpoint)
_id_decoder = msgspec.json.Decoder(_HasId)
_type_decoder = msgspec.json.Decoder(_HasType)


def decode_snapshot(body: bytes) -> Snapshot:
    """Decode the response of `GET /snapshot`; raises UnexpectedResponseError."""
    # All values but one in a list or an object follow a comma. Commas in names count, too.
    if body.count(b",") > _MAX_VALUES:
        raise UnexpectedResponseError(f"a snapshot of more than {_MAX_VALUES} values")
    try:
        whole = _snapshot_decoder.decode(body)
    except DECODE_ERRORS:
        snapshot = _decode_snapshot_in_pieces(body)
    else:
        snapshot = Snapshot(epoch=whole.epoch, seq=int(whole.seq), homes=whole.homes)
    devices = [device for home in snapshot.homes for device in home.devices]
    if (
        len(snapshot.homes) > MAX_HOMES
        or len(devices) + len(snapshot.invalid_devices) > MAX_DEVICES
        or sum(len(device.endpoints) for device in devices) > MAX_ENDPOINTS
    ):
        raise UnexpectedResponseError("a snapshot of too many homes, devices or endpoints")
    return snapshot


def decode_device(raw: bytes | Raw) -> Device:
    """Decode a device without its endpoints of unknown types; raises one of DECODE_ERRORS."""
    try:
        return _device_decoder.decode(raw)
    except DECODE_ERRORS:
        device = _raw_device_decoder.decode(raw)
        known = [endpoint for endpoint in device.endpoints if _type_decoder.decode(endpoint).type in _ENDPOINT_TYPES]
        members = {**msgspec.structs.asdict(device), "endpoints": tuple(map(_endpoint_decoder.decode, known))}
        return Device(**members)


def _decode_snapshot_in_pieces(body: bytes) -> Snapshot:
    homes: list[Home] = []
    invalid_homes: set[str] = set()
    invalid_devices: set[str] = set()
    try:
        raw = _raw_snapshot_decoder.decode(body)
        for raw_home in raw.homes:
            try:
                home = _raw_home_decoder.decode(raw_home)
                devices = tuple(_decode_devices(home.devices, invalid_devices))
            except DECODE_ERRORS:
                # Without its ID it could be any home, and a known one would count as removed.
                invalid_homes.add(_id_decoder.decode(raw_home).id)
                continue
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


def _decode_devices(devices: Iterable[Raw], invalid: set[str]) -> Iterable[Device]:
    for raw in devices:
        try:
            yield decode_device(raw)
        except DECODE_ERRORS:
            invalid.add(_id_decoder.decode(raw).id)

"""Covers: curtains, rollers, blinds, shutters and awnings."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.cover import (
    ATTR_POSITION,
    ATTR_TILT_POSITION,
    CoverDeviceClass,
    CoverEntity,
    CoverEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.commands import Command
from .cloud.models import CurtainEndpoint, CurtainFeatures, CurtainKind, CurtainState, EndpointKey, Motion
from .const import CONF_REVERSED_COVERS
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartEndpointEntity, async_setup_entities
from .homes import stored_ids

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0

_DEVICE_CLASSES = {
    CurtainKind.CURTAIN: CoverDeviceClass.CURTAIN,
    CurtainKind.ROLLER: CoverDeviceClass.SHADE,
    CurtainKind.BLIND: CoverDeviceClass.BLIND,
    CurtainKind.SHUTTER: CoverDeviceClass.SHUTTER,
    CurtainKind.AWNING: CoverDeviceClass.AWNING,
}

_OPPOSITES = {Motion.OPENING: Motion.CLOSING, Motion.CLOSING: Motion.OPENING}

_OPEN = 100
_CLOSED = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's covers."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.COVER, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartCover]:
    for key, endpoint in coordinator.state.endpoints_of(device_id):
        if isinstance(endpoint, CurtainEndpoint):
            yield WeSmartCover(coordinator, key, endpoint)


class WeSmartCover(WeSmartEndpointEntity[CurtainEndpoint], CoverEntity):
    """A cover. The contract's positions are Home Assistant's: 100 is open."""

    _attr_translation_key = "curtain"

    def __init__(self, coordinator: WeSmartCoordinator, key: EndpointKey, endpoint: CurtainEndpoint) -> None:
        """Show a curtain, inverted if the options say so."""
        super().__init__(coordinator, key, endpoint)
        self._is_reversed = self.unique_id in stored_ids(coordinator.config_entry.options.get(CONF_REVERSED_COVERS))

    @callback
    @override
    def _describe(self) -> None:
        """Set the device class and the supported features."""
        super()._describe()
        self._attr_device_class = _DEVICE_CLASSES.get(self.endpoint.features.kind)
        self._attr_supported_features = _supported_features(self.endpoint.features)

    @property
    @override
    def current_cover_position(self) -> int | None:
        """The position, if the cover knows it."""
        position = self._state.position
        return round(position) if position is not None and self.endpoint.features.position else None

    @property
    @override
    def current_cover_tilt_position(self) -> int | None:
        """The position of the slats."""
        tilt = self._state.tilt
        return round(tilt) if tilt is not None and self.endpoint.features.tilt else None

    @property
    @override
    def is_closed(self) -> bool | None:
        """Whether the cover is closed; None if that is unknown."""
        position = self._state.position
        return None if position is None else round(position) == _CLOSED

    @property
    @override
    def is_opening(self) -> bool:
        """Whether the cover is opening."""
        return self._state.motion is Motion.OPENING

    @property
    @override
    def is_closing(self) -> bool:
        """Whether the cover is closing."""
        return self._state.motion is Motion.CLOSING

    @override
    async def async_open_cover(self, **kwargs: Any) -> None:
        """Open the cover."""
        await self._async_set(position=_OPEN)

    @override
    async def async_close_cover(self, **kwargs: Any) -> None:
        """Close the cover."""
        await self._async_set(position=_CLOSED)

    @override
    async def async_set_cover_position(self, **kwargs: Any) -> None:
        """Move the cover to a position."""
        await self._async_set(position=kwargs[ATTR_POSITION])

    @override
    async def async_open_cover_tilt(self, **kwargs: Any) -> None:
        """Open the slats."""
        await self._async_set(tilt=_OPEN)

    @override
    async def async_close_cover_tilt(self, **kwargs: Any) -> None:
        """Close the slats."""
        await self._async_set(tilt=_CLOSED)

    @override
    async def async_set_cover_tilt_position(self, **kwargs: Any) -> None:
        """Move the slats to a position."""
        await self._async_set(tilt=kwargs[ATTR_TILT_POSITION])

    @override
    async def async_stop_cover(self, **kwargs: Any) -> None:
        """Stop the cover and its slats."""
        await self._async_execute(Command.stop(self.key))

    @override
    async def async_stop_cover_tilt(self, **kwargs: Any) -> None:
        """Stop the cover and its slats: there is one command for both (C-54)."""
        await self.async_stop_cover(**kwargs)

    # Nothing but these two knows of reversed covers.

    @property
    def _state(self) -> CurtainState:
        return inverted(self.endpoint.state) if self._is_reversed else self.endpoint.state

    async def _async_set(self, **fields: int) -> None:
        if self._is_reversed:
            fields = {name: _OPEN - value for name, value in fields.items()}
        await self._async_execute(Command.set(self.key, **fields))


def inverted(state: CurtainState) -> CurtainState:
    """Return the state of a curtain that is mounted reversed. Inverting it twice changes nothing."""
    return CurtainState(
        position=None if state.position is None else _OPEN - state.position,
        tilt=None if state.tilt is None else _OPEN - state.tilt,
        motion=state.motion and _OPPOSITES.get(state.motion, state.motion),
    )


def _supported_features(features: CurtainFeatures) -> CoverEntityFeature:
    supported = CoverEntityFeature.OPEN | CoverEntityFeature.CLOSE
    if features.position:
        supported |= CoverEntityFeature.SET_POSITION
    if features.stop:
        supported |= CoverEntityFeature.STOP
    if features.tilt:
        supported |= CoverEntityFeature.OPEN_TILT | CoverEntityFeature.CLOSE_TILT | CoverEntityFeature.SET_TILT_POSITION
        if features.stop:
            supported |= CoverEntityFeature.STOP_TILT
    return supported

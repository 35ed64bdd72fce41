"""Covers: curtains, rollers, blinds, shutters and awnings."""

from typing import Any, override

from homeassistant.components.cover import (
    ATTR_POSITION,
    ATTR_TILT_POSITION,
    CoverDeviceClass,
    CoverEntity,
    CoverEntityFeature,
)
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud import Command
from .cloud.models import CurtainEndpoint, CurtainFeatures, CurtainKind, CurtainState, Motion
from .const import CONF_REVERSED_COVERS
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartEntity, async_setup_endpoints

# Commands that are given at once leave as one request: to let them in one by one would undo that.
PARALLEL_UPDATES = 0

_DEVICE_CLASSES = {
    CurtainKind.CURTAIN: CoverDeviceClass.CURTAIN,
    CurtainKind.ROLLER: CoverDeviceClass.SHADE,
    CurtainKind.BLIND: CoverDeviceClass.BLIND,
    CurtainKind.SHUTTER: CoverDeviceClass.SHUTTER,
    CurtainKind.AWNING: CoverDeviceClass.AWNING,
}

_MOVING = {Motion.OPENING, Motion.CLOSING}

_OPEN = 100
_CLOSED = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's covers."""
    async_setup_endpoints(entry, async_add_entities, CurtainEndpoint, WeSmartCover)


class WeSmartCover(WeSmartEntity[CurtainEndpoint], CoverEntity):
    """Something that opens and closes; the contract counts as Home Assistant does, 100 is open."""

    def __init__(self, coordinator: WeSmartCoordinator, endpoint: CurtainEndpoint) -> None:
        """Show a curtain, the other way round if its owner has said so."""
        super().__init__(coordinator, endpoint)
        # On whose behalf it moves: Home Assistant itself forgets that after five seconds, and a curtain takes twenty.
        self._mover: Context | None = None
        # Whose calls are on their way to the cloud: what happens meanwhile is theirs.
        self._callers: list[Context | None] = []
        self._reversed = self.unique_id in coordinator.config_entry.options.get(CONF_REVERSED_COVERS, ())

    @callback
    @override
    def _describe(self) -> None:
        """Take over what kind of cover it is, and what it can do."""
        super()._describe()
        self._attr_device_class = _DEVICE_CLASSES.get(self.endpoint.features.kind)
        self._attr_supported_features = _supported_features(self.endpoint.features)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Name who moved it until it has arrived, or until somebody turns it round."""
        before = self.endpoint.state.motion
        endpoint = self.coordinator.live.endpoint(self.endpoint.key)
        after = endpoint.state.motion if isinstance(endpoint, CurtainEndpoint) else None
        mover = self._callers[-1] if self._callers else self._mover
        if {before, after} == _MOVING and not self._callers:
            # Somebody turned it round at the wall.
            self._mover = None
            self.async_set_context(Context())
        elif mover is not None:
            self.async_set_context(mover)
        super()._handle_coordinator_update()
        if after not in _MOVING:
            self._mover = None

    @property
    @override
    def current_cover_position(self) -> int | None:
        """How far it is open, where it can tell."""
        position = self._state.position
        return round(position) if position is not None and self.endpoint.features.position else None

    @property
    @override
    def current_cover_tilt_position(self) -> int | None:
        """How far its slats are open."""
        tilt = self._state.tilt
        return round(tilt) if tilt is not None and self.endpoint.features.tilt else None

    @property
    @override
    def is_closed(self) -> bool | None:
        """Whether it is closed; None where nobody knows."""
        position = self._state.position
        return None if position is None else round(position) == _CLOSED

    @property
    @override
    def is_opening(self) -> bool:
        """Whether it is on its way up."""
        return self._state.motion is Motion.OPENING

    @property
    @override
    def is_closing(self) -> bool:
        """Whether it is on its way down."""
        return self._state.motion is Motion.CLOSING

    @override
    async def async_open_cover(self, **kwargs: Any) -> None:
        """Open all the way."""
        await self._async_set(position=_OPEN)

    @override
    async def async_close_cover(self, **kwargs: Any) -> None:
        """Close all the way."""
        await self._async_set(position=_CLOSED)

    @override
    async def async_set_cover_position(self, **kwargs: Any) -> None:
        """Move to a position."""
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
        """Turn the slats."""
        await self._async_set(tilt=kwargs[ATTR_TILT_POSITION])

    @override
    async def async_stop_cover(self, **kwargs: Any) -> None:
        """Stop where it is."""
        await self._async_execute(Command.stop(self.endpoint.key))

    @override
    async def async_stop_cover_tilt(self, **kwargs: Any) -> None:
        """Stop where it is; one stop ends the move and the tilt (contract, "Commands")."""
        await self.async_stop_cover(**kwargs)

    @override
    async def _async_execute(self, command: Command) -> None:
        caller = self._context
        self._callers.append(caller)
        try:
            await super()._async_execute(command)
        finally:
            self._callers.remove(caller)
        self._mover = caller if self.endpoint.state.motion in _MOVING else None

    @property
    def _state(self) -> CurtainState:
        """What it does as its owner sees it; this and `_async_set` are all that knows of turning."""
        return turned(self.endpoint.state) if self._reversed else self.endpoint.state

    async def _async_set(self, **fields: int) -> None:
        if self._reversed:
            fields = {name: _OPEN - value for name, value in fields.items()}
        await self._async_execute(Command.set(self.endpoint.key, **fields))


def turned(state: CurtainState) -> CurtainState:
    """Return what a curtain does for somebody to whom its open is closed; turning it twice changes nothing."""
    return CurtainState(
        position=None if state.position is None else _OPEN - state.position,
        tilt=None if state.tilt is None else _OPEN - state.tilt,
        motion=state.motion and state.motion.opposite,
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

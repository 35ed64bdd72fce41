"""Scenes of the homes."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.scene import Scene as SceneEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.commands import Command
from .cloud.models import HomeOutline, Scene
from .cloud.state import Changes
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import EntityManager, WeSmartEntity
from .formatting import short
from .identifiers import scene_unique_id

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the scenes of the account's homes, now and whenever one is added."""
    coordinator = entry.runtime_data

    def create(home_id: str) -> Iterator[WeSmartScene]:
        homes = coordinator.state.homes
        if home := homes.get(home_id):
            elsewhere = {scene.name for other in homes.values() if other.id != home_id for scene in other.scenes}
            for scene in home.scenes:
                yield WeSmartScene(coordinator, home, scene, is_ambiguous=scene.name in elsewhere)

    @callback
    def handle_changes(changes: Changes) -> None:
        if changes.homes:
            # The names of scenes depend on those of other homes.
            manager.async_update({*changes.homes, *coordinator.state.homes})

    manager = EntityManager(hass, entry, async_add_entities, Platform.SCENE, create)
    entry.async_on_unload(coordinator.async_add_structure_listener(handle_changes))
    await manager.async_start(coordinator.state.homes)


class WeSmartScene(WeSmartEntity, SceneEntity):
    """A scene. It has no device, so that Assist knows it by its own name."""

    def __init__(self, coordinator: WeSmartCoordinator, home: HomeOutline, scene: Scene, *, is_ambiguous: bool) -> None:
        """Show a scene of a home; it is also called by its home if another one has a scene of that name."""
        super().__init__(coordinator)
        self._scene_id = scene.id
        self._attr_unique_id = scene_unique_id(coordinator.config_entry, home.id, scene.id)
        name = short(scene.name or scene.id)
        self._attr_name = f"{name} {short(home.name)}".strip() if is_ambiguous else name

    @override
    async def async_activate(self, **kwargs: Any) -> None:
        """Activate the scene."""
        await self._async_execute(Command.activate(self._scene_id))

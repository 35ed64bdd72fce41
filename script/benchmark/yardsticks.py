"""Two integrations to compare with; both trust the cloud and the network completely, and only show things.

The floor does the least that still has the same entities with unique IDs and devices: a lookup and a state for each event. The
textbook is the `DataUpdateCoordinator` of Home Assistant's documentation, with push.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
import logging
from typing import Any, override
import uuid

import aiohttp
from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.components.light import ColorMode, LightEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import HANDLERS, ConfigEntry, ConfigFlow
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import ToggleEntity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator
import orjson
from pytest_homeassistant_custom_component import common

PLATFORMS = (Platform.BINARY_SENSOR, Platform.LIGHT, Platform.SWITCH)

type Json = dict[str, Any]
type Key = tuple[str, str]
type Endpoints = dict[Key, tuple[Json, Json]]
"""Device and endpoint by their IDs."""


class _Cloud:
    """As much of the contract as the yardsticks need."""

    def __init__(self, http: aiohttp.ClientSession, data: Mapping[str, Any]) -> None:
        self._http = http
        self._data = data
        self._headers = {"Authorization": f"Bearer {data['access_token']}"}
        self._position: Json = {}

    async def snapshot(self) -> Endpoints:
        async with self._http.get(self._data["api_url"] + "/snapshot", headers=self._headers) as response:
            snapshot = orjson.loads(await response.read())
        self._position = {"since": str(snapshot["seq"]), "epoch": snapshot["epoch"]}
        devices = [device for home in snapshot["homes"] for device in home["devices"]]
        return {(device["id"], end["id"]): (device, end) for device in devices for end in device["endpoints"]}

    async def events(self) -> AsyncIterator[tuple[Key, Json]]:
        url = self._data["events_url"]
        async with self._http.ws_connect(url, params=self._position, headers=self._headers) as socket:
            async for message in socket:
                frame = orjson.loads(message.data)
                if frame["type"] == "events":
                    for event in frame["events"]:
                        yield (event["device_id"], event["endpoint_id"]), event["state"]


class _Floor:
    data: Endpoints

    def __init__(self, _hass: HomeAssistant, _entry: ConfigEntry, cloud: _Cloud) -> None:
        self._cloud = cloud
        self.write: dict[Key, Callable[[], None]] = {}

    async def async_config_entry_first_refresh(self) -> None:
        self.data = await self._cloud.snapshot()

    async def follow(self) -> None:
        async for key, state in self._cloud.events():
            self.data[key][1]["state"].update(state)
            self.write[key]()


class _Textbook(DataUpdateCoordinator[Endpoints]):
    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, cloud: _Cloud) -> None:
        logger, interval = logging.getLogger(__name__), timedelta(seconds=30)
        super().__init__(hass, logger, name="Textbook", config_entry=entry, update_interval=interval)
        self._cloud = cloud

    @override
    async def _async_update_data(self) -> Endpoints:
        return await self._cloud.snapshot()

    async def follow(self) -> None:
        async for key, state in self._cloud.events():
            self.data[key][1]["state"].update(state)
            self.async_set_updated_data(self.data)


class _Entity(ToggleEntity):
    _attr_has_entity_name = True
    _attr_name: str | None = None
    _attr_should_poll = False

    def __init__(self, account: _Floor | _Textbook, key: Key, domain: str) -> None:
        self.account = account
        self.key = key
        device, endpoint = account.data[key]
        self.endpoint_state: Json = endpoint["state"]
        self._attr_unique_id = f"{key[0]}:{key[1]}"
        self._attr_device_info = DeviceInfo(
            identifiers={(domain, key[0])},
            manufacturer="WeSMART",
            model=device["model"],
            name=device["name"],
            serial_number=device["serial"],
            sw_version=device["firmware"],
            suggested_area=device["room_id"],
        )

    @property
    def is_on(self) -> bool:
        return bool(self.endpoint_state["on"])


class _Connectivity(BinarySensorEntity):
    """Whether a device is connected, as WeSMART shows it."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, account: _Floor | _Textbook, key: Key, domain: str) -> None:
        device, _ = account.data[key]
        self._attr_is_on = device["online"]
        self._attr_unique_id = f"{key[0]}:connectivity"
        self._attr_device_info = DeviceInfo(identifiers={(domain, key[0])})


class _FloorEntity(_Entity):
    def __init__(self, account: _Floor, key: Key) -> None:
        super().__init__(account, key, "floor")
        account.write[key] = self.async_write_ha_state


class _TextbookEntity(_Entity, CoordinatorEntity[_Textbook]):
    def __init__(self, account: _Textbook, key: Key) -> None:
        CoordinatorEntity.__init__(self, account, context=key)
        _Entity.__init__(self, account, key, "textbook")

    @override
    def _handle_coordinator_update(self) -> None:
        self.endpoint_state = self.coordinator.data[self.key][1]["state"]
        self.async_write_ha_state()


class _Light(LightEntity):
    endpoint_state: Json
    _attr_color_mode: ColorMode | None = ColorMode.BRIGHTNESS
    _attr_supported_color_modes: set[ColorMode] | None = {ColorMode.BRIGHTNESS}  # noqa: RUF012  # as the documentation

    @property
    @override
    def brightness(self) -> int:
        return round(float(self.endpoint_state["brightness"]) * 2.55)


# The account and the entities of each yardstick.
_YARDSTICKS: dict[str, tuple[type[_Floor | _Textbook], type[_Entity]]] = {
    "floor": (_Floor, _FloorEntity),
    "textbook": (_Textbook, _TextbookEntity),
}
_DOMAINS: dict[Platform, type[ToggleEntity]] = {Platform.LIGHT: _Light, Platform.SWITCH: SwitchEntity}


def install(hass: HomeAssistant, name: str) -> None:
    """Make a yardstick an integration of this Home Assistant."""
    account_type, entity_type = _YARDSTICKS[name]

    async def set_up(hass: HomeAssistant, entry: ConfigEntry[_Floor | _Textbook]) -> bool:
        account = entry.runtime_data = account_type(hass, entry, _Cloud(async_get_clientsession(hass), entry.data))
        await account.async_config_entry_first_refresh()
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        entry.async_create_background_task(hass, account.follow(), name)
        return True

    async def unload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)

    def platform(domain: Platform) -> common.MockPlatform:
        entity: Any = type(f"{name} {domain}", (entity_type, _DOMAINS.get(domain, ToggleEntity)), {})

        async def set_up(
            _hass: HomeAssistant, entry: ConfigEntry[_Floor | _Textbook], add: AddConfigEntryEntitiesCallback
        ) -> None:
            account = entry.runtime_data
            if domain is Platform.BINARY_SENSOR:
                add(_Connectivity(account, key, name) for key in account.data)
            else:
                add(entity(account, key) for key, (_, endpoint) in account.data.items() if endpoint["type"] == domain)

        return common.MockPlatform(async_setup_entry=set_up)

    common.mock_integration(hass, common.MockModule(name, async_setup_entry=set_up, async_unload_entry=unload))
    common.mock_platform(hass, f"{name}.config_flow")
    HANDLERS[name] = ConfigFlow
    for domain in PLATFORMS:
        common.mock_platform(hass, f"{name}.{domain}", platform(domain))


async def add_account(hass: HomeAssistant, name: str, server: str, username: str, password: str) -> ConfigEntry:
    """Log in and set up a config entry of a yardstick."""
    http = async_get_clientsession(hass)
    async with http.get(f"{server}/.well-known/wesmart") as response:
        data = await response.json()
    form = {"grant_type": "password", "username": username, "password": password, "client_id": "home-assistant"}
    form["session_id"] = str(uuid.uuid4())
    async with http.post(data["token_endpoint"], data=form, raise_for_status=True) as response:
        data |= await response.json()
    entry: ConfigEntry = common.MockConfigEntry(domain=name, title=name, data=data)
    await hass.config_entries.async_add(entry)
    return entry

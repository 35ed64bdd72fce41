"""Sensors: meters, what devices report of themselves, and the account."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    Platform,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from . import identifiers
from .cloud.models import Device, EndpointKey, SwitchEndpoint, SwitchState
from .const import DOMAIN
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartDeviceEntity, WeSmartEndpointEntity, WeSmartEntity, async_setup_entities
from .listeners import ACCOUNT

# They send no requests.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MeterDescription(SensorEntityDescription):
    """A value that a metering switch reports."""

    value_fn: Callable[[SwitchState], float | None]
    # A busy meter reports every second. Statistics are made every five minutes, and ten seconds are soon enough for an
    # automation that waits for the end of a washing program. So the recorder keeps a tenth of the powers, and fewer energies.
    interval_s: float


METERS = (
    MeterDescription(
        key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=lambda state: state.power_w,
        interval_s=10,
    ),
    MeterDescription(
        key="energy",
        device_class=SensorDeviceClass.ENERGY,
        # A meter that was replaced or reset begins at 0, which Home Assistant takes for a new cycle.
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda state: state.energy_kwh,
        interval_s=60,
    ),
)


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """A value that a device reports of itself."""

    value_fn: Callable[[Device], float | None]


DEVICE_SENSORS = (
    DeviceSensorDescription(
        key="signal",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda device: device.signal_dbm,
    ),
    DeviceSensorDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
        value_fn=lambda device: device.battery_percent,
    ),
)


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """Something known of an account."""

    value_fn: Callable[[WeSmartCoordinator], str | datetime | None]
    # Whether it is shown while the server cannot be reached.
    is_kept: bool = False
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


ACCOUNT_SENSORS = (
    AccountSensorDescription(
        key="connection",
        translation_key="connection",
        device_class=SensorDeviceClass.ENUM,
        options=["push", "polling"],
        value_fn=lambda coordinator: "push" if coordinator.connection.streaming else "polling",
    ),
    AccountSensorDescription(
        key="connection_since",
        translation_key="connection_since",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda coordinator: coordinator.streaming_changed_at,
    ),
    AccountSensorDescription(
        key="maintenance_start",
        is_kept=True,
        translation_key="maintenance_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda coordinator: coordinator.maintenance.starts_at if coordinator.maintenance else None,
    ),
    AccountSensorDescription(
        key="maintenance_end",
        is_kept=True,
        translation_key="maintenance_end",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda coordinator: coordinator.maintenance.ends_at if coordinator.maintenance else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the account and of its devices."""
    async_add_entities(WeSmartAccountSensor(entry.runtime_data, description) for description in ACCOUNT_SENSORS)
    await async_setup_entities(hass, entry, async_add_entities, Platform.SENSOR, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartMeter | WeSmartDeviceSensor]:
    for key, endpoint in coordinator.state.endpoints_of(device_id):
        if isinstance(endpoint, SwitchEndpoint) and endpoint.features.metering:
            for description in METERS:
                yield WeSmartMeter(coordinator, key, endpoint, description)
    device = coordinator.state.devices.get(device_id)
    if device is None:
        return
    for sensor in DEVICE_SENSORS:
        if sensor.value_fn(device) is not None or _is_known(coordinator, device_id, sensor.key):
            yield WeSmartDeviceSensor(coordinator, device_id, sensor)


def _is_known(coordinator: WeSmartCoordinator, device_id: str, kind: str) -> bool:
    """Return whether a device has reported a value before: an offline one does not."""
    unique_id = identifiers.unique_id(coordinator.config_entry, EndpointKey(device_id), kind)
    return bool(er.async_get(coordinator.hass).async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id))


class WeSmartMeter(WeSmartEndpointEntity[SwitchEndpoint], SensorEntity):
    """A value of a metering switch. While only the value changes, it is written once per interval at most."""

    entity_description: MeterDescription

    def __init__(
        self,
        coordinator: WeSmartCoordinator,
        key: EndpointKey,
        endpoint: SwitchEndpoint,
        description: MeterDescription,
    ) -> None:
        """Show a value of an endpoint."""
        self.entity_description = description
        super().__init__(coordinator, key, endpoint, description.key)
        self._written_at = -float("inf")
        self._written = self._rest_of_state(endpoint)
        self._cancel_write: CALLBACK_TYPE | None = None

    @callback
    @override
    def _describe(self) -> None:
        """Be called by the device class, with a number if the endpoint has one."""
        super()._describe()
        self._attr_translation_key = f"{self.entity_description.key}_numbered"
        if self._number is None:
            # The name of the device class is only used without a key.
            del self._attr_name
            self._attr_translation_key = None

    @property
    @override
    def native_value(self) -> float | None:
        """The value, if the meter knows it."""
        return self.entity_description.value_fn(self.endpoint.state)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Cancel a write that waits."""
        if self._cancel_write is not None:
            self._cancel_write()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the value now, or when the interval since the last one is over."""
        endpoint = self.coordinator.state.endpoints.get(self.key)
        if not isinstance(endpoint, SwitchEndpoint):
            return  # it was removed, and this entity is about to be
        rest = self._rest_of_state(endpoint)
        if rest == self._written:
            is_same = self.entity_description.value_fn(endpoint.state) == self.native_value
            if is_same or self._cancel_write is not None:
                return
            remaining = self._written_at + self.entity_description.interval_s - self.hass.loop.time()
            if remaining > 0:
                self._cancel_write = async_call_later(self.hass, remaining, self._write)
                return
        self._written = rest
        self._write()

    def _rest_of_state(self, endpoint: SwitchEndpoint) -> tuple[object, ...]:
        """Return everything that the state is made of, except the value; of that, whether it is known."""
        is_available = self.coordinator.state.devices[self.key.device_id].online and self.coordinator.available
        is_known = self.entity_description.value_fn(endpoint.state) is not None
        return is_available, is_known, endpoint.name, endpoint.features, self._number

    @callback
    def _write(self, _now: datetime | None = None) -> None:
        if self._cancel_write is not None:
            self._cancel_write()
            self._cancel_write = None
        self._written_at = self.hass.loop.time()
        super()._handle_coordinator_update()


class WeSmartDeviceSensor(WeSmartDeviceEntity, SensorEntity):
    """A value that a device reports of itself."""

    entity_description: DeviceSensorDescription

    def __init__(self, coordinator: WeSmartCoordinator, device_id: str, description: DeviceSensorDescription) -> None:
        """Show a value of a device."""
        super().__init__(coordinator, EndpointKey(device_id), description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | None:
        """The value, if it is known."""
        return self.entity_description.value_fn(self.device)


class WeSmartAccountSensor(WeSmartEntity, SensorEntity):
    """Something known of the account."""

    entity_description: AccountSensorDescription

    def __init__(self, coordinator: WeSmartCoordinator, description: AccountSensorDescription) -> None:
        """Belong to the account's service."""
        super().__init__(coordinator, ACCOUNT)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}:{description.key}"
        self._attr_device_info = identifiers.account_device_info(coordinator.config_entry)

    @property
    @override
    def available(self) -> bool:
        """Whether the value is known: the end of a maintenance also during it."""
        return super().available or self.entity_description.is_kept

    @property
    @override
    def native_value(self) -> str | datetime | None:
        """The value, if it is known."""
        return self.entity_description.value_fn(self.coordinator)

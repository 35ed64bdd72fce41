// An account's homes: a snapshot, then the events of the contract's stream.

/** Applies frames in order; `changed(event)` is called after each event that the homes show. */
export class Model {
  constructor(changed) {
    this.homes = [];
    this.seq = 0;
    this.changed = changed;
  }

  load(snapshot) {
    this.homes = snapshot.homes;
    this.seq = snapshot.seq;
  }

  /** Apply an event; return false if one is missing before it, so that the page takes a snapshot. */
  apply(event) {
    if (event.seq <= this.seq) return true;
    if (event.seq !== this.seq + 1) return false;
    this.seq = event.seq;
    this.change(event);
    this.changed(event);
    return true;
  }

  change(event) {
    const { kind } = event;
    if (kind === "state") {
      const endpoint = this.endpoint(event.device_id, event.endpoint_id);
      if (endpoint) Object.assign(endpoint.state, event.state);
    } else if (kind === "device") {
      replace(this.homes.find((home) => home.id === event.device.home_id)?.devices ?? [], event.device);
    } else if (kind === "device_removed") {
      for (const home of this.homes) home.devices = home.devices.filter((device) => device.id !== event.device_id);
    } else if (kind === "home") {
      replace(this.homes, { devices: [], ...this.homes.find((home) => home.id === event.home.id), ...event.home });
    } else if (kind === "home_removed") {
      this.homes = this.homes.filter((home) => home.id !== event.home_id);
    }
  }

  devices() {
    return this.homes.flatMap((home) => home.devices);
  }

  device(deviceId) {
    return this.devices().find((device) => device.id === deviceId);
  }

  endpoint(deviceId, endpointId) {
    return this.device(deviceId)?.endpoints.find((endpoint) => endpoint.id === endpointId);
  }

  /** Return what people call an endpoint. */
  nameOf(deviceId, endpointId) {
    const device = this.device(deviceId);
    if (!device) return deviceId;
    const endpoint = device.endpoints.find((one) => one.id === endpointId);
    return [deviceName(device), endpoint?.name].filter(Boolean).join(" · ");
  }
}

export function deviceName(device) {
  return device.name ?? device.model;
}

function replace(items, item) {
  const index = items.findIndex((one) => one.id === item.id);
  if (index < 0) items.push(item);
  else items[index] = item;
}

// The cards of devices, and the rooms that they are in.

import { glow, mixed } from "./color.js";
import { button, call, el, icon, setVars } from "./dom.js";
import { deviceName } from "./model.js";
import { openSheet } from "./sheet.js";
import { t } from "./texts.js";
import { curtain, gang, lamp, meter, pressable, socket, unknown } from "./widgets.js";

/** Create the card of a device: `show(endpointId)` follows its state, `run()` its meters. */
export function createCard(device, home) {
  const widgets = new Map();
  const add = (endpoint, ...made) => {
    widgets.set(endpoint.id, [endpoint, made]);
    return made.map((each) => each.node);
  };
  const gangs = [];
  const keys = [];
  const others = [];
  for (const endpoint of device.endpoints) {
    const { type, features } = endpoint;
    const meters = features.metering ? [meter(device, endpoint)] : [];
    if (type === "switch" && !features.outlet) {
      const [node, ...more] = add(endpoint, gang(device, endpoint, otherRoom(endpoint, device, home)), ...meters);
      gangs.push(node);
      others.push(...more);
    } else if (type === "button") {
      keys.push(...add(endpoint, pressable(device, endpoint)));
    } else {
      const draw = { light: lamp, curtain, switch: socket }[type] ?? unknown;
      const isOne = device.endpoints.length === 1 || !endpoint.name;
      others.push(...(isOne ? [] : [el("h4", {}, endpoint.name)]), ...add(endpoint, draw(device, endpoint), ...meters));
    }
  }
  if (gangs.length) others.unshift(el("div", { class: "panel", "data-gangs": gangs.length }, ...gangs));
  if (keys.length) others.unshift(el("div", { class: "panel keypad", "data-gangs": keys.length }, ...keys));
  const name = deviceName(device);
  const node = el(
    "article",
    { class: "card", "data-device": device.id },
    el(
      "header",
      {},
      el("h3", {}, name),
      status(device),
      plug(device, name),
      button(t("details", { device: name }), "quiet", () => openSheet(device, home), icon("more")),
    ),
    el("div", { class: "body", inert: !device.online }, ...others),
    device.online ? null : el("p", { class: "cover" }, t("offline")),
  );
  node.classList.toggle("offline", !device.online);
  node.classList.toggle("wide", gangs.length > 2 || keys.length > 2);
  const show = (endpointId) => {
    const [endpoint, made] = widgets.get(endpointId) ?? [];
    for (const each of made ?? []) each.show(endpoint.state);
  };
  for (const endpointId of widgets.keys()) show(endpointId);
  const each = (visit) => widgets.forEach(([, made], endpointId) => made.forEach((one) => visit(one, endpointId)));
  return {
    node,
    show,
    run: () => each((one) => one.run?.()),
    pressed: (pressedId, kind) => each((one, endpointId) => endpointId === pressedId && one.pressed?.(kind)),
  };
}

function status(device) {
  const parts = [];
  if (typeof device.battery_percent === "number") {
    const low = device.battery_percent < 20;
    parts.push(
      el("span", {
        class: low ? "battery low" : "battery",
        title: `${t("battery")}: ${device.battery_percent} %`,
        vars: { level: device.battery_percent / 100 },
      }),
    );
  }
  return el("span", { class: "status" }, ...parts);
}

function plug(device, name) {
  const label = t(device.online ? "unplug" : "plug", { device: name });
  const toggle = () => call("set_online", { device_id: device.id, online: !device.online }).catch(() => {});
  return button(label, "quiet plug", toggle, icon(device.online ? "online" : "offline"));
}

function roomOf(item, home) {
  return home.rooms.find((room) => room.id === item.room_id);
}

function otherRoom(endpoint, device, home) {
  const room = roomOf(endpoint, home);
  return room && room.id !== device.room_id ? room.name : null;
}

/** Create the rooms of a home from the cards of its devices. */
export function createRooms(home, cards) {
  const rooms = [...home.rooms, { id: null, name: t("no_room") }].map((room) => createRoom(room, home, cards));
  return rooms.filter((room) => room.node);
}

function createRoom(room, home, cards) {
  const devices = home.devices.filter((device) => (roomOf(device, home)?.id ?? null) === room.id);
  const guests = home.devices
    .filter((device) => !devices.includes(device))
    .flatMap((device) =>
      device.endpoints.filter((one) => room.id && one.room_id === room.id).map((one) => [device, one]),
    );
  if (!devices.length && !guests.length) return {};
  const own = devices.flatMap((device) =>
    device.endpoints.filter((one) => !otherRoom(one, device, home)).map((one) => [device, one]),
  );
  const count = el("small", {});
  const narrow = devices.map((device) => cards.get(device.id).node).filter((card) => !card.classList.contains("wide"));
  if (narrow.length % 2) narrow.at(-1)?.classList.add("wide");
  const spots = guests.map(([device, endpoint]) => [
    endpoint,
    el(
      "div",
      { class: "spot" },
      icon(endpoint.features.controls ?? "light"),
      el("span", {}, endpoint.name ?? endpoint.id, el("small", {}, t("from_panel", { device: deviceName(device) }))),
    ),
  ]);
  const node = el(
    "section",
    { class: "room" },
    el("header", {}, el("h2", {}, room.name), count),
    el("div", { class: "grid" }, ...devices.map((device) => cards.get(device.id).node)),
    el("div", { class: "spots" }, ...spots.map(([, spot]) => spot)),
  );
  const show = () => {
    const all = [...own, ...guests].filter(([device]) => device.online).map(([, endpoint]) => endpoint);
    const lit = all.filter((one) => one.type === "light" || one.features.controls === "light");
    const { color, strength } = mixed(lit.map(glow));
    setVars(node, { light: color.join(" "), strength });
    const on = all.filter((one) => one.state.on === true).length;
    count.textContent = on ? t("on_count", { n: on }) : "";
    for (const [endpoint, spot] of spots) spot.classList.toggle("on", endpoint.state.on === true);
  };
  show();
  return { node, show };
}

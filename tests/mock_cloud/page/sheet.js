// The details of a device, and what can be done to it beside using it.

import { button, call, el, icon } from "./dom.js";
import { deviceName } from "./model.js";
import { t } from "./texts.js";

/** Open the details; they show the device as it was when they were opened. */
export function openSheet(device, home) {
  const sheet = document.getElementById("sheet");
  const change = (name, parameters) =>
    call(name, { device_id: device.id, ...parameters }).then(
      () => sheet.close(),
      () => {},
    );
  const fact = (label, value) =>
    value === undefined || value === null ? [] : [el("dt", {}, t(label)), el("dd", {}, String(value))];
  const name = el("input", { value: device.name ?? "", "aria-label": t("name") });
  const rooms = [{ id: "", name: t("no_room") }, ...home.rooms];
  const room = el(
    "select",
    { "aria-label": t("room"), on: { change: () => change("update_device", { room_id: room.value || null }) } },
    ...rooms.map((one) => el("option", { value: one.id }, one.name)),
  );
  room.value = home.rooms.some((one) => one.id === device.room_id) ? device.room_id : "";
  sheet.replaceChildren(
    el(
      "header",
      {},
      el("h2", {}, deviceName(device)),
      button(t("close"), "quiet", () => sheet.close(), icon("close")),
    ),
    el(
      "dl",
      { class: "values" },
      ...fact("model", device.model),
      ...fact("firmware", device.firmware),
      ...fact("serial", device.serial),
      ...fact("signal", device.signal_dbm && `${device.signal_dbm} dBm`),
      ...fact("battery", device.battery_percent && `${device.battery_percent} %`),
      ...fact("id", device.id),
    ),
    el(
      "div",
      { class: "row" },
      name,
      button(t("rename"), "small", () => change("update_device", { name: name.value || null }), t("rename")),
    ),
    el(
      "div",
      { class: "row" },
      room,
      button(t("remove"), "small danger", () => change("remove_device"), t("remove")),
    ),
    ...device.endpoints.map((endpoint) => endpointForm(endpoint, change)),
  );
  sheet.showModal();
}

/** A form for any endpoint, also of a type that the page cannot draw: its state as JSON. */
function endpointForm(endpoint, change) {
  const text = JSON.stringify(endpoint.state, null, 1);
  const state = el("textarea", {
    rows: Math.min(8, text.split("\n").length),
    spellcheck: "false",
    "aria-label": t("state"),
  });
  state.value = text;
  const report = () => {
    try {
      change("touch", { endpoint_id: endpoint.id, ...JSON.parse(state.value) });
    } catch (error) {
      state.setCustomValidity(error.message);
      state.reportValidity();
    }
  };
  state.addEventListener("input", () => state.setCustomValidity(""));
  return el(
    "details",
    {},
    el("summary", {}, `${endpoint.name ?? endpoint.id} · ${endpoint.type}`),
    el("p", { class: "code" }, `${t("features")}: ${JSON.stringify(endpoint.features)}`),
    state,
    button(t("touch"), "small", report, t("touch")),
  );
}

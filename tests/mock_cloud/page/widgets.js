// How endpoints are drawn and used. Each function returns its node and a function that shows a state.

import { glow } from "./color.js";
import { button, call, el, icon, setVars, throttled } from "./dom.js";
import { number, t } from "./texts.js";

// How long a button is held, and how long a second press is waited for.
const HOLD_MS = 600;
const DOUBLE_MS = 280;

/** A slider that follows the state, but not while somebody drags it. */
function slider(label, className, [least, most], send) {
  const input = el("input", {
    type: "range",
    class: `slider ${className}`,
    min: least,
    max: most,
    "aria-label": label,
    title: label,
  });
  const sending = throttled(send);
  let held = false;
  const fill = () => setVars(input, { fill: `${((input.value - least) / (most - least)) * 100}%` });
  input.addEventListener("pointerdown", () => (held = true));
  for (const event of ["pointerup", "pointercancel", "blur"]) input.addEventListener(event, () => (held = false));
  input.addEventListener("input", () => {
    fill();
    sending(Number(input.value));
  });
  const show = (value) => {
    if (held || typeof value !== "number") return;
    input.value = value;
    fill();
  };
  return { node: input, show };
}

/** Write beside a slider what it sets, where its color does not say so. */
function captioned(text, each) {
  return el("label", { class: "caption" }, el("span", {}, text), each.node);
}

function touching(device, endpoint) {
  return (state) => call("touch", { device_id: device.id, endpoint_id: endpoint.id, ...state }).catch(() => {});
}

/** A gang of a touch panel; `controls` says what hangs on it, if the endpoint knows. */
export function gang(device, endpoint, room) {
  const touch = touching(device, endpoint);
  const name = endpoint.name ?? device.name ?? endpoint.id;
  const ring = el("span", { class: "ring" }, icon(endpoint.features.controls ?? "power"));
  const label = el("span", { class: "gang-name" }, name);
  if (room) label.append(el("small", {}, t("in_room", { room })));
  const node = button(name, "gang", () => touch({ on: node.getAttribute("aria-pressed") !== "true" }), ring, label);
  return { node, show: (state) => node.setAttribute("aria-pressed", String(state.on === true)) };
}

/** A scene button: press, press twice, or hold; each also has a small button of its own. */
export function pressable(device, endpoint) {
  const known = endpoint.features.presses ?? [];
  const name = endpoint.name ?? endpoint.id;
  const press = (kind) =>
    call("press", { device_id: device.id, endpoint_id: endpoint.id, press: kind }).catch(() => {});
  let holding = 0;
  let waiting = 0;
  let wasHeld = false;
  const big = button(name, "key", clicked, el("span", { class: "ring" }), el("span", { class: "gang-name" }, name));
  function clicked() {
    if (wasHeld) return void (wasHeld = false);
    if (!known.includes("double")) return void press("single");
    if (waiting) {
      clearTimeout(waiting);
      waiting = 0;
      return void press("double");
    }
    waiting = setTimeout(() => {
      waiting = 0;
      press("single");
    }, DOUBLE_MS);
  }
  big.addEventListener("pointerdown", () => {
    wasHeld = false;
    if (known.includes("long")) {
      holding = setTimeout(() => {
        wasHeld = true;
        press("long");
      }, HOLD_MS);
    }
  });
  for (const event of ["pointerup", "pointerleave", "pointercancel"])
    big.addEventListener(event, () => clearTimeout(holding));
  big.addEventListener("contextmenu", (event) => event.preventDefault());
  const small = known.map((kind) => button(`${name}: ${t(kind)}`, "chip", () => press(kind), t(kind)));
  const node = el("div", { class: "key-box" }, big, el("div", { class: "chips" }, ...small));
  const pressed = (kind) => {
    big.dataset.pressed = t(kind);
    big.classList.remove("ripple");
    void big.offsetWidth; // starts the animation again
    big.classList.add("ripple");
  };
  return { node, show: () => {}, pressed };
}

/** A lamp with what it can: brightness, white, color, effects. */
export function lamp(device, endpoint) {
  const { features } = endpoint;
  const touch = touching(device, endpoint);
  const bulb = el("span", { class: features.color ? "bulb orb" : "bulb" });
  const stage = button(
    endpoint.name ?? device.name ?? endpoint.id,
    "stage lamp",
    () => touch({ on: stage.getAttribute("aria-pressed") !== "true" }),
    el("span", { class: "halo" }),
    el("span", { class: "beam" }),
    el("span", { class: "cord" }),
    bulb,
    el("span", { class: "stage-text" }),
  );
  const text = stage.querySelector(".stage-text");
  const sliders = {};
  if (features.brightness)
    sliders.brightness = slider(t("brightness"), "bright", [1, 100], (value) => touch({ on: true, brightness: value }));
  const span = features.color_temp;
  if (span)
    sliders.color_temp_kelvin = slider(t("white"), "white", [span.min_kelvin, span.max_kelvin], (value) =>
      touch({ color_temp_kelvin: value }),
    );
  if (features.color) {
    sliders.hue = slider(t("hue"), "hue", [0, 360], (value) => touch({ hue: value }));
    sliders.saturation = slider(t("saturation"), "saturation", [0, 100], (value) => touch({ saturation: value }));
  }
  const effects = el(
    "select",
    { class: "effects", "aria-label": t("effect"), on: { change: () => touch({ effect: effects.value || null }) } },
    el("option", { value: "" }, t("no_effect")),
    ...(features.effects ?? []).map((name) => el("option", { value: name }, name)),
  );
  const node = el(
    "div",
    { class: "widget" },
    stage,
    ...Object.values(sliders).map((each) => each.node),
    features.effects?.length ? effects : null,
  );
  const show = (state) => {
    const { color, strength } = glow(endpoint);
    setVars(node, { light: color.join(" "), strength, hue: state.hue ?? 0 });
    stage.setAttribute("aria-pressed", String(state.on === true));
    node.classList.toggle("plays", Boolean(state.on && state.mode === "effect"));
    text.textContent = state.on ? (state.brightness ? `${number(state.brightness)} %` : t("on")) : t("off");
    for (const [name, each] of Object.entries(sliders)) each.show(state[name]);
    effects.value = (state.mode === "effect" && state.effect) || "";
  };
  return { node, show };
}

/** An outlet. */
export function socket(device, endpoint) {
  const touch = touching(device, endpoint);
  const plate = button(
    endpoint.name ?? device.name ?? endpoint.id,
    "stage socket",
    () => touch({ on: plate.getAttribute("aria-pressed") !== "true" }),
    el("span", { class: "plate" }, el("span", { class: "hole" }), el("span", { class: "hole" })),
    el("span", { class: "led" }),
    el("span", { class: "stage-text" }),
  );
  const show = (state) => {
    plate.setAttribute("aria-pressed", String(state.on === true));
    plate.querySelector(".stage-text").textContent = state.on ? t("on") : t("off");
  };
  return { node: plate, show };
}

/** A meter, which runs between the reports of its energy. */
export function meter(device, endpoint) {
  const watts = el("b", {});
  const energy = el("span", { class: "energy" });
  const disc = el("span", { class: "disc" });
  const node = el("div", { class: "meter" }, el("span", {}, watts, " W"), disc, energy);
  let since = performance.now();
  let reported = {};
  const show = (state) => {
    since = performance.now();
    reported = { ...state };
    watts.textContent = typeof state.power_w === "number" ? number(state.power_w, state.power_w % 1 ? 1 : 0) : "–";
    const runs = device.online && state.power_w > 0;
    disc.classList.toggle("runs", Boolean(runs));
    if (runs) setVars(disc, { turn: `${Math.min(20, Math.max(0.6, 900 / state.power_w))}s` });
    run();
  };
  const run = () => {
    if (typeof reported.energy_kwh !== "number") return void (energy.textContent = `${t("unknown")} kWh`);
    const hours = device.online ? (performance.now() - since) / 3_600_000 : 0;
    const total = reported.energy_kwh + ((reported.power_w ?? 0) * hours) / 1000;
    const text = number(Math.floor(total * 1e5) / 1e5, 5);
    energy.replaceChildren(text.slice(0, -2), el("i", {}, text.slice(-2)), " kWh");
  };
  return { node, show, run };
}

/** A curtain, roller, blind, shutter or awning. */
export function curtain(device, endpoint) {
  const { features } = endpoint;
  const ids = { device_id: device.id, endpoint_id: endpoint.id };
  const run = (position) => call("run_curtain", { ...ids, position }).catch(() => {});
  const text = el("span", { class: "stage-text" });
  const stage = el(
    "div",
    { class: `stage window ${features.kind ?? "curtain"}` },
    el("span", { class: "sky" }),
    el("span", { class: "cloth left" }),
    el("span", { class: "cloth right" }),
    text,
  );
  const keys = el(
    "div",
    { class: "keys" },
    button(t("close"), "round", () => run(0), icon("shut")),
    features.stop ? button(t("stop"), "round", () => call("stop_curtain", ids).catch(() => {}), icon("stop")) : null,
    button(t("open"), "round", () => run(100), icon("open")),
  );
  const place = slider(t("position"), "place", [0, 100], run);
  const tilt = slider(t("tilt"), "tilt", [0, 100], (value) => touching(device, endpoint)({ tilt: value }));
  const node = el(
    "div",
    { class: "widget" },
    stage,
    features.position ? captioned(t("position"), place) : null,
    features.tilt ? captioned(t("tilt"), tilt) : null,
    keys,
  );
  const show = (state) => {
    const isKnown = typeof state.position === "number";
    setVars(stage, { open: (isKnown ? state.position : 50) / 100, tilt: (state.tilt ?? 0) / 100 });
    stage.classList.toggle("vague", !isKnown);
    stage.classList.toggle("moves", state.motion === "opening" || state.motion === "closing");
    text.textContent = [isKnown ? `${number(state.position)} %` : t("unknown"), state.motion && t(state.motion)]
      .filter(Boolean)
      .join(" · ");
    place.show(state.position);
    tilt.show(state.tilt);
  };
  return { node, show };
}

/** What the page does not know: the values it reports. */
export function unknown(device, endpoint) {
  const values = el("dl", { class: "values" });
  const node = el("div", { class: "widget unknown", title: t("unknown_type") }, el("code", {}, endpoint.type), values);
  const show = (state) => {
    const rows = Object.entries(state).flatMap(([name, value]) => [
      el("dt", {}, name),
      el("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
    ]);
    values.replaceChildren(...rows);
  };
  return { node, show };
}

// The log: requests of the contract and events as they pass, newest first.

import { button, el } from "./dom.js";
import { t } from "./texts.js";

const KEPT = 200;

/** Create the drawer's second page, with the lines of an earlier one; `request` and `event` add a line. */
export function createLog(model, lines = el("ol", { class: "lines" })) {
  const node = el(
    "div",
    { class: "page log" },
    el(
      "div",
      { class: "row" },
      filter("requests"),
      filter("events"),
      button(t("clear"), "chip", () => lines.replaceChildren(), t("clear")),
    ),
    el("p", { class: "hint" }, t("quiet")),
    lines,
  );
  function filter(kind) {
    const chip = button(
      t(kind),
      "chip",
      () => {
        const isHidden = node.classList.toggle(`no-${kind}`);
        chip.setAttribute("aria-pressed", String(!isHidden));
      },
      t(kind),
    );
    chip.setAttribute("aria-pressed", "true");
    return chip;
  }
  const add = (kind, at, title, text, isBad) => {
    const time = new Date(at).toLocaleTimeString([], { hour12: false });
    lines.prepend(
      el(
        "li",
        { class: `${kind}${isBad ? " bad" : ""}` },
        el("time", {}, time),
        el("code", {}, title),
        el("span", {}, text),
      ),
    );
    while (lines.childElementCount > KEPT) lines.lastElementChild.remove();
  };
  return {
    node,
    lines,
    request: (request) =>
      add(
        "requests",
        request.at * 1000,
        `${request.method} ${request.path} → ${request.status}`,
        commandsText(request, model),
        request.status >= 400,
      ),
    event: (event) => add("events", event.at, `#${event.seq} ${event.kind}`, eventText(event, model)),
  };
}

function commandsText(request, model) {
  const commands = (request.commands ?? []).map((command) => {
    const name = command.device_id ? model.nameOf(command.device_id, command.endpoint_id) : command.scene_id;
    return `${name}: ${command.set ? fieldsText(command.set) : command.do}`;
  });
  return commands.join("; ");
}

function eventText(event, model) {
  if (event.kind === "state") return `${model.nameOf(event.device_id, event.endpoint_id)}: ${fieldsText(event.state)}`;
  if (event.kind === "button") return `${model.nameOf(event.device_id, event.endpoint_id)}: ${event.press}`;
  if (event.device) return `${event.device.name ?? event.device.id}${event.device.online ? "" : `: ${t("offline")}`}`;
  if (event.home) return event.home.name;
  if (event.ticket) return `${event.ticket.id}: ${event.ticket.status}`;
  return event.device_id ?? event.home_id ?? "";
}

function fieldsText(fields) {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}

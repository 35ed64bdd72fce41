// The drawer that breaks things: tiles of one tap, feedback, and a form for each control of the server.

import { button, call, el, icon, read, toast } from "./dom.js";
import { createForm } from "./forms.js";
import { deviceName } from "./model.js";
import { t } from "./texts.js";

const MINUTE = 60;

/**
 * Return the faults with a tile: whether it is on, and what turns it on and off; without `isOn` it happens once.
 * `status` is the server's, `account` that of the page.
 */
export function faults(status, account) {
  const later = (minutes) => status.now + minutes * MINUTE;
  const version = status.terms.version;
  return [
    { key: "mute", icon: "push", isOn: status.muted, on: ["mute", { muted: true }], off: ["mute", { muted: false }] },
    { key: "cut", icon: "cut", on: ["cut"] },
    {
      key: "maintenance",
      isOn: status.faults.maintenance !== null,
      on: ["maintenance", { ends_at: later(10) }],
      off: ["end_maintenance"],
    },
    {
      key: "planned",
      isOn: status.maintenance !== null && status.maintenance.starts_at > status.now,
      on: ["announce_maintenance", { starts_at: later(5), ends_at: later(15) }],
      off: ["call_off_maintenance"],
    },
    { key: "expire", icon: "token", on: ["expire_tokens", { account: account.id }] },
    { key: "sign_out", icon: "close", on: ["sign_out", { account: account.id }] },
    {
      key: "terms",
      isOn: account.terms_accepted !== version,
      on: ["change_terms", { version: nextVersion(version) }],
      off: ["change_terms", { version: account.terms_accepted, required: false }],
    },
    {
      key: "suspend",
      isOn: account.block !== null,
      off: ["unblock", { account: account.id }],
      on: ["suspend", { account: account.id, reason: t("suspend_reason"), until: later(60) }],
    },
  ];
}

/** Return "2026-03.2" after "2026-03.1" or "2026-03". */
function nextVersion(version) {
  const [base, count] = version.split(".");
  return `${base}.${(Number(count) || 0) + 1}`;
}

/** End every fault, the account's block, and planned maintenance. */
export async function heal(status, account) {
  await call("heal");
  await call("forgive");
  for (const fault of faults(status, account)) if (fault.isOn) await call(...fault.off);
}

/** Create the drawer's first page; `show(status)` follows the server. */
export function createBreaker(model, accountOf) {
  let status;
  const tiles = el("div", { class: "tiles" });
  const latency = el("input", {
    type: "range",
    class: "slider",
    min: 0,
    max: 10,
    step: 0.5,
    "aria-label": t("latency"),
  });
  const latencyText = el("b", {});
  const devices = el("div", { class: "chips" });
  const tickets = el("div", { class: "tickets" });
  const controls = el("div", {});
  latency.addEventListener("input", () => (latencyText.textContent = t("seconds", { n: latency.value })));
  latency.addEventListener("change", () => call("latency", { seconds: Number(latency.value) }).catch(() => {}));
  read("").then(
    (listed) => controls.replaceChildren(createForm(listed.controls, model, () => status)),
    (error) => toast(error.message),
  );
  const node = el(
    "div",
    { class: "page" },
    button(t("heal"), "heal", () => heal(status, accountOf(status)).catch(() => {}), icon("heal"), t("heal")),
    tiles,
    el("label", { class: "field" }, el("span", {}, t("latency"), latencyText), latency),
    el("h3", {}, t("device_offline")),
    devices,
    el("h3", {}, t("tickets")),
    tickets,
    el("details", {}, el("summary", {}, t("all_controls")), controls),
    el("p", { class: "hint" }, t("docs")),
  );
  const show = (now) => {
    status = now;
    tiles.replaceChildren(...faults(status, accountOf(status)).map(createTile));
    if (document.activeElement !== latency) latency.value = status.latency;
    latencyText.textContent = t("seconds", { n: status.latency });
    latency.style.setProperty("--fill", `${status.latency * 10}%`);
    showTickets(tickets, status.tickets);
  };
  const showDevices = () => devices.replaceChildren(...model.devices().map(createDeviceChip));
  return { node, show, showDevices };
}

function createTile(fault) {
  const run = () => call(...(fault.isOn ? fault.off : fault.on)).catch(() => {});
  const tile = button(
    t(fault.key),
    "tile",
    run,
    icon(fault.icon ?? fault.key),
    el("b", {}, t(fault.key)),
    el("small", {}, t(`${fault.key}_hint`)),
  );
  if (fault.isOn !== undefined) tile.setAttribute("aria-pressed", String(fault.isOn));
  return tile;
}

function createDeviceChip(device) {
  const toggle = () => call("set_online", { device_id: device.id, online: !device.online }).catch(() => {});
  const chip = button(deviceName(device), "chip device", toggle, deviceName(device));
  chip.setAttribute("aria-pressed", String(!device.online));
  return chip;
}

/** Show the tickets, but leave a reply that somebody is writing. */
function showTickets(list, tickets) {
  if (list.contains(document.activeElement)) return;
  const rows = tickets.map((ticket) => {
    const reply = el("textarea", { rows: 2, placeholder: t("reply"), "aria-label": t("reply") });
    reply.value = ticket.reply ?? "";
    const send = () => {
      reply.blur();
      call("answer_ticket", { ticket_id: ticket.id, reply: reply.value }).catch(() => {});
    };
    const close = () => call("close_ticket", { ticket_id: ticket.id }).catch(() => {});
    return el(
      "article",
      { class: "ticket" },
      el(
        "header",
        {},
        el("b", {}, ticket.subject ?? ticket.category),
        el("span", { class: "badge" }, t(`ticket_${ticket.status}`)),
      ),
      el("p", {}, ticket.message),
      reply,
      el(
        "div",
        { class: "row" },
        button(t("send"), "small", send, t("send")),
        button(t("close_ticket"), "small", close, t("close_ticket")),
      ),
    );
  });
  list.replaceChildren(...(rows.length ? rows : [el("p", { class: "hint" }, t("no_tickets"))]));
}

// The virtual home: reads the snapshot, follows the relay of the event stream, and draws what it tells.

import { createCard, createRooms } from "./cards.js";
import { button, call, el, icon, read, toast } from "./dom.js";
import { createBreaker, faults } from "./drawer.js";
import { createLog } from "./log.js";
import { Model } from "./model.js";
import { counted, currentLanguage, switchLanguage, t } from "./texts.js";

const places = Object.fromEntries(
  ["top", "faults", "home", "drawer", "notice"].map((id) => [id, document.getElementById(id)]),
);
const model = new Model(show);
let accountId = null;
let homeId = sessionStorage.getItem("home");
let status = null;
let isLive = false;
let isLoaded = false;
let waiting = [];
let source = null;
let openPage = null;
let cards = new Map();
let rooms = [];
let top = {};
let breaker = null;
let log = null;

// Following the server

/** Open the stream of an account; the browser opens it again by itself when it was lost. */
function follow() {
  source?.close();
  source = new EventSource(`/control/stream?account=${encodeURIComponent(accountId)}`);
  source.addEventListener("open", () => setLive(true));
  source.addEventListener("error", () => setLive(false));
  source.addEventListener("frame", (message) => receive(JSON.parse(message.data)));
  source.addEventListener("request", (message) => log.request(JSON.parse(message.data)));
  source.addEventListener("status", (message) => {
    status = JSON.parse(message.data);
    showStatus();
  });
}

async function receive(frame) {
  if (frame.type === "hello") {
    waiting = [];
    await load();
  } else if (frame.type === "events") {
    for (const event of frame.events) log.event(event);
    waiting.push(...frame.events);
    if (isLoaded) applyWaiting();
  }
}

/** Take a snapshot, then apply what came meanwhile. */
async function load() {
  isLoaded = false;
  const wanted = accountId;
  try {
    const snapshot = await read(`/snapshot?account=${encodeURIComponent(wanted)}`);
    if (wanted !== accountId) return undefined; // another account was chosen meanwhile
    model.load(snapshot);
  } catch (error) {
    return toast(error.message);
  }
  isLoaded = true;
  renderHome();
  applyWaiting();
}

function applyWaiting() {
  const events = waiting;
  waiting = [];
  for (const event of events) if (!model.apply(event)) return void load();
}

// Drawing

function render() {
  document.documentElement.lang = currentLanguage();
  document.title = t("title");
  log = createLog(model, log?.lines);
  breaker = createBreaker(model, accountOf);
  renderTop();
  renderDrawer();
  renderHome();
  places.notice.replaceChildren(t("notice"));
  if (status) showStatus();
}

function renderTop() {
  const accounts = el(
    "select",
    { "aria-label": t("account"), title: t("account") },
    ...status.accounts.map((one) => el("option", { value: one.id }, one.full_name)),
  );
  accounts.value = accountId;
  accounts.addEventListener("change", () => {
    accountId = accounts.value;
    homeId = null;
    follow();
  });
  const clients = el("span", { class: "clients", title: t("clients_hint") });
  const live = el("span", { class: "live" });
  const homes = el("nav", { class: "homes" });
  accounts.className = "accounts";
  const tab = (page) => button(t(page), "tool", () => toggleDrawer(page), icon(page), el("span", {}, t(page)));
  const tabs = { break: tab("break"), log: tab("log") };
  const language = button(
    t("other_language"),
    "tool text",
    () => {
      switchLanguage();
      render();
    },
    currentLanguage() === "vi" ? "EN" : "VI",
  );
  places.top.replaceChildren(
    el(
      "div",
      { class: "brand" },
      el("img", { src: "/page/icon.svg", alt: "", width: 40, height: 40 }),
      el("div", {}, el("h1", {}, t("title")), el("p", {}, live, clients)),
    ),
    accounts,
    homes,
    el("div", { class: "tools" }, language, tabs.break, tabs.log),
  );
  top = { clients, live, homes, tabs };
  setLive(isLive);
}

function renderHome() {
  const focused = document.activeElement;
  const card = focused.closest("[data-device]")?.dataset.device;
  const home = model.homes.find((one) => one.id === homeId) ?? model.homes[0];
  const tabs = model.homes.map((one) => {
    const tab = button(
      one.name,
      "home-tab",
      () => {
        homeId = one.id;
        sessionStorage.setItem("home", homeId);
        renderHome();
      },
      one.name,
    );
    tab.setAttribute("aria-pressed", String(one === home));
    return tab;
  });
  top.homes.replaceChildren(...tabs);
  cards = new Map((home?.devices ?? []).map((device) => [device.id, createCard(device, home)]));
  rooms = home ? createRooms(home, cards) : [];
  places.home.replaceChildren(
    ...(home
      ? rooms.map((room) => room.node)
      : [el("p", { class: "hint" }, isLoaded ? t("no_homes") : t("connecting"))]),
  );
  breaker.showDevices();
  if (card)
    cards
      .get(card)
      ?.node.querySelector(`.${[...focused.classList].join(".")}`)
      ?.focus();
}

/** Show an event. */
function show(event) {
  if (event.kind === "state") {
    cards.get(event.device_id)?.show(event.endpoint_id);
    for (const room of rooms) room.show();
  } else if (event.kind === "button") {
    cards.get(event.device_id)?.pressed(event.endpoint_id, event.press);
  } else if (["device", "device_removed", "home", "home_removed"].includes(event.kind)) {
    renderHome();
  }
}

function accountOf(now) {
  return now.accounts.find((account) => account.id === accountId) ?? now.accounts[0];
}

function showStatus() {
  top.clients.textContent = counted("clients", status.streams);
  breaker.show(status);
  const pills = faults(status, accountOf(status))
    .filter((fault) => fault.isOn)
    .map((fault) => [t(fault.key), fault.icon ?? fault.key, fault.off]);
  pills.push(...pending(status.faults));
  if (status.latency)
    pills.push([`${t("latency")} ${t("seconds", { n: status.latency })}`, "planned", ["latency", { seconds: 0 }]]);
  places.faults.replaceChildren(
    ...pills.map(([text, name, off]) =>
      button(`${text} ×`, "pill", () => call(...off).catch(() => {}), icon(name), text, icon("close")),
    ),
  );
  top.tabs.break.dataset.count = pills.length || "";
}

/** Return the faults that wait for the next events or requests. */
function pending({ drop, delay, double, reorder, lost_answers, rate_limits }) {
  const refused = rate_limits.reduce((sum, limit) => sum + limit.count, 0);
  const counts = Object.entries({ drop, delay, double, reorder, lost_answers, refused }).filter(([, n]) => n);
  return counts.map(([name, n]) => [t(`next_${name}`, { n }), "planned", [name === "refused" ? "forgive" : "heal"]]);
}

function setLive(now) {
  isLive = now;
  if (!top.live) return;
  top.live.textContent = t(now ? "live" : "connecting");
  top.live.classList.toggle("off", !now);
}

// The drawer

function renderDrawer() {
  places.drawer.hidden = openPage === null;
  document.body.classList.toggle("drawn", openPage !== null);
  for (const [page, tab] of Object.entries(top.tabs)) tab.setAttribute("aria-pressed", String(page === openPage));
  if (openPage === null) return;
  const title = el(
    "header",
    {},
    el("h2", {}, t(openPage)),
    button(t("close"), "quiet", () => toggleDrawer(openPage), icon("close")),
  );
  places.drawer.replaceChildren(title, (openPage === "log" ? log : breaker).node);
}

function toggleDrawer(page) {
  openPage = openPage === page ? null : page;
  renderDrawer();
}

async function start() {
  status = { ...(await read("/status")), now: Date.now() / 1000 };
  accountId = status.accounts[0].id;
  render();
  follow();
  for (const request of (await read("/requests")).requests.slice(-50)) log.request(request);
  setInterval(() => cards.forEach((card) => card.run()), 200);
}

start().catch((error) => toast(error.message));

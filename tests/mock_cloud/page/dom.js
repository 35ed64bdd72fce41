// Elements, icons, and requests. Names from the home file reach the page as text nodes only, never as HTML.

/** Create an element; `on` holds listeners, `vars` CSS variables, the other properties are attributes. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "vars") setVars(node, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function setVars(node, values) {
  for (const [name, value] of Object.entries(values)) node.style.setProperty(`--${name}`, value);
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  power: "M12 3v8M6.6 6.9a7.5 7.5 0 1 0 10.8 0",
  light: "M9.5 20h5M9 16.5h6M9 16.5c0-2.2-3-3.3-3-7a6 6 0 0 1 12 0c0 3.7-3 4.8-3 7",
  fan: "M12 10.4C9.8 8 9.3 3 12.4 3s3.5 4.5 1 7.8M13.6 12.4c3.2-.7 7.7 1.5 6.1 4.2s-5.6.9-7.2-2.8M10.6 13.2c-1 3.1-5.2 5.9-6.8 3.2s1.9-5.2 5.9-5M12 12h.01",
  outlet: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0ZM12 17v4",
  heater: "M7 19c-2-2.5 2-4.5 0-7s2-4.5 0-7M12 19c-2-2.5 2-4.5 0-7s2-4.5 0-7M17 19c-2-2.5 2-4.5 0-7s2-4.5 0-7",
  other: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM12 9.5v5M9.5 12h5",
  offline:
    "M3 3l18 18M5 12.5a10 10 0 0 1 4-2.4M8.5 16a5 5 0 0 1 6-.7M12 20h.01M15 10.3a10 10 0 0 1 4 2.2M2 9a14 14 0 0 1 4.5-2.8M11 5.2A14 14 0 0 1 22 9",
  online: "M2 9a14 14 0 0 1 20 0M5 12.5a10 10 0 0 1 14 0M8.5 16a5 5 0 0 1 7 0M12 20h.01",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  open: "M4 4v16M20 4v16M10 8l-4 4 4 4M14 8l4 4-4 4",
  shut: "M12 4v16M4 8l4 4-4 4M20 8l-4 4 4 4",
  stop: "M7 7h10v10H7Z",
  break: "M13 2 5 13.5h6L10 22l9-12.5h-6.5Z",
  log: "M5 6h14M5 12h14M5 18h9",
  push: "M12 4v9M8 9.5l4 4 4-4M5 19h14",
  cut: "M6 4l12 12.5M18 4 6 16.5M7 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM17 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  maintenance:
    "M14.5 6.5a4 4 0 0 1 5-1.2l-2.7 2.7 1.4 1.4 2.6-2.6a4 4 0 0 1-5.3 5L8 19.3a2 2 0 0 1-3-2.9l7.6-6.8a4 4 0 0 1 1.9-3.1Z",
  planned: "M5 6h14v14H5ZM5 10.5h14M9 3.5v4M15 3.5v4M12 13.5v3h2",
  token: "M8.5 16a4.5 4.5 0 1 1 4.2-6H21v3h-2v2.5h-3V13h-3.3a4.5 4.5 0 0 1-4.2 3ZM8.5 11.5h.01",
  terms: "M7 3h7l4 4v14H7ZM14 3v4h4M10 12h5M10 16h5",
  suspend: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM6.5 6.5l11 11",
  heal: "M12 20s-7.5-4.5-7.5-10A4.3 4.3 0 0 1 12 7.5 4.3 4.3 0 0 1 19.5 10c0 5.5-7.5 10-7.5 10Z",
};

/** Create an icon of 24 by 24. */
export function icon(name) {
  const node = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  node.setAttribute("viewBox", "0 0 24 24");
  node.setAttribute("class", `icon ${name}`);
  node.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name] ?? PATHS.other);
  node.append(path);
  return node;
}

export function button(label, className, listener, ...children) {
  return el(
    "button",
    { type: "button", class: className, "aria-label": label, title: label, on: { click: listener } },
    ...children,
  );
}

/** Return what is to read at a path under /control; throw an Error with the server's text. */
export async function read(path) {
  return answered(await fetch(`/control${path}`));
}

/** Call a control and return its result; show the server's text if it refuses. */
export async function call(name, parameters = {}) {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(parameters) };
  try {
    return (await answered(await fetch(`/control/${name}`, request))).result;
  } catch (error) {
    toast(error.message);
    throw error;
  }
}

async function answered(response) {
  const document = await response.json();
  if (!response.ok) throw new Error(document.error);
  return document;
}

let hiding = 0;

/** Show a text for some seconds. */
export function toast(text) {
  const node = document.getElementById("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (node.hidden = true), 6000);
}

/** Call `send` with the newest value, at most every `pause` milliseconds. */
export function throttled(send, pause = 120) {
  let waiting = false;
  let newest;
  return (value) => {
    newest = { value };
    if (waiting) return;
    waiting = true;
    const next = () => {
      if (!newest) return void (waiting = false);
      send(newest.value);
      newest = undefined;
      setTimeout(next, pause);
    };
    next();
  };
}

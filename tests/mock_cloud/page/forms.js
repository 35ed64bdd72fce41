// A form for any control, made from the JSON Schema of its arguments: a new control needs no change here.

import { button, call, el } from "./dom.js";
import { deviceName } from "./model.js";
import { t } from "./texts.js";

// Arguments that the page knows the values of.
const CHOICES = {
  account: (model, status) => status.accounts.map((account) => [account.id, account.full_name]),
  device_id: (model) => model.devices().map((device) => [device.id, deviceName(device)]),
  endpoint_id: (model) =>
    [...new Set(model.devices().flatMap((device) => device.endpoints.map((one) => one.id)))].map((id) => [id, id]),
  home_id: (model) => model.homes.map((home) => [home.id, home.name]),
  room_id: (model) => model.homes.flatMap((home) => home.rooms.map((room) => [room.id, `${room.name} · ${home.name}`])),
  scene_id: (model) => model.homes.flatMap((home) => home.scenes.map((scene) => [scene.id, scene.name])),
  ticket_id: (model, status) => status.tickets.map((ticket) => [ticket.id, ticket.subject ?? ticket.message]),
};
// Controls that name something new: its ID is typed.
const NEW = { add_room: "room_id" };

/** Create the choice of a control, and its form. */
export function createForm(controls, model, statusNow) {
  const body = el("div", {});
  const names = controls.map((control) => el("option", { value: control.name }, control.name));
  const select = el("select", { "aria-label": t("all_controls") }, el("option", { value: "" }, t("choose")), ...names);
  select.addEventListener("change", () => {
    const control = controls.find((one) => one.name === select.value);
    body.replaceChildren(...(control ? [formOf(control, model, statusNow())] : []));
  });
  return el("div", { class: "form" }, select, body);
}

function formOf(control, model, status) {
  const { properties, required = [], additionalProperties, $defs = {} } = control.arguments;
  const fields = Object.entries(properties).map(([name, schema]) => {
    const isNew = NEW[control.name] === name;
    return [
      name,
      createField(
        name,
        schema,
        $defs,
        required.includes(name),
        isNew ? [] : choicesOf(name, model, status),
        status.now,
      ),
    ];
  });
  if (additionalProperties) fields.push([null, jsonField(t("more_members"), "{}")]);
  const result = el("pre", { class: "result", hidden: true });
  const send = async () => {
    const parameters = {};
    for (const [name, field] of fields) {
      const value = field.value();
      if (name === null) Object.assign(parameters, value);
      else if (value !== undefined) parameters[name] = value;
    }
    const returned = await call(control.name, parameters);
    result.textContent = returned === null ? t("done") : JSON.stringify(returned, null, 1);
    result.hidden = false;
  };
  const submit = () =>
    send().catch((error) => {
      result.textContent = error.message;
      result.hidden = false;
    });
  return el(
    "div",
    { class: "form" },
    el("p", { class: "hint", lang: "en" }, control.doc),
    ...fields.map(([, field]) => field.node),
    button(t("call"), "small", submit, t("call")),
    result,
  );
}

function choicesOf(name, model, status) {
  return CHOICES[name]?.(model, status) ?? [];
}

/** Create a field; `value()` is what is sent, undefined to leave it out. */
function createField(name, schema, defs, isRequired, choices, now) {
  const kinds = kindsOf(schema, defs);
  if (choices.length) {
    const none = isRequired && !kinds.has("null") ? [] : [el("option", { value: "" }, "–")];
    const select = el("select", {}, ...none, ...choices.map(([value, text]) => el("option", { value }, text)));
    return labeled(name, select, () => select.value || (isRequired ? null : undefined));
  }
  if (kinds.has("date-time")) {
    const input = el("input", { type: "number", placeholder: t("minutes") });
    return labeled(name, input, () =>
      input.value === "" ? (isRequired ? null : undefined) : now + 60 * Number(input.value),
    );
  }
  if (kinds.has("boolean") && kinds.size === 1) {
    const input = el("input", { type: "checkbox", checked: schema.default === true });
    return labeled(name, input, () => input.checked);
  }
  if (kinds.has("number") || kinds.has("integer")) {
    const input = el("input", { type: "number", step: kinds.has("number") ? "any" : 1, value: schema.default ?? "" });
    return labeled(name, input, () => (input.value === "" ? undefined : Number(input.value)));
  }
  if (kinds.has("string")) {
    const input = el("input", { value: schema.default ?? "" });
    return labeled(name, input, () => (input.value === "" && !isRequired ? undefined : input.value));
  }
  return jsonField(name, kinds.has("array") ? "[]" : "{}");
}

function jsonField(name, example) {
  const input = el("textarea", { rows: 3, spellcheck: "false" });
  input.value = example;
  return labeled(`${name} (${t("as_json")})`, input, () => JSON.parse(input.value));
}

function labeled(name, input, value) {
  return {
    node: el("label", { class: input.type === "checkbox" ? "field inline" : "field" }, el("span", {}, name), input),
    value,
  };
}

/** Return the types and formats that a schema allows. */
function kindsOf(schema, defs) {
  if (schema.$ref) return kindsOf(defs[schema.$ref.split("/").at(-1)] ?? {}, defs);
  const options = schema.anyOf ?? [];
  return new Set(
    [schema.type, schema.format, ...options.flatMap((option) => [...kindsOf(option, defs)])].filter(Boolean),
  );
}

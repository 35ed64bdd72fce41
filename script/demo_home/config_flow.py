"""Adding the integration as a user does: through its config flow, form by form."""

from collections.abc import Mapping
from typing import Any

import msgspec

from .client import Client, Json
from .errors import DemoError

# More forms than any flow of ours has: a form that comes back for ever is noticed.
_MOST_FORMS = 8


class Field(msgspec.Struct):
    """A field of a form, as Home Assistant describes it to its frontend."""

    name: str
    required: bool = False
    default: Any = None
    description: dict[str, Any] | None = None

    @property
    def proposal(self) -> Json:
        """What the form itself fills in; None if nothing."""
        proposal: Json = (self.description or {}).get("suggested_value", self.default)
        return proposal


class Flow(msgspec.Struct):
    """Where a config flow stands."""

    flow_id: str
    type: str
    step_id: str | None = None
    data_schema: list[Field] | None = None
    errors: dict[str, str] | None = None
    reason: str | None = None
    title: str | None = None


async def add_integration(client: Client, domain: str, answers: Mapping[str, Json]) -> str:
    """Go through the flow with the known `answers`, and return the new entry's title; raise DemoError."""
    flow = await _post(client, "", {"handler": domain, "show_advanced_options": False})
    for _ in range(_MOST_FORMS):
        if flow.type == "create_entry":
            return flow.title or domain
        if flow.type != "form":
            raise DemoError(f"The config flow of {domain} ended: {flow.type} {flow.reason or ''}".rstrip() + ".")
        if flow.errors:
            raise DemoError(f"The config flow of {domain} objects at {flow.step_id}: {flow.errors}.")
        flow = await _post(client, f"/{flow.flow_id}", fill_in(flow, answers))
    raise DemoError(f"The config flow of {domain} never ends: it asks for {flow.step_id} again.")


def fill_in(flow: Flow, answers: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields of a form: what we know, then what it proposes; raise DemoError for one it insists on."""
    filled: dict[str, Json] = {}
    for field in flow.data_schema or ():
        if field.name in answers:
            filled[field.name] = answers[field.name]
        elif field.proposal is not None:
            filled[field.name] = field.proposal
        elif field.required:
            raise DemoError(f"The config flow asks for {field.name} at {flow.step_id}, which the demo does not know.")
    return filled


async def _post(client: Client, path: str, body: dict[str, Json]) -> Flow:
    status, answer = await client.post(f"/api/config/config_entries/flow{path}", body)
    try:
        return msgspec.convert(answer, Flow)
    except msgspec.ValidationError:
        raise DemoError(f"Home Assistant has no such config flow ({status}): {answer}") from None

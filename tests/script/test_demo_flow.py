"""Filling in the forms of a config flow without knowing them beforehand."""

import pytest

from script.demo_home.config_flow import Field, Flow, fill_in
from script.demo_home.errors import DemoError


def form(*fields: Field) -> Flow:
    """Return a flow that shows a form."""
    return Flow(flow_id="1", type="form", step_id="account", data_schema=list(fields))


def test_known_answers_go_before_what_the_form_proposes() -> None:
    """Answers that a form does not ask for stay with us."""
    fields = [Field("server", required=True, default="elsewhere"), Field("homes", default=["a", "b"])]
    assert fill_in(form(*fields), {"server": "here", "password": "secret"}) == {"server": "here", "homes": ["a", "b"]}


def test_a_suggested_value_is_a_proposal() -> None:
    """A form that comes back suggests what was entered before."""
    field = Field("username", required=True, description={"suggested_value": "minhanh@example.com"})
    assert fill_in(form(field), {}) == {"username": "minhanh@example.com"}


def test_an_optional_field_may_stay_empty() -> None:
    """A new optional field of the flow does not break the demo."""
    assert fill_in(form(Field("nickname")), {}) == {}


def test_an_unknown_required_field_is_named() -> None:
    """A new required field does, and whoever added it reads which."""
    with pytest.raises(DemoError, match="asks for pin at account"):
        fill_in(form(Field("pin", required=True)), {})

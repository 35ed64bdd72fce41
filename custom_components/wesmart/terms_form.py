"""The form that shows terms and asks to accept them: where an account logs in, and under Repairs."""

from homeassistant.helpers.selector import BooleanSelector
import voluptuous as vol

from .cloud import Endpoints, WeSmartClient
from .cloud.errors import InvalidRequestError
from .cloud.models import Account, Terms
from .text import markdown, terms_link

CONF_ACCEPT = "accept"

TERMS_SCHEMA = vol.Schema({vol.Required(CONF_ACCEPT, default=False): BooleanSelector()})


def terms_placeholders(terms: Terms, endpoints: Endpoints) -> dict[str, str]:
    """Return what the form says of the terms: which they are, and where they are read."""
    return {"version": markdown(terms.current), "terms_url": terms_link(terms.url, endpoints.terms_url)}


async def async_accept_terms(client: WeSmartClient, terms: Terms) -> Account | None:
    """Accept the terms that the form has shown; raises WeSmartError.

    Where others have taken their place meanwhile, nothing is accepted, and the account is returned that has to accept
    those.
    """
    try:
        await client.accept_terms(terms.current or "")
    except InvalidRequestError:
        return await client.account()
    return None

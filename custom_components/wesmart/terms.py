"""The form that shows terms and asks to accept them, at login and in Repairs."""

from homeassistant.helpers.selector import BooleanSelector
import voluptuous as vol

from .cloud import Endpoints, WeSmartClient
from .cloud.account import Account, Terms
from .cloud.discovery import may_name_page
from .cloud.errors import InvalidRequestError
from .formatting import link, markdown

CONF_ACCEPT = "accept"

TERMS_SCHEMA = vol.Schema({vol.Required(CONF_ACCEPT, default=False): BooleanSelector()})


def terms_placeholders(terms: Terms, endpoints: Endpoints, server: str) -> dict[str, str]:
    """Return the version of the terms, and where to read them; `server` is the address that the user entered."""
    url = terms.url if terms.url and may_name_page(server, terms.url) else endpoints.terms_url
    return {"version": markdown(terms.current), "terms_url": link(url)}


async def async_accept_terms(client: WeSmartClient, terms: Terms) -> Account | None:
    """Accept the terms that the form showed. Raises WeSmartError.

    Returns None, or the account if it has other terms by now: then nothing was accepted.
    """
    try:
        await client.accept_terms(terms.current or "")
    except InvalidRequestError:
        return await client.account()
    return None

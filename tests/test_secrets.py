"""The promise that no secret leaves (contract, promise 6), searched for in everything that an account's life puts out."""

import asyncio
from collections.abc import Iterable
import json
import logging
from urllib.parse import quote

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.wesmart.const import CONF_TOKENS, DOMAIN
from tests.accounts import OWNER, log_in
from tests.home import device_of
from tests.mock_cloud import MockCloud
from tests.test_system_health import information

LAMP = "light.bep_den_tu_bep"


class Outputs:
    """What was put out, and the secrets that must not be in it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass, self._entry = hass, entry
        self.secrets = {OWNER.password, OWNER.username, "912345678", "912 345 678", "tk-minh-anh"}
        self.states: list[str] = []
        self.issues: list[str] = []
        self.remember_tokens()
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    def remember_tokens(self) -> None:
        """Take those of now for secrets as well."""
        tokens = self._entry.data[CONF_TOKENS].values()
        self.secrets |= {token for token in tokens if isinstance(token, str)}

    def look_at_issues(self) -> int:
        """Keep what is shown under Repairs; return how many there are."""
        issues = [issue for (domain, _), issue in ir.async_get(self._hass).issues.items() if domain == DOMAIN]
        self.issues += [repr(issue) for issue in issues]
        return len(issues)

    def found_in(self, *texts: str, also: Iterable[str] = ()) -> set[str]:
        """Return the secrets that are in texts."""
        secrets = self.secrets.union(also)
        return {secret for secret in secrets for text in texts if secret in text or quote(secret) in text}

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            self.states.append(json.dumps(state.as_dict(), default=str, ensure_ascii=False))


async def test_no_secret_is_in_anything_that_is_put_out(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Through a login, commands, renewals, faults, a block, another login and a removal, with everything logged."""
    caplog.set_level(logging.DEBUG)
    for component in ("websocket_api", "diagnostics", "system_health"):
        assert await async_setup_component(hass, component, {})
    entry = await log_in(hass, cloud, OWNER)
    out = Outputs(hass, entry)
    homes = cloud.snapshot(OWNER.username)["homes"]
    devices = [device for home in homes for device in home["devices"]]
    out.secrets |= {device["serial"] for device in devices}
    names = {OWNER.full_name, *(home["name"] for home in homes), *(device["name"] for device in devices)}

    # A day with everything in it.
    await hass.services.async_call("light", "turn_on", {"entity_id": LAMP}, blocking=True)
    cloud.set_online("den-tu-bep", False)
    await asyncio.sleep(1)
    cloud.maintenance(retry_after=60)
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": "switch.bep_cong_tac_bep_den_tran"}, blocking=True
        )
    cloud.end_maintenance()
    await asyncio.sleep(2 * 3600)
    out.remember_tokens()
    cloud.cut()
    cloud.rate_limit(5, count=2)
    await asyncio.sleep(120)
    cloud.suspend(OWNER.username, reason="Nghi ngờ truy cập trái phép")
    await asyncio.sleep(5)
    assert out.look_at_issues() > 0
    cloud.unblock(OWNER.username)
    await asyncio.sleep(600)

    # What people send to each other.
    shown = [
        await get_diagnostics_for_config_entry(hass, hass_client, entry),
        await get_diagnostics_for_device(hass, hass_client, entry, device_of(hass, LAMP)),
        await information(hass, hass_ws_client),
        await hass.services.async_call(
            DOMAIN,
            "send_feedback",
            {"category": "application", "message": "Xin chào", "include_diagnostics": True, "dry_run": True},
            blocking=True,
            return_response=True,
        ),
    ]
    assert out.found_in(*(json.dumps(one, default=str, ensure_ascii=False) for one in shown), also=names) == set()

    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    (flow,) = hass.config_entries.flow.async_progress()
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password}
    )
    assert done["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await asyncio.sleep(5)
    out.remember_tokens()
    assert await hass.config_entries.async_remove(entry.entry_id)

    assert out.states
    assert out.found_in(*out.states) == set()
    assert out.found_in(*out.issues) == set()
    assert out.found_in(*(request.path + json.dumps(dict(request.query)) for request in cloud.requests)) == set()
    theirs = ("custom_components.wesmart", "aiohttp")
    logged = [
        record.getMessage() + (record.exc_text or "") for record in caplog.records if record.name.startswith(theirs)
    ]
    assert logged
    assert out.found_in(*logged) == set()

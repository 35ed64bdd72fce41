"""No secret leaves its place: a search in everything that an account puts out during its life."""

import asyncio
from collections.abc import Iterable
import json
import logging
from urllib.parse import quote

from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.wesmart.const import CONF_SERVER, CONF_TOKENS, DOMAIN
from custom_components.wesmart.terms import CONF_ACCEPT
from tests.accounts import OWNER, log_in, submit
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

# In the address of a server, where everybody could read it.
USERINFO = "mat-khau-trong-dia-chi"
# Of the home file; people spell phone numbers in several ways.
PHONE = ("912345678", "912 345 678")
ACCOUNT_ID = "tk-minh-anh"
WRONG_PASSWORD = "hoa-sua-2025"
EFFECT = "Sinh nhật bé An"
PRESS = "Gọi bà Tư dậy"


class Outputs:
    """Everything that somebody may read."""

    def __init__(self, hass: HomeAssistant, http: ClientSessionGenerator, websocket: WebSocketGenerator) -> None:
        self._hass = hass
        self._http = http
        self._websocket = websocket
        self.reports: list[str] = []  # for support: neither secrets nor names
        self.shown: list[str] = []  # for the owner: names, but no secrets
        hass.bus.async_listen("state_changed", lambda event: self.shown.append(_text(event.data)))

    async def collect(self, entry: ConfigEntry) -> None:
        """Collect diagnostics, system health and repairs as they are now."""
        client = await self._http()
        paths = [f"/api/diagnostics/config_entry/{entry.entry_id}"]
        registry = dr.async_get(self._hass)
        for device in (
            *dr.async_entries_for_config_entry(registry, entry.entry_id),
            *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
        ):
            paths.append(f"{paths[0]}/device/{device.id}")
        for path in paths:
            answer = await client.get(path)
            assert answer.status == 200
            self.reports.append(_text(await answer.json()))
        await self._collect_system_health()
        self.shown += [_text(issue.translation_placeholders) for issue in ir.async_get(self._hass).issues.values()]

    async def _collect_system_health(self) -> None:
        websocket = await self._websocket(self._hass)
        await websocket.send_json_auto_id({"type": "system_health/info"})
        while (message := await websocket.receive_json()).get("event", {}).get("type") != "finish":
            self.reports.append(_text(message))
        await websocket.close()

    async def attach(self) -> None:
        """Collect the diagnostics that would be sent with feedback."""
        for device in dr.async_entries_for_config_entry(
            dr.async_get(self._hass), self._hass.config_entries.async_entries(DOMAIN)[0].entry_id
        ):
            data = {
                "category": "application",
                "message": "Xin chào.",
                "device_id": device.id,
                "include_diagnostics": True,
                "dry_run": True,
            }
            response = await self._call("send_feedback", **data)
            would_send = response["would_send"]
            assert isinstance(would_send, dict)
            self.reports.append(_text(would_send["diagnostics"]))

    async def ask(self, action: str, **data: object) -> None:
        """Collect the response of an action, or its error."""
        try:
            self.shown.append(_text(await self._call(action, **data)))
        except HomeAssistantError as err:
            self.shown.append(f"{err} {err.translation_placeholders}")

    async def _call(self, action: str, **data: object) -> dict[str, object]:
        response = await self._hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
        assert response is not None
        return dict(response)


def _text(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def found(secrets: Iterable[str], texts: Iterable[str]) -> set[str]:
    """Return the secrets that are in the texts, as they are or quoted for a URL."""
    everything = "\n".join(texts)
    return {secret for secret in secrets if secret in everything or quote(secret, safe="") in everything}


async def enter_address_with_password(hass: HomeAssistant, cloud: MockCloud) -> str:
    """Enter an address that contains a password; return what the form says."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    address = cloud.url.replace("http://", f"http://minhanh:{USERINFO}@")
    flow = await submit(hass, flow, {CONF_SERVER: address})
    hass.config_entries.flow.async_abort(flow["flow_id"])
    assert flow["errors"] == {"base": "invalid_server"}
    return _text([flow["errors"], flow["description_placeholders"]])


async def log_in_again(hass: HomeAssistant) -> None:
    """Enter a wrong password, then the right one, and accept the new terms."""
    (flow,) = hass.config_entries.flow.async_progress()
    for form, kind in (
        ({CONF_USERNAME: OWNER.username, CONF_PASSWORD: WRONG_PASSWORD}, FlowResultType.FORM),
        ({CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password}, FlowResultType.FORM),
        ({CONF_ACCEPT: True}, FlowResultType.ABORT),
    ):
        result = await hass.config_entries.flow.async_configure(flow["flow_id"], form)
        assert result["type"] is kind
    await hass.async_block_till_done()


async def test_no_secret_leaves_its_place(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """During set-up, commands, errors, renewals, an outage, blocks, a new login and the removal, with all log levels."""
    caplog.set_level(logging.DEBUG)
    for component in ("diagnostics", "system_health", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    features = cloud._core.world.endpoint("den-san-sofa", "1").features
    features["effects"] = [EFFECT]
    cloud._core.world.endpoint("nut-dau-giuong", "4").features["presses"] = ["single", PRESS]
    outputs = Outputs(hass, hass_client, hass_ws_client)
    outputs.shown.append(await enter_address_with_password(hass, cloud))

    entry = await log_in(hass, cloud, OWNER)
    tokens = set(entry.data[CONF_TOKENS].values())

    async def note() -> None:
        tokens.update(entry.data[CONF_TOKENS].values())
        await outputs.collect(entry)

    await asyncio.sleep(1)
    sofa = {"entity_id": "light.phong_khach_nha_ha_noi_den_san_canh_sofa", "effect": EFFECT}
    await hass.services.async_call("light", "turn_on", sofa, blocking=True)
    cloud.set_online("den-tu-bep", False)
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call("light", "turn_on", {"entity_id": "light.bep_den_tu_bep"}, blocking=True)
    cloud.maintenance(retry_after=60)
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.bep_o_cam_am_nuoc"}, blocking=True)
    await asyncio.sleep(120)
    await note()
    cloud.end_maintenance()
    await asyncio.sleep(600)
    cloud.announce_maintenance(cloud.now() + 36_000, cloud.now() + 43_200)
    await asyncio.sleep(5)
    assert [issue.translation_key for issue in ir.async_get(hass).issues.values()] == ["maintenance_planned"]
    await note()
    await outputs.attach()
    await outputs.ask("send_feedback", category="security", message="Ai đã đăng nhập?", include_diagnostics=True)
    cloud.answer_ticket(cloud.tickets(OWNER.username)[0].id, "Chúng tôi đang kiểm tra.")
    await outputs.ask("get_feedback")
    await outputs.ask("find_dealers")
    await note()

    await asyncio.sleep(3 * 3600)  # the tokens are renewed
    cloud.lose_answers(2)
    cloud.cut()
    cloud.rate_limit(5, count=2)
    await asyncio.sleep(120)
    cloud.suspend(OWNER.username, "Nghi ngờ lạm dụng")
    await asyncio.sleep(10)
    await outputs.ask("get_feedback")
    await note()
    cloud.unblock(OWNER.username)
    cloud.change_terms("2027-01")
    await asyncio.sleep(10)
    await note()
    port = cloud.port
    await cloud.stop()
    await asyncio.sleep(600)
    await outputs.ask("get_feedback")
    await note()
    await cloud.start(port=port)
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(600)
    await note()
    await log_in_again(hass)
    await note()
    filed = [_text(ticket.sent) for ticket in cloud.tickets(OWNER.username)]
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()

    homes = cloud.snapshot(OWNER.username)["homes"]
    devices = [device for home in homes for device in home["devices"]]
    secrets = {OWNER.password, WRONG_PASSWORD, USERINFO, OWNER.username, *PHONE}
    secrets |= {token for token in tokens if isinstance(token, str)}
    serials = {device["serial"] for device in devices}
    names = {OWNER.full_name, ACCOUNT_ID, EFFECT, PRESS}
    for named in (*homes, *(room for home in homes for room in home["rooms"]), *devices):
        names |= {named["name"], named["id"]}
    assert len(tokens) > 6
    assert len(outputs.reports) > 100
    assert len(outputs.shown) > 50
    # The search finds what the user is meant to see.
    assert found({EFFECT, "Đèn tủ bếp"}, outputs.shown) == {EFFECT, "Đèn tủ bếp"}

    assert found({*secrets, *serials, *names}, outputs.reports) == set()
    assert found({*secrets, *serials, ACCOUNT_ID}, outputs.shown) == set()
    # Feedback names a device by its ID only.
    assert found({*secrets, *serials, *names}, filed) == set()

    records = [(record.name, record.getMessage() + (record.exc_text or "")) for record in caplog.records]
    assert found(secrets, (said for _, said in records)) == set()
    ours = [said for name, said in records if name.startswith(("custom_components.wesmart", "aiohttp"))]
    assert len(ours) > 10
    # The account's name is the entry's title, which is in logs.
    assert found({*serials, *names} - {OWNER.full_name}, ours) == set()
    urls = [request.path + _text(dict(request.query)) for request in cloud.requests]
    assert found({*secrets, *serials, OWNER.full_name}, urls) == set()

"""Repairs, where Home Assistant notifies of what only the owner of an account can do."""

from playwright.async_api import expect

from script.demo_home.dashboard import DASHBOARD
from script.demo_home.demo import Demo
from tests.browser.frontend import MANUFACTURER, Frontend, pattern
from tests.mock_cloud import MockCloud

TERMS = "issues.terms.fix_flow"


async def test_an_account_logs_in_again_from_its_notification(frontend: Frontend, demo: Demo, cloud: MockCloud) -> None:
    """The session was ended in the app. The user name is known."""
    await frontend.open("/config/repairs")
    cloud.sign_out(demo.account.id)
    await frontend.page.locator("ha-config-repairs").get_by_text(MANUFACTURER).click()
    flow = frontend.flow
    await flow.is_at("config.step.reauth_confirm")
    await flow.enter_password("hoa-sua-2025")
    await flow.submit()
    await flow.says("config.error.invalid_auth")
    await flow.enter_password(demo.account.password)
    await flow.submit()
    await flow.finish()
    await frontend.open(f"/{DASHBOARD}")
    await expect(frontend.tile("Quạt hút").locator("state-display")).to_have_text(await frontend.state("switch", "off"))


async def test_terms_are_accepted_in_repairs(frontend: Frontend, demo: Demo, cloud: MockCloud) -> None:
    """The homes are back without a reload."""
    await frontend.open("/config/repairs")
    cloud.change_terms("2026-11")
    await (
        frontend.page.locator("ha-config-repairs")
        .get_by_text(pattern(frontend.view.language, "issues.terms.title"))
        .click()
    )
    flow = frontend.flow
    await flow.is_at(f"{TERMS}.step.terms")
    await flow.accept()
    await flow.submit()
    await flow.finish()
    assert demo.account.terms_accepted == "2026-11"
    await frontend.open(f"/{DASHBOARD}")
    await expect(frontend.tile("Quạt hút").locator("state-display")).to_have_text(await frontend.state("switch", "off"))

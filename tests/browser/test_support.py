"""What a user sends when something is wrong: feedback, by its form, and diagnostics."""

import asyncio
import json

from playwright.async_api import expect

from script.demo_home.dashboard import DASHBOARD, FEEDBACK
from script.demo_home.demo import DOMAIN, Demo
from tests.browser.frontend import Frontend
from tests.browser.waiting import until
from tests.mock_cloud import MockCloud


async def test_feedback_is_sent_by_its_form(frontend: Frontend, demo: Demo, cloud: MockCloud) -> None:
    """The form of the dashboard, which says that the ticket was opened."""
    before = {ticket.id for ticket in cloud.tickets(demo.account.id)}
    await frontend.open(f"/{DASHBOARD}")
    await frontend.page.locator("hui-entity-badge").filter(has_text=FEEDBACK["en"]).click()
    form = frontend.page.locator("ha-more-info-dialog")
    await form.locator("textarea").fill("Rèm phòng khách kêu to.")
    await (await frontend.button("ui.card.script.run", form)).click()
    await until(lambda: len(cloud.tickets(demo.account.id)) > len(before))
    (ticket,) = [ticket for ticket in cloud.tickets(demo.account.id) if ticket.id not in before]
    assert (ticket.category, ticket.message) == ("application", "Rèm phòng khách kêu to.")
    await frontend.page.keyboard.press("Escape")
    # Its name begins with the number of notifications, once there are some.
    notifications = await frontend.label("ui.notification_drawer.title")
    await frontend.page.locator("ha-sidebar").get_by_role("button", name=notifications).click()
    await expect(frontend.page.locator("notification-drawer").get_by_text(ticket.id)).to_be_visible()


async def test_diagnostics_are_downloaded_without_personal_data(frontend: Frontend, demo: Demo) -> None:
    """From the menu of the account."""
    await frontend.open(f"/config/integrations/integration/{DOMAIN}")
    account = frontend.page.locator("ha-config-entry-row")
    await account.locator("ha-dropdown").first.locator("ha-icon-button").first.click()
    label = await frontend.label("ui.panel.config.integrations.config_entry.download_diagnostics")
    async with frontend.page.expect_download() as downloading:
        await account.get_by_text(label, exact=True).first.click()
    text = await asyncio.to_thread((await (await downloading.value).path()).read_text, encoding="utf-8")
    assert json.loads(text)["data"]
    for personal in (demo.account.email, demo.account.full_name, demo.account.phone, "Nhà Hà Nội", "Phòng khách"):
        assert personal not in text

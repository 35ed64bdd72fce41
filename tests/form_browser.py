"""A browser with what a login page needs: it opens pages, fills in their form, and follows a redirect when told to."""

from html.parser import HTMLParser
from typing import override

from aiohttp import ClientResponse, ClientSession
from yarl import URL


class _Form(HTMLParser):
    """The fields of a page's form, and the words on the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.text = ""
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input" and (name := attributes.get("name")):
            self.fields[name] = attributes.get("value") or ""

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


class Browser:
    """What somebody sees, and where a redirect leads: `location`, empty if there is none."""

    def __init__(self, http: ClientSession, language: str = "en-US,en;q=0.9") -> None:
        """Use a language as browsers send it."""
        self._http = http
        self._headers = {"Accept-Language": language}
        self.url = ""
        self.status = 0
        self.location = ""
        self.headers: dict[str, str] = {}
        self.html = ""
        self.fields: dict[str, str] = {}
        self.text = ""

    async def open(self, url: str) -> None:
        """Open a page."""
        self.url = url
        async with self._http.get(URL(url, encoded=True), headers=self._headers, allow_redirects=False) as answer:
            await self._show(answer)

    async def submit(self, button: str | None = None, **entered: str) -> None:
        """Fill in the form, and press its button: the first one, or one with a name."""
        assert self.fields.keys() >= entered.keys(), self.html
        form = {**self.fields, **entered, **({button: "1"} if button else {})}
        async with self._http.post(
            URL(self.url, encoded=True), data=form, headers=self._headers, allow_redirects=False
        ) as answer:
            await self._show(answer)

    async def log_in(self, username: str, password: str) -> None:
        """Fill in the first form of the mock cloud's login page."""
        await self.submit(username=username, password=password)

    async def _show(self, answer: ClientResponse) -> None:
        self.status, self.html = answer.status, await answer.text()
        self.headers = dict(answer.headers)
        self.location = answer.headers.get("Location", "")
        form = _Form(self.html)
        self.fields, self.text = form.fields, form.text

"""Tickets, which stay, and dealers (contract, "Support")."""

import unicodedata

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.server import Answer, Server, Session, new_id
from tests.conformance.target import Document, Json, Login, Target

DAY_S = 24 * 3600
FEEDBACK: Document = {"category": "application", "message": "A test of conformance; please ignore it."}
PREFIXES = ("TP. ", "tp ", "Tỉnh ", "Thành phố ")
SHORT_NAMES = {"ho chi minh": ("HCM", "TPHCM", "Sài Gòn"), "ha noi": ("HN",)}


async def send(session: Session, key: str, body: Json, *, checked: bool = True) -> Answer:
    """Send feedback."""
    return await session.request("POST", "/feedback", body=body, headers={"Idempotency-Key": key}, checked=checked)


async def require_feedback(session: Session, target: Target) -> None:
    """Skip the test if it may not open tickets, or if there are none."""
    target.require("feedback")
    if (await session.request("GET", "/feedback")).status == 404:
        pytest.skip("the server does not offer feedback")


@pytest.mark.rule("C-60")
async def test_the_same_feedback_has_the_same_ticket(session: Session, target: Target) -> None:
    """For 24 hours; another body under the same key is refused."""
    await require_feedback(session, target)
    key = new_id()
    first = await send(session, key, FEEDBACK)
    assert first.status == 201, first
    if target.patience_s > DAY_S:
        await target.wait(DAY_S - 60)
    again = await send(session, key, dict(reversed(FEEDBACK.items())))
    assert (again.status, again.document["id"]) == (201, first.document["id"])
    assert (await send(session, key, {**FEEDBACK, "message": "Another."}, checked=False)).status == 422
    tickets = (await session.get("/feedback"))["tickets"]
    assert [ticket["id"] for ticket in tickets].count(first.document["id"]) == 1
    assert tickets[0]["id"] == first.document["id"]


@pytest.mark.rule("C-60")
@pytest.mark.parametrize(
    "changes",
    [
        {"message": " \n\t"},
        {"message": "x" * 4001},
        {"subject": "x" * 201},
        {"diagnostics": "x" * (64 * 1024)},
        {"diagnostics": "ế" * (22 * 1024)},
        {"diagnostics": ["a list"]},
        {"rating": 6},
        {"rating": 2.5},
    ],
    ids=["white space", "message", "subject", "too much", "too many bytes", "list", "rating", "fraction"],
)
async def test_feedback_that_is_invalid_is_refused(session: Session, target: Target, changes: Document) -> None:
    """With 422, and without a ticket."""
    await require_feedback(session, target)
    before = (await session.get("/feedback"))["tickets"]
    answer = await send(session, new_id(), {**FEEDBACK, **changes}, checked=False)
    assert answer.status == 422, answer
    assert len((await session.get("/feedback"))["tickets"]) == len(before)


@pytest.mark.rule("C-60")
async def test_feedback_without_a_key_is_refused(session: Session, target: Target) -> None:
    """It could not be repeated."""
    await require_feedback(session, target)
    assert (await session.request("POST", "/feedback", body=FEEDBACK, checked=False)).status == 422


@pytest.mark.rule("C-60")
async def test_each_account_has_its_own_keys_and_tickets(
    session: Session, sessions: Sessions, target: Target, other_login: Login
) -> None:
    """Nobody reads what others have written."""
    await require_feedback(session, target)
    other, key = await sessions.open(other_login), new_id()
    first, second = await send(session, key, FEEDBACK), await send(other, key, FEEDBACK)
    assert (first.status, second.status) == (201, 201)
    own = [ticket["id"] for ticket in (await other.get("/feedback"))["tickets"]]
    assert second.document["id"] in own
    assert first.document["id"] not in own


@pytest.mark.rule("C-39")
async def test_an_event_tells_of_a_ticket(session: Session, sessions: Sessions, target: Target) -> None:
    """It is a change that the account sees."""
    await require_feedback(session, target)
    async with (await sessions.open()).stream() as stream:
        await stream.hello()
        ticket = (await send(session, new_id(), FEEDBACK)).document
        assert (await stream.event("feedback"))["ticket"]["id"] == ticket["id"]


@pytest.mark.rule("C-60")
async def test_diagnostics_are_an_object_or_a_text(session: Session, target: Target) -> None:
    """Of up to 64 KiB as JSON; other texts are counted in characters."""
    await require_feedback(session, target)
    longest: Document = {"message": "ế" * 4000, "subject": "ế" * 200, "diagnostics": "x" * (64 * 1024 - 2)}
    for changes in ({"diagnostics": {"version": 1}}, longest):
        answer = await send(session, new_id(), {**FEEDBACK, **changes})
        assert answer.status == 201, answer


def plain(province: str) -> str:
    """Return a province without accents and prefix, in lower case."""
    decomposed = unicodedata.normalize("NFD", province.lower().replace("đ", "d"))
    text = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).replace(".", " ")
    words = text.split()
    for prefix in (["thanh", "pho"], ["tinh"], ["tp"]):
        if words[: len(prefix)] == prefix:
            words = words[len(prefix) :]
    return " ".join(words)


@pytest.mark.rule("C-61")
async def test_a_province_is_found_as_people_write_it(session: Session) -> None:
    """Without accents, in capitals, with a prefix, by a short name; đ equals d."""
    if (await session.request("GET", "/dealers")).status == 404:
        pytest.skip("the server does not offer dealers")
    dealers = (await session.get("/dealers"))["dealers"]
    for name in {dealer["province"] for dealer in dealers}:
        key = plain(name)
        expected = [dealer for dealer in dealers if plain(dealer["province"]) == key]
        for spelling in (
            name,
            name.upper(),
            key,
            *(prefix + key for prefix in PREFIXES),
            *SHORT_NAMES.get(key, ()),
        ):
            assert (await of(session, spelling)) == expected, spelling


@pytest.mark.rule("C-11")
async def test_dealers_need_no_bearer(server: Server) -> None:
    """They are public."""
    assert (await server.request("GET", server.api("/dealers"))).status in {200, 404}


@pytest.mark.rule("C-61")
async def test_an_unknown_province_has_no_dealers(session: Session) -> None:
    """It is no error."""
    if (await session.request("GET", "/dealers")).status == 404:
        pytest.skip("the server does not offer dealers")
    assert await of(session, "Atlantis") == []


async def of(session: Session, province: str) -> list[Document]:
    """Return the dealers of a province."""
    answer = await session.request("GET", f"/dealers?province={province}")
    assert answer.status == 200, answer
    dealers: list[Document] = answer.document["dealers"]
    return dealers

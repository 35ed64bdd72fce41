"""Which addresses may be asked for credentials."""

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.errors import InvalidServerError, PlainServerError, UnsafeServerError
from custom_components.wesmart.cloud.origins import check_endpoint, server_origin, well_known_url

WEB = ("https", "http")
SOCKET = ("wss", "ws")


@pytest.mark.parametrize(
    ("entered", "origin"),
    [
        ("cloud.example.com", "https://cloud.example.com"),
        ("  https://cloud.example.com/ ", "https://cloud.example.com"),
        ("HTTPS://Cloud.Example.com:8443", "https://cloud.example.com:8443"),
        ("https://cloud.example.com:443", "https://cloud.example.com"),
        ("https://cloud.example.com/.well-known/wesmart", "https://cloud.example.com"),
        ("https://đám-mây.example", "https://xn--m-my-1na1nmc.example"),
        ("http://localhost:8124", "http://localhost:8124"),
        ("http://127.0.0.1:8124", "http://127.0.0.1:8124"),
        ("http://[::1]:8124", "http://[::1]:8124"),
        ("http://192.168.1.20", "http://192.168.1.20"),
        ("http://[fd00::1]", "http://[fd00::1]"),
    ],
)
def test_an_address_is_understood_as_people_write_it(entered: str, origin: str) -> None:
    """The scheme may be left out, and a slash may stand at the end."""
    if "đ" in entered:
        assert server_origin(entered).host == "đám-mây.example"
    else:
        assert str(server_origin(entered)) == origin


@pytest.mark.parametrize(
    "entered",
    [
        "",
        "   ",
        "https://",
        "ftp://cloud.example.com",
        "https://user:secret@cloud.example.com",
        "https://cloud.example.com/app",
        "https://cloud.example.com/?a=b",
        "https://cloud.example.com:99999",
        "https://cloud.example.com:abc",
        "https://[::1",
        "minhanh@example.com",
        "xn--zz--.com",
        "https://xn--\u3002",
        "é[.]@",
    ],
)
def test_what_is_no_address_is_refused(entered: str) -> None:
    """Nothing is guessed from an address that names more, or less, than a server."""
    with pytest.raises(InvalidServerError):
        server_origin(entered)


@pytest.mark.parametrize(
    "entered",
    [
        "http://cloud.example.com",
        "http://homeassistant.local",
        "http://8.8.8.8",
        "http://172.32.0.1",
        "http://[2001:db8::1]",
        "http://[::ffff:192.168.1.20]",
        "http://169.254.1.1",
        "http://0.0.0.0",
    ],
)
def test_plain_http_is_for_private_addresses_only(entered: str) -> None:
    """Names, public addresses and IPv4-mapped ones need TLS."""
    with pytest.raises(PlainServerError):
        server_origin(entered)


# What has a meaning in an address, or in the spelling of names beyond ASCII, stands close together more often than by chance.
_pieces = st.sampled_from(
    ["xn--", "zz", "-", ".", "\u3002", "đ", "\u200c", "[", "]", ":", "@", "/", "%", "1", "https://"]
)


@given(st.text() | st.lists(_pieces, max_size=8).map("".join))
def test_any_text_is_an_origin_or_a_clear_refusal(entered: str) -> None:
    """Whatever is entered, the answer is one of two."""
    try:
        origin = server_origin(entered)
    except InvalidServerError:
        return
    assert origin == origin.origin()


def test_the_document_is_at_the_well_known_place() -> None:
    """RFC 8615."""
    url = well_known_url(server_origin("cloud.example.com"))
    assert str(url) == "https://cloud.example.com/.well-known/wesmart"


@pytest.mark.parametrize(
    ("server", "endpoint", "schemes"),
    [
        ("https://cloud.example.com", "https://auth.example.net/token", WEB),
        ("https://cloud.example.com", "wss://events.example.com/v1", SOCKET),
        ("https://cloud.example.com", "https://93.184.216.34/v1", WEB),
        ("http://127.0.0.1:8124", "http://127.0.0.1:9000/v1", WEB),
        ("http://127.0.0.1:8124", "ws://127.0.0.1:8124/events", SOCKET),
        ("http://localhost:8124", "http://localhost:8124/v1", WEB),
    ],
)
def test_a_document_may_name_what_the_contract_allows(server: str, endpoint: str, schemes: tuple[str, str]) -> None:
    """Public hosts over TLS; its own host without."""
    assert str(check_endpoint(server_origin(server), endpoint, schemes)) == endpoint


@pytest.mark.parametrize(
    ("server", "endpoint", "schemes"),
    [
        ("https://cloud.example.com", "http://cloud.example.com/token", WEB),
        ("https://cloud.example.com", "ws://cloud.example.com/events", SOCKET),
        ("https://cloud.example.com", "https://cloud.example.com/events", SOCKET),
        ("https://cloud.example.com", "https://localhost/token", WEB),
        ("https://cloud.example.com", "https://router.local/token", WEB),
        ("https://cloud.example.com", "https://nas.home.arpa/token", WEB),
        ("https://cloud.example.com", "https://intranet/token", WEB),
        ("https://cloud.example.com", "https://127.0.0.1/token", WEB),
        ("https://cloud.example.com", "https://127.1/token", WEB),
        ("https://cloud.example.com", "https://10.0.0.8/token", WEB),
        ("https://cloud.example.com", "https://[::1]/token", WEB),
        ("https://cloud.example.com", "https://[::ffff:10.0.0.8]/token", WEB),
        ("https://cloud.example.com", "https://169.254.169.254/token", WEB),
        ("https://cloud.example.com", "https://u:p@cloud.example.com/token", WEB),
        ("https://cloud.example.com", "/token", WEB),
        ("https://cloud.example.com", "", WEB),
        ("https://cloud.example.com", "https://[", WEB),
        ("https://cloud.example.com", "https://xn--zz--.com/token", WEB),
        ("https://cloud.example.com", "https://é[.]@", WEB),
        ("http://192.168.1.20", "http://192.168.1.21/token", WEB),
        ("http://192.168.1.20", "https://cloud.example.com/token", WEB),
        ("http://localhost:8124", "http://127.0.0.1:8124/token", WEB),
    ],
)
def test_a_document_may_not_point_elsewhere(server: str, endpoint: str, schemes: tuple[str, str]) -> None:
    """Neither down to plain text, nor inside, nor from inside to another host."""
    with pytest.raises(UnsafeServerError):
        check_endpoint(server_origin(server), endpoint, schemes)

"""The HTML of the login page, in English and Vietnamese."""

from html import escape
from typing import Literal

type Language = Literal["en", "vi"]

_TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Log in",
        "notice": "This is a mock cloud for tests and the demo, not WeSMART.",
        "purpose": "Home Assistant at {host} asks for access to your homes. Go on only if that is yours.",
        "username": "Email or phone number",
        "password": "Password",
        "one_time_code": "One-time code",
        "sent": "A one-time code was sent to your phone.",
        "shown": "The mock cloud has no phone to send it to. The code is {code}.",
        "continue": "Continue",
        "allow": "Allow",
        "cancel": "Cancel",
        "wrong_password": "The email or phone number, or the password, is wrong.",
        "wrong_one_time_code": "This is not the code that was sent.",
        "start_over": "Log in again: it took too long, or the code was wrong too often.",
        "wrong_client": "The application that opened this page is not known here.",
        "wrong_redirect": "The address that this page should return to is not one of Home Assistant.",
    },
    "vi": {
        "title": "Đăng nhập",
        "notice": "Đây là máy chủ giả lập để kiểm thử và dùng thử, không phải WeSMART.",
        "purpose": "Home Assistant tại {host} muốn truy cập các nhà của bạn. Chỉ tiếp tục nếu đó là của bạn.",
        "username": "Email hoặc số điện thoại",
        "password": "Mật khẩu",
        "one_time_code": "Mã dùng một lần",
        "sent": "Mã dùng một lần đã được gửi đến điện thoại của bạn.",
        "shown": "Máy chủ giả lập không có điện thoại để gửi đến. Mã là {code}.",
        "continue": "Tiếp tục",
        "allow": "Cho phép",
        "cancel": "Hủy",
        "wrong_password": "Email hoặc số điện thoại, hoặc mật khẩu, không đúng.",
        "wrong_one_time_code": "Đây không phải là mã đã được gửi.",
        "start_over": "Hãy đăng nhập lại: quá thời gian, hoặc mã đã sai quá nhiều lần.",
        "wrong_client": "Ứng dụng đã mở trang này không được biết ở đây.",
        "wrong_redirect": "Địa chỉ mà trang này phải quay về không phải của Home Assistant.",
    },
}


def login_form(language: Language, host: str, error: str | None = None, username: str = "") -> str:
    """Return the page that asks for username and password."""
    texts = _TEXTS[language]
    return _page(
        language,
        host,
        error,
        f'<p><label>{texts["username"]}<br><input name="username" autocomplete="username" required autofocus'
        f' value="{escape(username)}"></label>'
        f'<p><label>{texts["password"]}<br><input name="password" type="password" autocomplete="current-password"'
        " required></label>",
        "continue",
    )


def one_time_code_form(language: Language, host: str, attempt: str, shown: str | None, error: str | None) -> str:
    """Return the page that asks for the one-time code, and shows it if `shown`."""
    texts = _TEXTS[language]
    sent = texts["sent"] if shown is None else texts["shown"].format(code=escape(shown))
    return _page(
        language,
        host,
        error,
        f'<p>{sent}<input type="hidden" name="attempt" value="{escape(attempt)}">'
        f'<p><label>{texts["one_time_code"]}<br><input name="one_time_code" inputmode="numeric"'
        ' autocomplete="one-time-code" required autofocus></label>',
        "allow",
    )


def message_page(language: Language, message: str) -> str:
    """Return a page that only says what is wrong."""
    return _document(language, f"<p>{_TEXTS[language][message]}")


def _page(language: Language, host: str, error: str | None, fields: str, go_on: str) -> str:
    texts = _TEXTS[language]
    said = f'<p role="alert">{texts[error]}' if error else ""
    # A form without an action posts to the URL of the page, which holds the request.
    return _document(
        language,
        f"<p>{texts['purpose'].format(host=f'<strong>{escape(host)}</strong>')}{said}"
        f'<form method="post">{fields}<p><button>{texts[go_on]}</button>'
        f' <button name="cancel" value="1" formnovalidate>{texts["cancel"]}</button></form>',
    )


def _document(language: Language, body: str) -> str:
    texts = _TEXTS[language]
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{texts['title']}</title><style>body{{font-family:sans-serif;max-width:30em;margin:2em auto;"
        "padding:0 1em}input,button{font-size:1em;padding:.4em}</style>"
        f"<h1>{texts['title']}</h1>{body}<p><small>{texts['notice']}</small>"
    )

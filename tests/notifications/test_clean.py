"""No name that a person typed can change a header, a calendar line or a terminal."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.sanitize import lines, mailbox, one_line, web_address
from app.outbox.errors import UndeliverableError

NASTY = [
    "Ann\r\nBcc: evil@evil.example",
    'Ann" <evil@evil.example>, "x',
    "Ann, evil@evil.example",
    "=?utf-8?q?Ann=0d=0aBcc:_evil@evil.example?=",
    "Änn <evil@evil.example>" * 5,
    "Dr. Ärztin (evil@evil.example); group: x",
    "李" * 300,
    "",
    "\x1b[31m\u202e\u2028Ann\x00",
]


def sent_and_read(name: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["To"] = mailbox(name, "ann@client.example")
    mail["Subject"] = "Hello"
    mail.set_content("Hello")
    return message_from_bytes(mail.as_bytes(), policy=default)


def check(name: str) -> None:
    read = sent_and_read(name)
    assert [address.addr_spec for address in read["To"].addresses] == ["ann@client.example"]
    assert set(read.keys()) == {
        "To",
        "Subject",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert not read.defects


@pytest.mark.parametrize("name", NASTY)
def test_a_malicious_name_stays_a_name(name: str) -> None:
    check(name)


@given(st.text(max_size=200))
def test_any_name_stays_a_name(name: str) -> None:
    check(name)


def test_a_plain_name_is_kept() -> None:
    assert sent_and_read("Dr. Zoë O'Brien-Łuk")["To"].addresses[0].display_name == (
        "Dr. Zoë O'Brien-Łuk"
    )


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@x.example", "a@b@c", "a b@x.example", "a@x.example\r\nBcc: b@y.example"],
)
def test_an_invalid_address_is_undeliverable(email: str) -> None:
    with pytest.raises(UndeliverableError):
        mailbox("Ann", email)


def test_a_domain_is_spelled_in_ascii() -> None:
    assert mailbox("Ann", "ann@bücher.example").addr_spec == "ann@xn--bcher-kva.example"
    with pytest.raises(UndeliverableError):
        mailbox("Ann", f"ann@{'x' * 64}.example")


def test_text_loses_control_characters_and_keeps_its_lines() -> None:
    assert one_line(" a\r\n b\x1b[0m\u2028c ") == "a b [0m c"
    assert lines("a\r\nb\x1b\x07c\n\n") == "a\nb  c"
    assert one_line("\u0646\u200c\u0645") == "\u0646\u200c\u0645"


def test_only_plain_web_addresses_become_links() -> None:
    assert web_address("https://video.example/room?a=b") == "https://video.example/room?a=b"
    for url in (None, "javascript:alert(1)", "https://x.example/\r\nX: y", "ftp://x.example"):
        assert web_address(url) is None

"""A domain in Unicode and in ASCII is the same domain; a similar one is a different domain."""

import pytest

from app.identity.sign_in.request_link import hash_address
from app.standards.addresses import (
    ascii_domain,
    ascii_url,
    mailbox_key,
    mailto,
    normal_address,
    spellings,
)

# A domain, its spelling by IDNA 2008, and the result of IDNA 2003: a domain of somebody else.
DEVIATIONS = [
    ("faß.example", "xn--fa-hia.example", "fass.example"),
    ("βόλος.example", "xn--nxasmm1c.example", "xn--nxasmq6b.example"),
    # The name contains a joiner, which the library refuses in addresses.
    ("ශ්\u200dරී.example", "xn--10cl1a0b660p.example", "xn--10cl1a0b.example"),
]
SAME = [
    "ana@faß.example",
    "ana@FAß.example",
    "Ana@xn--fa-hia.example",
    "ANA@XN--FA-HIA.EXAMPLE",
    "ana@faß。example",
    "ana@\uff46aß.example",
]


@pytest.mark.parametrize(("domain", "spelled", "stranger"), DEVIATIONS)
def test_a_domain_is_spelled_by_idna_2008(domain: str, spelled: str, stranger: str) -> None:
    assert ascii_domain(domain) == ascii_domain(spelled) == spelled
    assert domain.encode("idna").decode() == stranger
    assert spellings(f"ana@{domain}") == [f"ana@{domain}", f"ana@{spelled}"]
    assert spellings(f"ana@{spelled}") == [f"ana@{domain}", f"ana@{spelled}"]
    assert mailto(f"ana@{domain}") == f"mailto:ana@{spelled}"
    assert mailbox_key(f"ana@{domain}") != mailbox_key(f"ana@{stranger}")
    assert ascii_url(f"https://{domain}/a") == f"https://{spelled}/a"


@pytest.mark.parametrize("address", SAME)
def test_spellings_of_one_mailbox_have_one_key(address: str) -> None:
    assert normal_address(address).lower() == "ana@faß.example"
    assert mailbox_key(address) == "ana@xn--fa-hia.example"
    assert hash_address(["k" * 32], address) == hash_address(["k" * 32], SAME[0])


@pytest.mark.parametrize("address", ["ana@fass.example", "anÁ@faß.example", "ana@faß.example.net"])
def test_different_mailboxes_have_different_keys(address: str) -> None:
    assert mailbox_key(address) != mailbox_key(SAME[0])


@pytest.mark.parametrize("address", ["", "ana", "ana@", "ana@xn--zz--.example", "ana@a..b", "@"])
def test_an_invalid_address_has_a_key_too(address: str) -> None:
    assert spellings(address) == [address, address]
    assert mailbox_key(address.upper()) == mailbox_key(address)


@pytest.mark.parametrize("address", ["änä@client.example", "ana", "a@xn--zz--.example", "a@b@c.de"])
def test_an_address_that_cannot_receive_mail_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must be an email address"):
        normal_address(address)


def test_a_mailto_address_is_a_uri() -> None:
    assert mailto("ana+a/b?cc=x&y#z%@client.example") == (
        "mailto:ana+a%2Fb%3Fcc%3Dx%26y%23z%25@client.example"
    )
    assert mailto("änä@client.example") == "mailto:%C3%A4n%C3%A4@client.example"


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("smtp://jo:pä@FAß.example:587?x=ß", "smtp://jo:pä@xn--fa-hia.example:587?x=ß"),
        ("postgresql://r:ß@db.example/ß", "postgresql://r:ß@db.example/ß"),
        ("https://shop.example/ß", "https://shop.example/ß"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[::1", "http://[::1"),
        ("", ""),
    ],
)
def test_only_the_host_of_a_url_is_spelled_in_ascii(url: str, spelled: str) -> None:
    assert ascii_url(url) == spelled


def test_a_url_with_an_impossible_host_is_refused() -> None:
    with pytest.raises(ValueError, match="not allowed"):
        ascii_url("https://💩.example")

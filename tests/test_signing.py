"""Signed tokens: only exactly the characters that were signed are accepted."""

import base64
import hashlib
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from app.web.signing import MAX_LENGTH, BadTokenError, TokenSigner

OLD, NEW = "old-key-0123456789-0123456789-0123456789", "new-key-0123456789-0123456789-0123456789"
ALPHABET = string.ascii_letters + string.digits + "-_"
PAYLOAD = ["0b0e7c395a3f4b1e9a530f6a2f0f4c11", 3, None, [4500, "USD"], "returned"]
PURPOSES = ("link", "quote", "access", "cursor")


def is_refused(signer: TokenSigner, token: str) -> bool:
    try:
        signer.read(token)
    except BadTokenError:
        return True
    return False


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner([NEW], "link")


@pytest.fixture
def token(signer: TokenSigner) -> str:
    return signer.sign(PAYLOAD)


def test_a_token_returns_the_payload_that_was_signed(signer: TokenSigner, token: str) -> None:
    assert signer.read(token) == PAYLOAD
    assert signer.sign(PAYLOAD) == token


def test_a_token_with_one_changed_character_is_refused(signer: TokenSigner, token: str) -> None:
    """Tried: at every position, every character of the alphabet and some characters outside it."""
    accepted = [
        mutant
        for position, right in enumerate(token)
        for wrong in ALPHABET + ".=~+/ \n\0\xe9\uff11"
        if wrong != right
        and not is_refused(signer, mutant := token[:position] + wrong + token[position + 1 :])
    ]
    assert accepted == []


def test_a_token_with_a_removed_or_added_character_is_refused(
    signer: TokenSigner, token: str
) -> None:
    accepted = [
        mutant
        for position in range(len(token) + 1)
        for mutant in (
            token[:position] + token[position + 1 :],
            token[:position],
            *(token[:position] + extra + token[position:] for extra in "A=.-_ \n\0"),
        )
        if mutant != token and not is_refused(signer, mutant)
    ]
    assert accepted == []


@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        str.lower,
        str.swapcase,
        "{}=".format,
        "{}==".format,
        "{}\n".format,
        " {}".format,
        "{0}{0}".format,
        "{0}.{0}".format,
        lambda token: token.replace(".", "=."),
        lambda token: token.replace(".", ".."),
        lambda token: token.replace("-", "+").replace("_", "/") + "",
    ],
)
def test_a_token_has_only_one_accepted_spelling(
    signer: TokenSigner, token: str, spell: object
) -> None:
    assert callable(spell)
    # A token with both characters that base64 can write in two ways.
    token = next(
        made for number in range(1000) if {"-", "_"} <= set(made := signer.sign([*PAYLOAD, number]))
    )
    assert is_refused(signer, spell(token))


@pytest.mark.parametrize("junk", ["", ".", "..", "x", "." * 64, f".{'A' * 64}", f"e30.{'A' * 64}"])
def test_junk_is_refused(signer: TokenSigner, junk: str) -> None:
    assert is_refused(signer, junk)


@given(st.text(max_size=200))
def test_no_text_is_accepted(text: str) -> None:
    assert is_refused(TokenSigner([NEW], "link"), text)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("other", PURPOSES)
def test_a_token_is_valid_for_its_purpose_only(purpose: str, other: str) -> None:
    token = TokenSigner([NEW], purpose).sign(PAYLOAD)
    assert is_refused(TokenSigner([NEW], other), token) is (purpose != other)


def test_a_token_signed_with_another_key_is_refused(token: str) -> None:
    assert is_refused(TokenSigner([OLD], "link"), token)


def test_keys_can_be_rotated() -> None:
    before = TokenSigner([OLD], "link").sign(PAYLOAD)
    both = TokenSigner([OLD, NEW], "link")
    assert both.read(before) == PAYLOAD
    assert both.sign(PAYLOAD) == TokenSigner([NEW], "link").sign(PAYLOAD)
    assert is_refused(TokenSigner([NEW], "link"), before)


def test_a_long_token_is_refused_before_parsing() -> None:
    signer = TokenSigner([NEW], "link")
    long = signer.sign(["x" * MAX_LENGTH])
    assert len(long) > MAX_LENGTH
    assert is_refused(signer, long)


@pytest.mark.parametrize("digest", [hashlib.sha1, hashlib.sha256, hashlib.sha512])
def test_a_weaker_signature_with_the_right_key_is_refused(
    signer: TokenSigner, digest: object
) -> None:
    payload = base64.urlsafe_b64encode(json.dumps(PAYLOAD).encode()).rstrip(b"=").decode()
    weak = Signer(NEW, salt="reslot/link", key_derivation="hmac", digest_method=digest)
    assert is_refused(signer, weak.sign(payload).decode())

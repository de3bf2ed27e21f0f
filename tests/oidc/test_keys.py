"""The keys of an issuer: read again when they may have changed, and not more often."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from app.identity.oidc.errors import RefusedTokenError
from app.identity.oidc.keys import IssuerKeys
from tests.issuers import EC, ED, OTHER, RSA, Issuer
from tests.world import NOW

URL = "https://login.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A_MOMENT = timedelta(microseconds=1)
DISCOVERY = "/.well-known/openid-configuration"


async def found(
    keys: IssuerKeys, now: datetime = NOW, key_id: str | None = "ec", algorithm: str = "ES256"
) -> bool:
    try:
        await keys.find(URL, algorithm, key_id, now)
    except RefusedTokenError:
        return False
    return True


async def test_keys_are_read_once_an_hour() -> None:
    issuer = Issuer(URL)
    keys = IssuerKeys(issuer.fetch)
    for minutes in range(60):
        assert await found(keys, NOW + minutes * MINUTE)
    assert issuer.read == [DISCOVERY, "/keys"]
    assert await found(keys, NOW + HOUR)
    assert issuer.read == [DISCOVERY, "/keys"] * 2


async def test_a_new_key_is_found_within_a_minute() -> None:
    issuer = Issuer(URL, keys=[RSA])
    keys = IssuerKeys(issuer.fetch)
    assert not await found(keys)
    issuer.keys = [RSA, EC]
    assert not await found(keys, NOW + MINUTE - A_MOMENT)
    assert await found(keys, NOW + MINUTE)


async def test_unknown_keys_ask_once_a_minute() -> None:
    issuer = Issuer(URL)
    keys = IssuerKeys(issuer.fetch)
    for number in range(100):
        assert not await found(keys, NOW + timedelta(seconds=number), f"unknown-{number}")
    assert len(issuer.read) == 2 * 2


async def test_a_key_that_is_withdrawn_ends_with_the_hour() -> None:
    issuer = Issuer(URL)
    keys = IssuerKeys(issuer.fetch)
    assert await found(keys)
    issuer.keys = [RSA]
    assert await found(keys, NOW + HOUR - A_MOMENT)
    assert not await found(keys, NOW + HOUR)


async def test_known_keys_outlive_an_issuer_that_is_away_by_a_day() -> None:
    issuer = Issuer(URL)
    keys = IssuerKeys(issuer.fetch)
    assert await found(keys)
    issuer.broken = True
    assert await found(keys, NOW + 24 * HOUR - A_MOMENT)
    assert not await found(keys, NOW + 24 * HOUR)
    issuer.broken = False
    assert await found(keys, NOW + 24 * HOUR + MINUTE)


async def test_an_issuer_that_is_away_is_asked_once_a_minute() -> None:
    issuer = Issuer(URL, broken=True)
    keys = IssuerKeys(issuer.fetch)
    for seconds in range(120):
        assert not await found(keys, NOW + timedelta(seconds=seconds))
    assert len(issuer.read) == 2


async def test_a_crowd_asks_once_and_waits_for_the_answer() -> None:
    issuer, answer = Issuer(URL), asyncio.Event()

    async def slowly(url: str) -> Any:
        await answer.wait()
        return await issuer.fetch(url)

    keys = IssuerKeys(slowly)
    crowd = [asyncio.create_task(found(keys)) for _ in range(20)]
    await asyncio.sleep(0)
    answer.set()
    assert all(await asyncio.gather(*crowd))
    assert len(issuer.read) == 2


@pytest.mark.parametrize(
    "documents",
    [
        {DISCOVERY: {"issuer": "https://other.example", "jwks_uri": f"{URL}/keys"}},
        {DISCOVERY: {"issuer": f"{URL}/", "jwks_uri": f"{URL}/keys"}},
        {DISCOVERY: {"issuer": URL}},
        {DISCOVERY: []},
        {"/keys": {"keys": "none"}},
        {"/keys": {"keys": [EC.as_dict(private=False)] * 101}},
        {"/keys": None},
    ],
)
async def test_wrong_documents_give_no_keys(documents: dict[str, Any]) -> None:
    assert not await found(IssuerKeys(Issuer(URL, documents=documents).fetch))


def published(*keys: dict[str, Any]) -> IssuerKeys:
    return IssuerKeys(Issuer(URL, documents={"/keys": {"keys": list(keys)}}).fetch)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")]
)
async def test_each_kind_of_key_verifies_its_algorithms(key: Any, algorithm: str) -> None:
    keys = IssuerKeys(Issuer(URL).fetch)
    assert await found(keys, key_id=key.kid, algorithm=algorithm)
    others = {"RS256", "ES256", "EdDSA", "Ed25519", "HS256"} - {algorithm}
    if key is ED:
        others -= {"EdDSA", "Ed25519"}
    for other in others:
        assert not await found(keys, key_id=key.kid, algorithm=other)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (EC.as_dict(private=False) | {"use": "enc"}, "ES256"),
        (EC.as_dict(private=False) | {"alg": "ES384"}, "ES256"),
        (RSAKey.generate_key(1024, private=True).as_dict(private=False) | {"kid": "ec"}, "RS256"),
        (ECKey.generate_key("P-384").as_dict(private=False) | {"kid": "ec"}, "ES256"),
        (OKPKey.generate_key("Ed448").as_dict(private=False) | {"kid": "ec"}, "EdDSA"),
        (OctKey.generate_key(256).as_dict(private=True) | {"kid": "ec"}, "HS256"),
        ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "ec"}, "ES256"),
        ({"kty": "RSA", "n": 5, "e": [], "kid": "ec"}, "RS256"),
        ({"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "ec"}, "RS256"),
        ({"kty": 5}, "RS256"),
        ({}, "RS256"),
    ],
)
async def test_keys_that_are_not_for_such_signatures_are_left_out(
    key: dict[str, Any], algorithm: str
) -> None:
    """A wrong key does not spoil the others."""
    keys = published(key, RSA.as_dict(private=False))
    assert not await found(keys, algorithm=algorithm)
    assert await found(keys, NOW + MINUTE, key_id="rsa", algorithm="RS256")


async def test_a_token_without_key_id_needs_an_issuer_with_one_key() -> None:
    assert await found(published(EC.as_dict(private=False)), key_id=None)
    two = [EC.as_dict(private=False), OTHER.as_dict(private=False) | {"kid": "second"}]
    assert not await found(published(*two), key_id=None)


async def test_two_keys_with_one_id_verify_nothing() -> None:
    two = [EC.as_dict(private=False), OTHER.as_dict(private=False)]
    assert not await found(published(*two))

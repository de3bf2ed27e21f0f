"""Which tokens are accepted, with a key that is known."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import Key

from app.identity.oidc.errors import RefusedTokenError
from app.identity.oidc.token import MAX_LENGTH, read_unverified, verify
from tests.issuers import AUDIENCE, EC, ED, OTHER, RSA, Issuer
from tests.world import NOW

ISSUER = Issuer("https://login.example")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def seconds(after: timedelta) -> int:
    return int((NOW + after).timestamp())


def refusal(text: str, key: Key = EC) -> str | None:
    try:
        verify(read_unverified(text), key, NOW)
    except RefusedTokenError as error:
        return error.reason
    return None


def encoded(part: object) -> str:
    text = part if isinstance(part, str) else json.dumps(part)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")]
)
def test_three_kinds_of_signature_are_accepted(key: Key, algorithm: str) -> None:
    assert refusal(ISSUER.token(NOW, key=key, algorithm=algorithm), key) is None


@pytest.mark.parametrize("algorithm", ["RS384", "PS256", "ES384", "HS256", "none", "", "ES256K"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    header, claims = encoded({"alg": algorithm, "kid": "ec"}), encoded(ISSUER.claims(NOW))
    assert refusal(f"{header}.{claims}.c2lnbmF0dXJl") in {"algorithm", "malformed"}


def test_a_token_without_signature_is_refused() -> None:
    for algorithm in ("none", "None", "NONE"):
        text = f"{encoded({'alg': algorithm})}.{encoded(ISSUER.claims(NOW))}."
        assert refusal(text) == "algorithm"
    unsigned = ISSUER.token(NOW).rpartition(".")[0] + "."
    assert refusal(unsigned) == "signature"


def test_a_public_key_is_no_shared_secret() -> None:
    """Signed with HS256 and the public key as the secret, which everybody has."""
    signed = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(ISSUER.claims(NOW))}"
    for secret in (RSA.as_pem(private=False), RSA.as_der(private=False)):
        signature = hmac.digest(secret, signed.encode(), "sha256")
        text = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert refusal(text, RSA) == "algorithm"


def test_another_key_is_refused() -> None:
    assert refusal(ISSUER.token(NOW, key=OTHER)) == "signature"
    assert refusal(ISSUER.token(NOW, key=RSA, algorithm="RS256"), EC) == "signature"


def test_a_token_whose_claims_were_changed_is_refused() -> None:
    header, _, signature = ISSUER.token(NOW).split(".")
    changed = encoded(ISSUER.claims(NOW, sub="somebody-else"))
    assert refusal(f"{header}.{changed}.{signature}") == "signature"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": seconds(-MINUTE)}, None),
        ({"exp": seconds(-MINUTE - SECOND)}, "expired"),
        ({"nbf": seconds(MINUTE)}, None),
        ({"nbf": seconds(MINUTE + SECOND)}, "not_valid_yet"),
        ({"iat": seconds(MINUTE)}, None),
        ({"iat": seconds(MINUTE + SECOND)}, "not_valid_yet"),
        ({"iat": seconds(-24 * HOUR)}, None),
        ({"iat": seconds(-24 * HOUR - SECOND)}, "too_old"),
        ({"iat": seconds(timedelta()) + 0.5}, None),
        ({"exp": None}, "malformed"),
        ({"iat": None}, "malformed"),
        ({"exp": str(seconds(HOUR))}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": -1}, "malformed"),
        ({"exp": 10**30}, "malformed"),
        ({"exp": [seconds(HOUR)]}, "malformed"),
        ({"iss": None}, "malformed"),
        ({"iss": 5}, "malformed"),
        ({"aud": None}, "malformed"),
        ({"aud": []}, "malformed"),
        ({"aud": [5]}, "malformed"),
        ({"aud": ["one"] * 21}, "malformed"),
        ({"aud": ["userinfo", AUDIENCE]}, None),
    ],
)
def test_claims(claims: dict[str, Any], why: str | None) -> None:
    assert refusal(ISSUER.token(NOW, **claims)) == why


@pytest.mark.parametrize(
    "text",
    [
        "..",
        "a.b.c",
        "%.%.%",
        "e30.e30.e30",
        f"{encoded('[]')}.{encoded({})}.x",
        f"{encoded({'alg': 5})}.{encoded({})}.x",
        f"{encoded({'alg': 'ES256', 'kid': ['ec']})}.{encoded(ISSUER.claims(NOW))}.x",
        f"{encoded({'alg': 'ES256'})}.{encoded('NaN')}.x",
        f"{encoded({'alg': 'ES256'})}.{encoded('[' * 2000)}.x",
        f"{encoded({'alg': 'ES256', 'crit': ['unknown']})}.{encoded(ISSUER.claims(NOW))}.x",
        "\u00e4.\u00e4.\u00e4",
        ISSUER.token(NOW) + "=",
        ISSUER.token(NOW, filler="x" * MAX_LENGTH),
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    assert refusal(text) in {"malformed", "signature"}


def test_not_a_number_is_no_instant() -> None:
    claims = json.dumps(ISSUER.claims(NOW)).replace(str(seconds(HOUR)), "Infinity")
    text = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, claims, EC, ["ES256"])
    assert refusal(text) == "malformed"

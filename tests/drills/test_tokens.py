"""Drill 7: of every kind of token, only ours are accepted; every refusal is the same.

Most mutants are tried on the function that the endpoint calls, a sample of each sort over HTTP.
Every mutant differs from the token, which is valid before and after.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import product

import pytest
from itsdangerous import Signer
from limits import RateLimitItemPerMinute
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.drills.mint import API_KEY, SIGN_IN_LIFETIME, Kind, Mint
from tests.drills.mutants import mutants
from tests.fixtures.database import KEY
from tests.world import NOW, TestClock, World, serve

COUNT = 10_000  # mutants of each kind
OVER_HTTP = 300  # and this many of them over HTTP
KEYS_COUNT = 1_000  # of an API key in a short run: each needs a database query
RETIRED = "a-signing-key-that-was-taken-out-of-service-0123"
PURPOSES = ("link", "access", "quote", "cursor", "sign-in", "refresh", "", "link ", "Access")


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def kinds(
    engine: AsyncEngine,
    settings: Settings,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[list[Kind]]:
    # One network address sends all: its rate limit is tested in tests/test_limits.py.
    monkeypatch.setattr("app.identity.sign_in.router.EXCHANGING", RateLimitItemPerMinute(1_000_000))
    world = await World(engine, settings).build()
    async with serve(settings, clock) as api:
        yield await Mint(api, world).all()


@pytest.mark.parametrize(
    "of_a_key",
    [
        pytest.param(KEYS_COUNT, marks=pytest.mark.brief),
        pytest.param(COUNT, marks=pytest.mark.drill, id="all of a key"),
    ],
)
async def test_no_mutant_is_read(
    subtests: pytest.Subtests, kinds: list[Kind], of_a_key: int
) -> None:
    for kind in kinds:
        with subtests.test(kind.name):
            assert await kind.accepts(kind.tokens[0])
            count = of_a_key if kind.name == API_KEY else COUNT
            accepted = [
                (sort, mutant)
                for sort, mutant in mutants(*kind.tokens, count)
                if await kind.accepts(mutant)
            ]
            assert accepted == []
            assert await kind.accepts(kind.tokens[0])


@pytest.mark.slow
async def test_every_mutant_gets_the_same_refusal(
    subtests: pytest.Subtests, kinds: list[Kind]
) -> None:
    for kind in kinds:
        with subtests.test(kind.name):
            await kind.is_good(1)
            sorts = set()
            for sort, mutant in mutants(*kind.tokens, OVER_HTTP):
                await kind.is_refused(mutant, sort)
                sorts.add(sort)
            assert len(sorts) > 8
            await kind.is_good(0)


def signed_otherwise(payload: str) -> Iterator[tuple[str, str]]:
    """Sign a payload in every wrong way: with our key or others, for each purpose."""
    ways = product(
        (KEY, RETIRED, KEY[:-1], KEY + "\n", "k"),
        PURPOSES,
        ("hmac", "concat", "django-concat", "none"),
        (hashlib.sha384, hashlib.sha256, hashlib.sha512, hashlib.sha1),
    )
    for key, purpose, derivation, digest in ways:
        signer = Signer(
            key, salt=f"reslot/{purpose}", key_derivation=derivation, digest_method=digest
        )
        yield f"{purpose} {derivation} {digest.__name__}", signer.sign(payload).decode()


@pytest.mark.slow
async def test_signed_for_another_purpose_or_with_a_retired_key_it_is_refused(
    subtests: pytest.Subtests, kinds: list[Kind]
) -> None:
    signed = [kind for kind in kinds if kind.purpose]
    assert len(signed) == len(kinds) - 1
    for kind in signed:
        with subtests.test(kind.name):
            payload = kind.tokens[0].rpartition(".")[0]
            ways = list(signed_otherwise(payload))
            # The right way gives the same token, so each other way has exactly one error.
            (right,) = [way for way, token in ways if token == kind.tokens[0]]
            assert right == f"{kind.purpose} hmac openssl_sha384"
            for number, (way, token) in enumerate(ways):
                if token != kind.tokens[0]:
                    assert not await kind.accepts(token), way
                    if number % 12 == 0:
                        await kind.is_refused(token, way)
            await kind.is_good(0)


@pytest.mark.slow
async def test_no_kind_is_accepted_as_another(subtests: pytest.Subtests, kinds: list[Kind]) -> None:
    for kind in kinds:
        with subtests.test(kind.name):
            for other in kinds:
                if other.purpose != kind.purpose:
                    await kind.is_refused(other.tokens[0], other.name)
            await kind.is_good(0)


async def test_expired_tokens_are_refused(
    subtests: pytest.Subtests, kinds: list[Kind], clock: TestClock
) -> None:
    """A second before its expiry it is valid; from the expiry on, it gets the same refusal."""
    lifetimes = {
        "a client's access token": (timedelta(hours=1), (401, "unauthorized")),
        "a link's access token": (timedelta(hours=1), (401, "unauthorized")),
        "a quote": (timedelta(minutes=10, seconds=1), (409, "quote-required")),
        "a sign-in link": (SIGN_IN_LIFETIME, (410, "link-expired")),
        "a refresh token": (SIGN_IN_LIFETIME, (401, "unauthorized")),
        "a link": (timedelta(days=33, minutes=50, seconds=1), (410, "link-expired")),
    }
    for kind in kinds:
        lifetime, refusal = lifetimes.get(kind.name, (None, None))
        if lifetime is None or refusal is None:
            continue
        with subtests.test(kind.name):
            clock.now = NOW + lifetime
            kind.refusal = refusal
            for _ in range(3):
                await kind.is_refused(kind.tokens[0], "expired")
            clock.now = NOW + lifetime - timedelta(seconds=1)
            await kind.is_good(0)


@pytest.mark.slow
async def test_a_lone_surrogate_is_refused(
    subtests: pytest.Subtests, kinds: list[Kind], settings: Settings, clock: TestClock
) -> None:
    """JSON can express a lone surrogate, which UTF-8 cannot encode."""
    token = next(kind.tokens[0] for kind in kinds if kind.name == "a link")
    async with serve(settings, clock) as api:
        for spelt in ("\\ud83d", f"{token}\\udd11", f"\\ud800{token}", f"{token}\\u0000"):
            with subtests.test(spelt[-20:]):
                answer = await api.http.post(
                    "/v1/links/open",
                    content=f'{{"token": "{spelt}"}}',
                    headers={"Content-Type": "application/json"},
                )
                assert answer.status_code == 422, answer.text

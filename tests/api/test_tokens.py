"""Only our tokens are accepted, for their purpose and lifetime. More in tests/test_signing.py."""

import string
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.identity.tokens.access import AccessTokens, Caller
from app.tables.sessions import Session
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
ALPHABET = string.ascii_letters + string.digits + "-_"


def mutants(token: str) -> Iterator[str]:
    """Alter a token: at every fifth position and at both ends, in length and in case."""
    for position in {*range(0, len(token), 5), token.index("."), len(token) - 1}:
        neighbour = ALPHABET[(ALPHABET.find(token[position]) + 1) % len(ALPHABET)]
        for wrong in {neighbour, "A", "."} - {token[position]}:
            yield token[:position] + wrong + token[position + 1 :]
    yield from (token[:-1], token[1:], token + "A", token + "=", token + ".", "." + token)
    yield from (token.upper(), token.lower(), token + token, token.partition(".")[0])
    yield from (token.replace(".", ".."), token.replace(".", ""), "x" * 1025, "x" * 4096, "é", "\0")


async def quote_for(api: Api, session_id: UUID, action: str = "cancel") -> str:
    return str((await api.session(session_id))["actions"][action]["quote"])


async def test_no_mutant_of_an_access_token_is_good(api: Api, world: World) -> None:
    token = world.token()
    for mutant in mutants(token):
        answer = await api.http.get(
            "/v1/me", headers={b"Authorization": b"Bearer " + mutant.encode()}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), mutant
    assert (await api.get("/v1/me")).status_code == 200


async def test_no_mutant_of_a_link_is_good(stranger: Api, world: World) -> None:
    token = world.link_token(await world.book(START))
    for mutant in mutants(token):
        answer = await stranger.open_link(mutant)
        assert (answer.status_code, answer.json()["code"]) == (422, "link-invalid"), mutant
    assert (await stranger.open_link(token)).status_code == 200


async def test_no_mutant_of_a_quote_is_good(api: Api, world: World) -> None:
    session_id = await world.book(START)
    quote = await quote_for(api, session_id)
    for mutant in mutants(quote):
        answer = await api.cancel(session_id, quote=mutant)
        assert (answer.status_code, answer.json()["code"]) == (422, "quote-invalid"), mutant
    (row,) = await world.rows(Session)
    assert (row.status, row.version) == ("booked", 1)
    assert (await api.cancel(session_id, quote=quote)).status_code == 200


async def test_a_token_of_one_purpose_is_never_good_for_another(
    api: Api, stranger: Api, world: World
) -> None:
    session_id = await world.book(START)
    await world.book(START + timedelta(days=1))
    tokens = {
        "access": world.token(),
        "link": world.link_token(session_id),
        "quote": await quote_for(api, session_id),
        "cursor": (await api.get("/v1/sessions", limit=1)).json()["next_cursor"],
    }
    for purpose, token in tokens.items():
        read = await api.signed_in(token).get("/v1/me")
        opened = await stranger.open_link(token)
        paged = await api.get("/v1/sessions", cursor=token)
        assert read.status_code == (200 if purpose == "access" else 401), purpose
        assert opened.status_code == (200 if purpose == "link" else 422), purpose
        assert paged.status_code == (200 if purpose == "cursor" else 422), purpose
    for purpose in ("access", "link", "cursor", "quote"):
        cancelled = await api.cancel(session_id, quote=tokens[purpose])
        assert cancelled.status_code == (200 if purpose == "quote" else 422), purpose


async def test_what_is_no_bearer_token_is_not_signed_in(
    subtests: pytest.Subtests, stranger: Api
) -> None:
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Token x",
        "Bearer  ",
        "bearer x y",
        "x" * 9000,
    ]:
        with subtests.test(header[:80]):
            answer = await stranger.get("/v1/me", {"Authorization": header})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_scheme_is_read_in_any_case(stranger: Api, world: World) -> None:
    answer = await stranger.get("/v1/me", {"Authorization": f"bEARER {world.token()}"})
    assert answer.status_code == 200


async def test_an_access_token_ends_by_the_applications_clock(
    api: Api, world: World, clock: TestClock
) -> None:
    short = api.signed_in(world.token(until=NOW + timedelta(hours=1)))
    clock.now = NOW + timedelta(hours=1, microseconds=-1)
    assert (await short.get("/v1/me")).status_code == 200
    clock.now = NOW + timedelta(hours=1)
    assert (await short.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("part", ["practice", "client", "generation"])
async def test_a_token_for_nobody_is_not_signed_in(api: Api, world: World, part: str) -> None:
    """Signed by us, but for an unknown practice or client, or for another generation."""
    caller = Caller(
        uuid4() if part == "practice" else world.practice_id,
        uuid4() if part == "client" else world.client_id,
        1 if part == "generation" else 0,
    )
    token = AccessTokens(world.settings.keys).sign(caller, NOW + timedelta(hours=1))
    nobody = api.signed_in(token)
    session_id = await world.book(START)
    for path in ("/v1/me", "/v1/sessions", "/v1/packages", f"/v1/sessions/{session_id}"):
        answer = await nobody.get(path)
        assert answer.status_code == 401, path
    refused = await nobody.cancel(session_id)
    assert refused.status_code == 401


async def test_a_quote_is_good_for_its_session_and_action_only(api: Api, world: World) -> None:
    first = await world.book(START)
    second = await world.book(START + timedelta(days=1))

    def code(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    invalid = (422, "quote-invalid")
    assert code(await api.cancel(second, quote=await quote_for(api, first))) == invalid
    move = await quote_for(api, first, "reschedule")
    assert code(await api.cancel(first, quote=move)) == invalid
    cancel = await quote_for(api, first)
    to = START + timedelta(days=4)
    assert code(await api.reschedule(first, to, quote=cancel)) == invalid
    assert code(await api.reschedule(first, START, format="phone", quote=move)) == invalid

"""Clients sign in with a mailed link, stay signed in, and sign out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from app.configuration.settings import Settings
from app.identity.api_keys.keys import Scope
from app.identity.tokens.sign_in import MailedLink, SignInTokens
from app.tables.changes import Change, ChangeNote
from app.tables.identity import SignIn, SignInCounter, SignInFamily, SignInRequest
from app.tables.practices import Client
from tests.world import NOW, Api, TestClock, World

# A sign-in looks for the address at every practice.
pytestmark = pytest.mark.alone

INVALID, EXPIRED, OUT = (422, "link-invalid"), (410, "link-expired"), (401, "unauthorized")
TEN_MINUTES = timedelta(minutes=10)
GRACE = timedelta(seconds=30)
A_MOMENT = timedelta(microseconds=1)


async def mailed(world: World, client_id: UUID | None = None, **values: Any) -> str:
    """Make a sign-in link as the worker does, and return its token."""
    record = {
        "client_id": client_id or world.client_id,
        "token_generation": 0,
        "expires_at": NOW + TEN_MINUTES,
    }
    sign_in_id = await world.add(SignIn, **(record | values))
    return SignInTokens(world.settings.keys).sign_link(MailedLink(world.practice_id, sign_in_id))


async def ask(api: Api, email: object) -> Response:
    return await api.post("/v1/auth/sign-in-links", {"email": email})


async def exchange(api: Api, token: str) -> Response:
    return await api.post("/v1/auth/tokens", {"token": token})


async def refresh(api: Api, token: str) -> Response:
    return await api.post("/v1/auth/refresh", {"refresh_token": token})


async def signed_in(api: Api, world: World) -> Any:
    """Sign the world's client in, and return the response."""
    answer = await exchange(api, await mailed(world))
    assert answer.status_code == 200, answer.text
    return answer.json()


def outcome(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "ok")


async def requests(world: World) -> list[str]:
    async with world.engine.connect() as db:
        return list(await db.scalars(select(SignInRequest.address)))


async def jobs(world: World) -> list[str]:
    async with world.engine.connect() as db:
        found = await db.scalars(text("SELECT convert_from(payload, 'UTF8') FROM pgqueuer"))
        return list(found)


# Requesting a link


@pytest.mark.parametrize("email", ["ana@client.example", "nobody@client.example"])
async def test_asking_is_answered_the_same_whether_the_address_is_known_or_not(
    stranger: Api, world: World, email: str
) -> None:
    answer = await ask(stranger, email)
    assert answer.status_code == 202
    assert answer.json() == {
        "message": "If the address is known here, a link to sign in is on its way to it."
    }
    assert await requests(world) == [email]
    assert len(await jobs(world)) == 1


async def test_the_job_holds_an_id_and_no_address(stranger: Api, world: World) -> None:
    with capture_logs() as logs:
        await ask(stranger, "ana@client.example")
    (payload,) = await jobs(world)
    assert "ana" not in payload
    assert "client.example" not in str(logs)
    async with world.engine.connect() as db:
        request_id = await db.scalar(select(SignInRequest.id))
    assert payload == f'{{"id": "{request_id}"}}'


async def test_more_than_five_for_one_address_are_answered_the_same_and_not_queued(
    stranger: Api, world: World, clock: TestClock
) -> None:
    spellings = ["ana@client.example", "Ana@Client.Example", " ANA@client.example "]
    answers = [await ask(stranger, spellings[number % 3]) for number in range(8)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(await requests(world)) == 5
    await ask(stranger, "bea@client.example")
    assert len(await requests(world)) == 6
    clock.now = NOW + timedelta(minutes=15) - A_MOMENT
    await ask(stranger, "ana@client.example")
    assert len(await requests(world)) == 6
    clock.now = NOW + timedelta(minutes=15)
    await ask(stranger, "ana@client.example")
    assert len(await requests(world)) == 7


async def test_the_counter_knows_no_address(stranger: Api, world: World) -> None:
    for _ in range(7):
        await ask(stranger, "ana@client.example")
    async with world.engine.connect() as db:
        columns = (SignInCounter.address_hash, SignInCounter.count, SignInCounter.since)
        address_hash, count, since = (await db.execute(select(*columns))).one()
    assert (len(address_hash), count, since) == (32, 6, NOW)
    assert b"ana" not in address_hash


async def test_one_network_address_may_ask_twenty_times_in_five_minutes(
    stranger: Api, world: World
) -> None:
    for number in range(20):
        assert (await ask(stranger, f"a{number}@client.example")).status_code == 202
    answer = await ask(stranger, "one-more@client.example")
    assert outcome(answer) == (429, "rate-limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 300
    assert len(await requests(world)) == 20
    # Exchanges are counted separately.
    assert outcome(await exchange(stranger, "nonsense")) == INVALID


async def test_one_network_address_may_exchange_sixty_times_in_five_minutes(
    stranger: Api, world: World
) -> None:
    token = await mailed(world)
    for _ in range(30):
        assert outcome(await exchange(stranger, "nonsense")) == INVALID
        assert outcome(await refresh(stranger, "nonsense")) == OUT
    for answer in (await exchange(stranger, token), await refresh(stranger, "nonsense")):
        assert outcome(answer) == (429, "rate-limited")
        assert "retry-after" in answer.headers
    assert (await ask(stranger, "ana@client.example")).status_code == 202


@pytest.mark.parametrize(
    "email",
    [
        "",
        "   ",
        "ana",
        "ana@",
        "@client.example",
        "ana ruiz@client.example",
        "ana@client.example, bea@client.example",
        "Ana <ana@client.example>",
        "ana\u0000@client.example",
        "ana\u0007@client.example",
        "ana@client.example\nBcc: bea@client.example",
        "a" * 250 + "@client.example",
        "\ud800@client.example",
        None,
        7,
        ["ana@client.example"],
    ],
)
async def test_an_invalid_address_is_refused_and_not_echoed(
    stranger: Api, world: World, email: object
) -> None:
    body = b'{"email": "\\ud800@x.example"}' if email == "\ud800@client.example" else None
    if body is not None:
        headers = {"Content-Type": "application/json"}
        answer = await stranger.http.post("/v1/auth/sign-in-links", content=body, headers=headers)
    else:
        answer = await ask(stranger, email)
    assert outcome(answer) == (422, "validation-failed")
    (entry,) = answer.json()["errors"]
    assert (entry["pointer"], entry["in"]) == ("/email", "body")
    assert "client.example" not in entry["detail"].replace("ana@client.example", "", 1)
    assert await requests(world) == []


async def test_unknown_fields_are_refused(stranger: Api) -> None:
    body = {"email": "ana@client.example", "practice": "Harbor"}
    answer = await stranger.post("/v1/auth/sign-in-links", body)
    assert outcome(answer) == (422, "validation-failed")


# Exchanging the mailed token


async def test_a_mailed_token_signs_its_client_in(stranger: Api, world: World) -> None:
    body = await signed_in(stranger, world)
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert datetime.fromisoformat(body["refresh_expires_at"]) == NOW + timedelta(days=90)
    assert body["refresh_expires_at"].endswith("-05:00")
    me = (await stranger.signed_in(body["access_token"]).get("/v1/me")).json()
    assert (me["client"], me["practice"]) == (body["client"], body["practice"])
    assert me["client"]["id"] == str(world.client_id)
    assert me["session_id"] is None


async def test_the_response_must_not_be_cached(stranger: Api, world: World) -> None:
    answer = await exchange(stranger, await mailed(world))
    assert answer.headers["cache-control"] == "no-store"


async def test_a_mailed_token_works_once(stranger: Api, world: World) -> None:
    token = await mailed(world)
    assert (await exchange(stranger, token)).status_code == 200
    assert outcome(await exchange(stranger, token)) == INVALID
    assert len(await world.rows(SignInFamily)) == 1


async def test_a_mailed_token_works_for_ten_minutes(
    stranger: Api, world: World, clock: TestClock
) -> None:
    first, second = await mailed(world), await mailed(world)
    clock.now = NOW + TEN_MINUTES - A_MOMENT
    assert (await exchange(stranger, first)).status_code == 200
    clock.now = NOW + TEN_MINUTES
    assert outcome(await exchange(stranger, second)) == EXPIRED
    assert outcome(await exchange(stranger, first)) == INVALID  # used, which is checked first
    assert len(await world.rows(SignInFamily)) == 1


@pytest.mark.parametrize("late", [False, True])
async def test_a_token_of_an_inactive_client_is_invalid(
    stranger: Api, world: World, clock: TestClock, *, late: bool
) -> None:
    token = await mailed(world)
    await world.change(Client, world.client_id, active=False)
    clock.now = NOW + TEN_MINUTES if late else NOW
    assert outcome(await exchange(stranger, token)) == INVALID


@pytest.mark.parametrize("late", [False, True])
async def test_signing_out_everywhere_ends_links_that_were_mailed(
    api: Api, stranger: Api, world: World, clock: TestClock, *, late: bool
) -> None:
    token = await mailed(world)
    assert (await api.post("/v1/auth/sign-out-everywhere", None)).status_code == 204
    clock.now = NOW + TEN_MINUTES if late else NOW
    assert outcome(await exchange(stranger, token)) == INVALID


async def test_tokens_of_other_kinds_and_forged_ones_are_invalid(
    stranger: Api, world: World
) -> None:
    token = await mailed(world)
    session_id = await world.book(NOW + timedelta(days=3))
    refresh_token = (await signed_in(stranger, world))["refresh_token"]
    unknown = SignInTokens(world.settings.keys).sign_link(MailedLink(world.practice_id, uuid4()))
    of_others = SignInTokens(["another-key-0123456789-0123456789-0"])
    forged = of_others.sign_link(MailedLink(world.practice_id, uuid4()))
    cut = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (
        world.link_token(session_id),
        world.token(),
        refresh_token,
        unknown,
        forged,
        cut,
        token + "=",
        "x" * 4096,
        "\u0000",
        "é",
    ):
        assert outcome(await exchange(stranger, wrong)) == INVALID, wrong
    assert (await exchange(stranger, token)).status_code == 200


async def test_a_token_of_another_practice_reaches_that_practice_only(
    stranger: Api, world: World, settings: Settings
) -> None:
    other = await World(world.engine, settings).build()
    sign_in_id = await world.add(
        SignIn, client_id=world.client_id, token_generation=0, expires_at=NOW + TEN_MINUTES
    )
    crossed = MailedLink(other.practice_id, sign_in_id)
    answer = await exchange(stranger, SignInTokens(settings.keys).sign_link(crossed))
    assert outcome(answer) == INVALID
    body = await signed_in(stranger, other)
    assert body["practice"]["id"] == str(other.practice_id)


async def test_no_log_line_holds_a_token(stranger: Api, world: World) -> None:
    token = await mailed(world)
    with capture_logs() as logs:
        body = (await exchange(stranger, token)).json()
        await refresh(stranger, body["refresh_token"])
        await exchange(stranger, token)
        await refresh(stranger, body["refresh_token"] + "x")
        await ask(stranger, "ana@client.example")
    told = str(logs)
    for secret in (token, body["access_token"], body["refresh_token"], "ana@", "Ana"):
        assert secret not in told


# Staying signed in


async def test_a_refresh_gives_new_tokens_and_the_old_end_stays(
    stranger: Api, world: World, clock: TestClock
) -> None:
    first = await signed_in(stranger, world)
    clock.now = NOW + timedelta(hours=2)
    assert (await stranger.signed_in(first["access_token"]).get("/v1/me")).status_code == 401
    second = (await refresh(stranger, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_expires_at"] == first["refresh_expires_at"]
    assert second["client"] == first["client"]
    assert (await stranger.signed_in(second["access_token"]).get("/v1/me")).status_code == 200


async def test_the_previous_refresh_token_has_a_grace_of_thirty_seconds(
    stranger: Api, world: World, clock: TestClock
) -> None:
    first = (await signed_in(stranger, world))["refresh_token"]
    clock.now = NOW + timedelta(hours=1)
    second = (await refresh(stranger, first)).json()["refresh_token"]
    clock.now += GRACE
    again = (await refresh(stranger, first)).json()["refresh_token"]
    assert again == second
    (family,) = await world.rows(SignInFamily)
    assert (family.number, family.rotated_at) == (2, NOW + timedelta(hours=1))
    assert (await refresh(stranger, second)).status_code == 200


async def test_reuse_of_an_old_refresh_token_ends_the_sign_in(
    stranger: Api, world: World, clock: TestClock
) -> None:
    first = (await signed_in(stranger, world))["refresh_token"]
    second = (await refresh(stranger, first)).json()["refresh_token"]
    clock.now = NOW + GRACE + A_MOMENT
    with capture_logs() as logs:
        assert outcome(await refresh(stranger, first)) == OUT
    assert "sign_in_ended" in {line["event"] for line in logs}
    (family,) = await world.rows(SignInFamily)
    assert family.ended_at == clock.now
    assert outcome(await refresh(stranger, second)) == OUT


async def test_the_one_before_the_last_has_no_grace(stranger: Api, world: World) -> None:
    first = (await signed_in(stranger, world))["refresh_token"]
    second = (await refresh(stranger, first)).json()["refresh_token"]
    third = (await refresh(stranger, second)).json()["refresh_token"]
    assert outcome(await refresh(stranger, first)) == OUT
    assert outcome(await refresh(stranger, third)) == OUT


async def test_a_sign_in_ends_after_ninety_days_however_often_it_was_used(
    stranger: Api, world: World, clock: TestClock
) -> None:
    body = await signed_in(stranger, world)
    for days in (30, 60, 89):
        clock.now = NOW + timedelta(days=days)
        body = (await refresh(stranger, body["refresh_token"])).json()
    clock.now = NOW + timedelta(days=90, minutes=-10)
    body = (await refresh(stranger, body["refresh_token"])).json()
    assert body["expires_in"] == 600
    by_client = stranger.signed_in(body["access_token"])
    clock.now = NOW + timedelta(days=90) - timedelta(seconds=1)
    assert (await by_client.get("/v1/me")).status_code == 200
    clock.now = NOW + timedelta(days=90)
    assert (await by_client.get("/v1/me")).status_code == 401
    assert outcome(await refresh(stranger, body["refresh_token"])) == OUT


@pytest.mark.parametrize("values", [{"active": False}, {"token_generation": 1}])
async def test_a_client_who_is_inactive_or_signed_out_cannot_refresh(
    stranger: Api, world: World, values: dict[str, Any]
) -> None:
    token = (await signed_in(stranger, world))["refresh_token"]
    await world.change(Client, world.client_id, **values)
    assert outcome(await refresh(stranger, token)) == OUT
    (family,) = await world.rows(SignInFamily)
    assert family.ended_at == NOW


async def test_sign_ins_of_two_browsers_are_independent(stranger: Api, world: World) -> None:
    here, there = await signed_in(stranger, world), await signed_in(stranger, world)
    answer = await stranger.post("/v1/auth/sign-out", {"refresh_token": here["refresh_token"]})
    assert answer.status_code == 204
    assert outcome(await refresh(stranger, here["refresh_token"])) == OUT
    assert (await refresh(stranger, there["refresh_token"])).status_code == 200


# Signing out


async def test_an_older_token_signs_out_too(stranger: Api, world: World, clock: TestClock) -> None:
    first = (await signed_in(stranger, world))["refresh_token"]
    second = (await refresh(stranger, first)).json()["refresh_token"]
    clock.now = NOW + timedelta(hours=1)
    for _ in range(2):
        answer = await stranger.post("/v1/auth/sign-out", {"refresh_token": first})
        assert (answer.status_code, answer.content) == (204, b"")
        clock.now += timedelta(hours=1)
    assert outcome(await refresh(stranger, second)) == OUT
    (family,) = await world.rows(SignInFamily)
    assert family.ended_at == NOW + timedelta(hours=1)


async def test_signing_out_with_an_unknown_token_is_no_error(stranger: Api, world: World) -> None:
    token = (await signed_in(stranger, world))["refresh_token"]
    for unknown in ("nonsense", token + "A", world.token(), await mailed(world)):
        answer = await stranger.post("/v1/auth/sign-out", {"refresh_token": unknown})
        assert answer.status_code == 204
    assert (await refresh(stranger, token)).status_code == 200


async def test_signing_out_everywhere_ends_all_tokens_and_is_in_the_audit_log(
    stranger: Api, world: World
) -> None:
    here, there = await signed_in(stranger, world), await signed_in(stranger, world)
    neighbour_id = await world.add_client(email="bea@client.example")
    neighbour = (await exchange(stranger, await mailed(world, neighbour_id))).json()
    by_client = stranger.signed_in(here["access_token"])
    answer = await by_client.post("/v1/auth/sign-out-everywhere", None)
    assert (answer.status_code, answer.content) == (204, b"")
    for body in (here, there):
        assert outcome(await refresh(stranger, body["refresh_token"])) == OUT
        asked = await stranger.signed_in(body["access_token"]).get("/v1/me")
        assert outcome(asked) == OUT
    assert outcome(await by_client.post("/v1/auth/sign-out-everywhere", None)) == OUT
    assert (await refresh(stranger, neighbour["refresh_token"])).status_code == 200
    (entry,) = await world.rows(Change, subject="client")
    assert (entry.kind, entry.subject_id) == ("signed_out_everywhere", world.client_id)
    assert (entry.actor, entry.at, entry.details) == ("client", NOW, None)
    (note,) = await world.rows(ChangeNote, change_id=entry.id)
    assert note.origin == "127.0.0.1"
    # The client can sign in again.
    token = await mailed(world, token_generation=1)
    assert (await exchange(stranger, token)).status_code == 200


async def test_only_a_client_signs_out_everywhere(stranger: Api, world: World) -> None:
    path = "/v1/auth/sign-out-everywhere"
    session_id = await world.book(NOW + timedelta(days=3))
    opened = await stranger.open_link(world.link_token(session_id))
    by_link = stranger.signed_in(opened.json()["access_token"])
    assert outcome(await by_link.post(path, None)) == (403, "forbidden")
    assert outcome(await stranger.post(path, None)) == OUT
    key = stranger.signed_in(await world.key(Scope.ADMIN))
    assert outcome(await key.post(path, None)) == OUT
    (client,) = await world.rows(Client)
    assert client.token_generation == 0


async def test_a_client_of_another_practice_stays_signed_in(
    api: Api, stranger: Api, world: World, settings: Settings
) -> None:
    other = await World(world.engine, settings).build()
    token = (await signed_in(stranger, other))["refresh_token"]
    assert (await api.post("/v1/auth/sign-out-everywhere", None)).status_code == 204
    assert (await refresh(stranger, token)).status_code == 200


async def test_idempotency_keys_are_ignored(stranger: Api, world: World) -> None:
    """An idempotency key is ignored, because the stored response would hold a token."""
    key = {"Idempotency-Key": "one"}
    token = {"token": await mailed(world)}
    assert (await stranger.post("/v1/auth/tokens", token, key)).status_code == 200
    assert outcome(await stranger.post("/v1/auth/tokens", token, key)) == INVALID
    async with world.engine.connect() as db:
        kept = await db.scalar(select(func.count()).select_from(text("idempotency_keys")))
    assert kept == 0

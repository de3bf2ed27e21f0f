"""An email's link opens one session and nothing else, until it expires or is revoked."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from app.configuration.settings import Settings
from app.domain.session import Format
from app.identity.tokens.link import Link, LinkTokens, link_url
from app.tables.practices import Client
from app.tables.sessions import Session
from tests.world import NOW, REASON, Api, TestClock, World, decisions, serve

START = NOW + timedelta(days=3)
LENGTH = timedelta(minutes=50)
OLD, NEW = "old-key-0123456789-0123456789-012345", "new-key-0123456789-0123456789-012345"


async def opened(stranger: Api, token: str) -> tuple[Api, Any]:
    """Open a link, and give an API client with its access token, and the response."""
    answer = await stranger.open_link(token)
    assert answer.status_code == 200, answer.text
    return stranger.signed_in(answer.json()["access_token"]), answer.json()


async def refusal(stranger: Api, token: str) -> tuple[int, str]:
    answer = await stranger.open_link(token)
    assert "session" not in answer.json()
    return answer.status_code, answer.json()["code"]


INVALID, EXPIRED = (422, "link-invalid"), (410, "link-expired")


async def test_a_link_gives_an_access_token_and_the_session(
    api: Api, stranger: Api, world: World
) -> None:
    session_id = await world.book_in_full(START)
    answer = await stranger.open_link(world.link_token(session_id))
    body = answer.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "session", "practice"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 1800)
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["cache-control"] == "no-store"
    assert body["session"] == await api.session(session_id)


async def test_opening_changes_nothing_and_works_any_number_of_times(
    stranger: Api, world: World
) -> None:
    """A mail scanner may open the link and press every button that needs no confirmation."""
    session_id = await world.book(START)
    before = await world.rows(Session)
    answers = [await stranger.open_link(world.link_token(session_id)) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await world.rows(Session) == before


async def test_an_old_email_opens_the_session_as_it_is_now(stranger: Api, world: World) -> None:
    session_id = await world.book(START)
    token = world.link_token(session_id)
    by_link, _ = await opened(stranger, token)
    for days in (1, 4):
        moved = await by_link.reschedule(session_id, START + timedelta(days=days))
        assert moved.status_code == 200, moved.text
    by_link, body = await opened(stranger, token)
    assert body["session"]["starts_at"] == "2026-12-07T10:00:00-05:00"
    assert body["session"]["version"] == 3
    assert (await by_link.cancel(session_id)).status_code == 200
    _, body = await opened(stranger, token)
    assert body["session"]["status"] == "cancelled"


@pytest.mark.parametrize("format_", list(Format))
async def test_sessions_of_every_format_open(stranger: Api, world: World, format_: Format) -> None:
    place = world.location_id if format_ is Format.IN_PERSON else None
    session_id = await world.book(START, format=format_, location_id=place)
    by_link, body = await opened(stranger, world.link_token(session_id))
    assert body["session"]["format"]["kind"] == format_
    moved = await by_link.reschedule(session_id, START + timedelta(days=1), format=format_)
    assert moved.status_code == 200, moved.text


# How a link ends


async def test_staff_can_revoke_a_link(stranger: Api, world: World) -> None:
    session_id = await world.book(START)
    by_link, _ = await opened(stranger, world.link_token(session_id))
    await world.change(Session, session_id, link_generation=1)
    assert await refusal(stranger, world.link_token(session_id)) == INVALID
    await assert_is_out(by_link, session_id)


async def test_a_changed_address_ends_the_links_sent_to_the_old_one(
    api: Api, stranger: Api, world: World
) -> None:
    session_id = await world.book(START)
    by_link, _ = await opened(stranger, world.link_token(session_id))
    await world.change(Client, world.client_id, email="new@x.example", address_generation=1)
    assert await refusal(stranger, world.link_token(session_id)) == INVALID
    await assert_is_out(by_link, session_id)
    assert (await api.get("/v1/me")).status_code == 200  # the client's own sign-in stays valid


async def test_signing_out_everywhere_leaves_the_links_in_emails(
    api: Api, stranger: Api, world: World
) -> None:
    session_id = await world.book(START)
    by_link, _ = await opened(stranger, world.link_token(session_id))
    await world.change(Client, world.client_id, token_generation=1)
    assert (await api.get("/v1/me")).status_code == 401
    assert (await by_link.get("/v1/me")).status_code == 200
    await opened(stranger, world.link_token(session_id))


async def assert_is_out(by_link: Api, session_id: UUID) -> None:
    path = f"/v1/sessions/{session_id}"
    for tail in ("", "/availability", "/changes", "/calendar.ics"):
        assert (await by_link.get(path + tail)).status_code == 401, tail
    assert (await by_link.get("/v1/me")).status_code == 401
    cancel = await by_link.cancel(session_id)
    move = await by_link.reschedule(session_id, START + timedelta(days=1))
    assert (cancel.status_code, move.status_code) == (401, 401)


async def test_a_link_lives_until_30_days_after_the_sessions_end(
    stranger: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    token = world.link_token(session_id)
    end = START + LENGTH + timedelta(days=30)
    for now in (START + LENGTH, end - timedelta(seconds=1), end):
        clock.now = now
        _, body = await opened(stranger, token)
        codes = {decision["refusal"]["code"] for decision in decisions(body["session"]).values()}
        assert codes == {"session-started"}
    clock.now = end + timedelta(microseconds=1)
    assert await refusal(stranger, token) == EXPIRED


async def test_the_present_end_counts(stranger: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    token = world.link_token(session_id)
    by_link, _ = await opened(stranger, token)
    assert (await by_link.reschedule(session_id, START + timedelta(days=14))).status_code == 200
    clock.now = START + LENGTH + timedelta(days=44)
    await opened(stranger, token)
    clock.now += timedelta(seconds=1)
    assert await refusal(stranger, token) == EXPIRED


async def test_the_lifetime_is_a_setting(
    settings: Settings, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START + LENGTH + timedelta(days=2)
    for days, expected in ((1, EXPIRED), (3, None)):
        other = settings.model_copy(update={"link_days": days})
        async with serve(other, clock) as stranger:
            if expected is None:
                await opened(stranger, world.link_token(session_id))
            else:
                assert await refusal(stranger, world.link_token(session_id)) == expected


async def test_the_access_token_lives_half_an_hour(
    stranger: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    by_link, _ = await opened(stranger, world.link_token(session_id))
    clock.now = NOW + timedelta(minutes=30, seconds=-1)
    assert (await by_link.get(f"/v1/sessions/{session_id}")).status_code == 200
    clock.now = NOW + timedelta(minutes=30)
    await assert_is_out(by_link, session_id)


async def test_keys_can_be_rotated_without_killing_sent_links(
    settings: Settings, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    sent = LinkTokens([OLD]).sign(Link(world.practice_id, session_id, 0, 0))
    for keys, is_good in (((OLD,), True), ((OLD, NEW), True), ((NEW,), False)):
        secrets = tuple(SecretStr(key) for key in keys)
        other = settings.model_copy(update={"secret_keys": secrets})
        async with serve(other, clock) as stranger:
            if is_good:
                by_link, _ = await opened(stranger, sent)
                assert (await by_link.get("/v1/me")).status_code == 200
            else:
                assert await refusal(stranger, sent) == INVALID


# What a link does not open


async def test_an_unknown_session_gets_the_response_of_a_forged_link(
    stranger: Api, world: World
) -> None:
    """No response reveals whether a session exists."""
    session_id = await world.book(START)
    other = await World(world.engine, world.settings).build()
    theirs = await other.book(START)
    sign = LinkTokens(world.settings.keys).sign
    tokens = [
        sign(Link(world.practice_id, uuid4(), 0, 0)),
        sign(Link(uuid4(), session_id, 0, 0)),
        sign(Link(world.practice_id, theirs, 0, 0)),
        sign(Link(world.practice_id, session_id, 1, 0)),
        sign(Link(world.practice_id, session_id, 0, 1)),
        LinkTokens([NEW]).sign(Link(world.practice_id, session_id, 0, 0)),
        "nonsense",
    ]
    bodies = []
    for token in tokens:
        answer = await stranger.open_link(token)
        assert answer.status_code == 422
        bodies.append({k: v for k, v in answer.json().items() if k != "request_id"})
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "link-invalid"


async def test_the_clients_other_sessions_stay_closed(stranger: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await world.book(START + timedelta(days=1))
    by_link, _ = await opened(stranger, world.link_token(session_id))
    for path in ("/v1/sessions", "/v1/packages"):
        answer = await by_link.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    unknown = uuid4()
    for tail in ("", "/availability", "/changes", "/calendar.ics"):
        answer = await by_link.get(f"/v1/sessions/{other}{tail}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert (await by_link.get(f"/v1/sessions/{unknown}{tail}")).status_code == 404
    assert (await by_link.cancel(other)).status_code == 404
    assert (await by_link.reschedule(other, START + timedelta(days=2))).status_code == 404
    (row,) = await world.rows(Session, id=other)
    assert (row.status, row.version) == ("booked", 1)


async def test_a_link_does_what_its_client_can_do(
    stranger: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book_in_full(START)
    clock.now = START - timedelta(hours=5)
    by_link, body = await opened(stranger, world.link_token(session_id))
    assert (await by_link.cancel(session_id)).json()["code"] == "quote-required"
    quote = body["session"]["actions"]["cancel"]["quote"]
    answer = await by_link.cancel(session_id, quote=quote)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"] == {"amount_minor": 4500, "currency": "USD", "decimals": 2}


async def test_notes_of_earlier_changes_are_not_shown(
    api: Api, stranger: Api, world: World
) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + timedelta(days=1))
    by_link, _ = await opened(stranger, world.link_token(session_id))
    history = await by_link.get(f"/v1/sessions/{session_id}/changes")
    assert REASON["note"] not in history.text
    assert REASON["code"] in history.text
    cancelled = await by_link.cancel(session_id, reason={"note": "My own words"})
    assert "My own words" not in cancelled.text


async def test_a_bad_body_is_named(subtests: pytest.Subtests, stranger: Api) -> None:
    for body, pointer in [
        ({}, "/token"),
        ({"token": ""}, "/token"),
        ({"token": None}, "/token"),
        ({"token": 7}, "/token"),
        ({"token": ["x"]}, "/token"),
        ({"token": "x" * 4097}, "/token"),
        ({"token": "x", "session_id": "y"}, "/session_id"),
    ]:
        with subtests.test(repr(body)[:80]):
            answer = await stranger.post("/v1/links/open", body)
            assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_link_is_followed_by_post_only(stranger: Api, world: World) -> None:
    token = world.link_token(await world.book(START))
    answer = await stranger.get("/v1/links/open", token=token)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_the_token_stands_in_the_fragment(settings: Settings) -> None:
    token = LinkTokens(settings.keys).sign(Link(uuid4(), uuid4(), 0, 0))
    address = link_url(settings.portal_url, token)
    assert address == f"https://reslot.example/portal/#{token}"
    assert "?" not in address


async def test_an_old_link_sees_the_deadlines_of_now(
    stranger: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    token = world.link_token(session_id)
    clock.now = datetime.fromisoformat("2026-12-03T09:00:00-05:00")
    _, body = await opened(stranger, token)
    assert body["session"]["actions"]["cancel"]["refusal"]["code"] == "notice-too-short"

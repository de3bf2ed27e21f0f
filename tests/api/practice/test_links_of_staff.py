"""Staff issue a session's link, and revoke the links that were sent."""

from datetime import timedelta
from uuid import uuid4

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.idempotency import IdempotencyKey
from app.tables.sessions import Session
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)


def of(session_id: object, rest: str = "") -> str:
    return f"/v1/practice/sessions/{session_id}/links{rest}"


async def test_an_issued_link_opens_its_session(staff: Api, stranger: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await staff.post(of(session_id), None)
    assert answer.status_code == 201
    link = answer.json()
    assert link == {
        "url": f"https://reslot.example/portal/#{link['token']}",
        "token": link["token"],
        "good_until": "2027-01-02T15:50:00Z",
    }
    opened = await stranger.open_link(link["token"])
    assert opened.json()["session"]["id"] == str(session_id)
    (entry,) = await world.rows(Change, subject="link")
    assert (entry.kind, entry.subject_id, entry.session_id) == ("issued", session_id, None)
    assert (entry.actor, entry.actor_name, entry.at) == ("practice", "Front desk", NOW)
    assert link["token"] not in str(entry)


async def test_a_response_with_a_link_is_not_replayed(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    for _ in range(2):
        answer = await staff.post(of(session_id), None, {"Idempotency-Key": "k"})
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers
    assert await world.rows(IdempotencyKey) == []


async def test_revoking_ends_earlier_links_and_not_later_ones(
    staff: Api, stranger: Api, world: World
) -> None:
    session_id, other = await world.book(START), await world.book(START + timedelta(days=1))
    token = (await staff.post(of(session_id), None)).json()["token"]
    opened = stranger.signed_in((await stranger.open_link(token)).json()["access_token"])
    before = await world.rows(Session, id=other)
    answer = await staff.post(of(session_id, "/revoke"), None)
    assert (answer.status_code, answer.json()) == (200, {"revoked_at": "2026-11-30T15:00:00Z"})
    assert (await stranger.open_link(token)).json()["code"] == "link-invalid"
    assert (await opened.get(f"/v1/sessions/{session_id}")).status_code == 401
    assert await world.rows(Session, id=other) == before
    later = (await staff.post(of(session_id), None)).json()["token"]
    assert (await stranger.open_link(later)).status_code == 200
    (entry,) = await world.rows(Change, kind="revoked", subject="link")
    assert (entry.subject_id, entry.details) == (session_id, {"generation": 1})


async def test_a_key_revokes_once(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    for _ in range(2):
        answer = await staff.post(of(session_id, "/revoke"), None, {"Idempotency-Key": "k"})
        assert answer.status_code == 200
    (row,) = await world.rows(Session)
    assert (row.link_generation, row.version) == (1, 1)


async def test_another_practices_session_gets_the_404_of_an_unknown_one(
    staff: Api, world: World
) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    theirs = await elsewhere.book(START)
    before = [await elsewhere.rows(table) for table in (Session, Change)]
    for session_id in (theirs, uuid4(), "not-an-id"):
        for rest in ("", "/revoke"):
            answer = await staff.post(of(session_id, rest), None)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert before == [await elsewhere.rows(table) for table in (Session, Change)]
    assert await world.rows(Change, subject="link") == []


async def test_a_read_key_cannot_issue_or_revoke_links(staff: Api, api: Api, world: World) -> None:
    session_id = await world.book(START)
    reader = staff.signed_in(await world.key(Scope.READ))
    writer = staff.signed_in(await world.key(Scope.WRITE))
    for rest in ("", "/revoke"):
        assert (await reader.post(of(session_id, rest), None)).status_code == 403
        for other in (api, staff.signed_in(None)):
            assert (await other.post(of(session_id, rest), None)).status_code == 401
    assert await world.rows(Change, subject="link") == []
    for rest in ("", "/revoke"):
        assert (await writer.post(of(session_id, rest), None)).is_success

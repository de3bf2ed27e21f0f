"""Calendar programs read booked sessions (product.md section 10, "Calendar feeds")."""

from datetime import UTC, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import ics  # type: ignore[import-untyped] # has no types of its own
import pytest
import vobject  # type: ignore[import-untyped] # has no types of its own
from httpx import Response
from icalendar import Calendar
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.session import Format
from app.feeds.calendar import initials
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.feeds import Feed
from app.tables.practices import Client, Practice, Practitioner, Service
from tests.groups import add_group, add_seat
from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FEEDS = "/v1/feeds"


async def new_feed(api: Api) -> Any:
    answer = await api.post(FEEDS, None)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def new_practitioner_feed(staff: Api, world: World, names: str = "full") -> Any:
    path = f"/v1/practice/practitioners/{world.practitioner_id}/feeds"
    answer = await staff.post(path, {"names": names, "label": "Phone"})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def read(api: Api, feed: Any, headers: dict[str, str] | None = None) -> Response:
    """Read a feed as a calendar program does: without a token in the headers."""
    return await api.http.get(feed["url"], headers=headers)


def events(content: bytes | str) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


async def entries(api: Api, feed: Any) -> list[Any]:
    answer = await read(api, feed)
    assert answer.status_code == 200, answer.text
    return events(answer.content)


def uids(found: list[Any]) -> list[str]:
    return [str(entry["UID"]) for entry in found]


async def test_a_feed_is_a_published_calendar_with_the_uid_and_sequence_of_the_mails(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200
    answer = await read(api, await new_feed(api))
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    calendar = Calendar.from_ical(answer.content)
    assert calendar["METHOD"] == "PUBLISH"
    assert str(calendar["NAME"]) == "Harbor Wellness"
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n" in answer.content
    assert b"X-PUBLISHED-TTL:PT15M\r\n" in answer.content
    (entry,) = events(answer.content)
    assert entry["UID"] == f"{session_id}@reslot"
    assert entry["SEQUENCE"] == 1
    assert entry["DTSTART"].dt == START + DAY
    assert entry["DTEND"].dt == START + DAY + timedelta(minutes=50)
    assert entry["DTSTAMP"].dt == NOW
    assert str(entry["SUMMARY"]) == "Follow-up, Harbor Wellness"
    assert str(entry["URL"]) == "https://video.example/maya"
    assert "RRULE" not in entry
    assert "ATTENDEE" not in entry


async def test_the_entry_is_that_of_the_calendar_file(api: Api, world: World) -> None:
    session_id = await world.book(START, format=Format.IN_PERSON, location_id=world.location_id)
    file = await api.get(f"/v1/sessions/{session_id}/calendar.ics")
    (of_file,) = events(file.content)
    (entry,) = await entries(api, await new_feed(api))
    for name in ("UID", "SEQUENCE", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "ORGANIZER"):
        assert entry[name] == of_file[name]
    for name in ("DTSTART", "DTEND"):
        assert entry[name].dt == of_file[name].dt


async def test_three_parsers_read_the_same(api: Api, staff: Api, world: World) -> None:
    """Also a name that must be escaped and folded, and one in another script."""
    long = "Körper, Geist; und Seele \\ 身体と心のための長い名前のセッション " * 3
    await world.change(Service, world.service_id, name=long.strip()[:100])
    for days in range(4):
        await world.book(START + days * DAY)
    text = (await read(api, await new_practitioner_feed(staff, world))).text
    with_icalendar = [
        (str(entry["UID"]), entry["DTSTART"].dt, str(entry["SUMMARY"])) for entry in events(text)
    ]
    with_vobject = [
        (entry.uid.value, entry.dtstart.value.astimezone(UTC), entry.summary.value)
        for entry in next(iter(vobject.readComponents(StringIO(text)))).vevent_list
    ]
    with_ics = [
        (entry.uid, entry.begin.datetime.astimezone(UTC), entry.name)
        for entry in sorted(ics.Calendar(text).events, key=lambda entry: entry.begin)
    ]
    assert len(with_icalendar) == 4
    assert with_icalendar == with_vobject == with_ics


async def test_only_booked_sessions_of_the_year_are_in_it(
    api: Api, world: World, clock: TestClock
) -> None:
    clock.now = NOW - 40 * DAY
    times = [-31 * DAY, -30 * DAY, 10 * DAY, 364 * DAY, 366 * DAY]
    ids = [await world.book(NOW + time, now=clock.now) for time in times]
    cancelled = await world.book(START, now=clock.now)
    assert (await api.cancel(cancelled)).status_code == 200
    other = await world.add_client(name="Ben")
    await world.book(START + DAY, client_id=other)
    clock.now = NOW
    found = await entries(api, await new_feed(api))
    assert uids(found) == [f"{one}@reslot" for one in ids[1:4]]


async def test_notes_reasons_money_and_other_people_are_not_in_it(api: Api, world: World) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 60}, "percent": "50"}]}}
    )
    session_id = await world.book(START)
    reason = {"code": "unwell", "note": "Canary of a note."}
    assert (await api.reschedule(session_id, START + DAY, reason=reason)).status_code == 200
    text = (await read(api, await new_feed(api))).text
    for word in ("Canary", "unwell", "USD", "60.00", "120.00", "Ana", "ana@client", "#"):
        assert word not in text


@pytest.mark.parametrize(
    ("names", "shown"),
    [("none", "Follow-up"), ("initials", "Follow-up, A. R."), ("full", "Follow-up, Ana Ruiz")],
)
async def test_a_practitioners_feed_names_clients_as_it_was_made(
    api: Api, staff: Api, world: World, names: str, shown: str
) -> None:
    await world.book(START)
    feed = await new_practitioner_feed(staff, world, names)
    assert (feed["names"], feed["label"]) == (names, "Phone")
    answer = await read(api, feed)
    (entry,) = events(answer.content)
    assert str(entry["SUMMARY"]) == shown
    assert ("Ana" in answer.text) == (names == "full")
    assert str(Calendar.from_ical(answer.content)["NAME"]) == "Dr. Maya Chen, Harbor Wellness"


async def test_a_group_is_one_entry_and_names_nobody(api: Api, staff: Api, world: World) -> None:
    group = await add_group(world)
    await add_seat(world, group)
    found = await entries(api, await new_practitioner_feed(staff, world))
    assert uids(found) == [f"{group}@reslot"]
    assert str(found[0]["SUMMARY"]) == "Follow-up"
    cancelled = await staff.post(f"/v1/practice/groups/{group}/cancel", {"reason": REASON})
    assert cancelled.status_code == 200
    assert await entries(api, await new_practitioner_feed(staff, world)) == []


async def test_a_seat_is_in_its_clients_feed(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    assert uids(await entries(api, await new_feed(api))) == [f"{seat}@reslot"]


async def test_the_address_is_shown_once_and_its_secret_stored_hashed(
    api: Api, world: World
) -> None:
    feed = await new_feed(api)
    assert feed["webcal_url"] == feed["url"].replace("https:", "webcal:")
    token = feed["url"].rpartition("/")[2].removesuffix(".ics")
    (listed,) = (await api.get(FEEDS)).json()["items"]
    assert listed == {"id": feed["id"], "created_at": "2026-11-30T15:00:00Z", "last_read_at": None}
    (row,) = await world.rows(Feed)
    assert token[64:] not in repr(row)
    (entry,) = await world.rows(Change, subject="feed")
    assert token[64:] not in repr(entry)


async def test_the_token_is_in_no_log(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of a feed that is read, nor of one that is not found."""
    feed = await new_feed(api)
    assert (await read(api, feed)).status_code == 200
    assert (await api.delete(f"{FEEDS}/{feed['id']}")).status_code == 204
    assert (await read(api, feed)).status_code == 404
    told = capsys.readouterr()
    assert "/feeds/{token}.ics" in told.out + told.err
    assert _token(feed)[64:] not in told.out + told.err


async def test_the_list_says_when_it_was_read(api: Api, clock: TestClock) -> None:
    feed = await new_feed(api)
    clock.now += HOUR
    await read(api, feed)
    (listed,) = (await api.get(FEEDS)).json()["items"]
    assert listed["last_read_at"] == "2026-11-30T16:00:00Z"


async def test_an_unchanged_feed_is_a_304(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    feed = await new_feed(api)
    first = await read(api, feed)
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    clock.now += HOUR
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await read(api, feed, {"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
    assert (await read(api, feed)).content == first.content
    assert (await read(api, feed, {"If-None-Match": '"other"'})).status_code == 200
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200
    changed = await read(api, feed, {"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


async def test_another_name_of_the_service_changes_the_etag(api: Api, world: World) -> None:
    await world.book(START)
    feed = await new_feed(api)
    etag = (await read(api, feed)).headers["ETag"]
    await world.change(Service, world.service_id, name="First visit")
    assert (await read(api, feed, {"If-None-Match": etag})).status_code == 200


async def test_head_has_the_headers_of_get(api: Api, world: World) -> None:
    await world.book(START)
    feed = await new_feed(api)
    got, head = await read(api, feed), await api.http.head(_path(feed))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length"):
        assert head.headers[name] == got.headers[name]


async def test_sixty_reads_an_hour(api: Api, clock: TestClock) -> None:
    feed = await new_feed(api)
    for _ in range(30):
        assert (await read(api, feed)).status_code == 200
        assert (await api.http.head(_path(feed))).status_code == 200
    clock.now += HOUR - timedelta(seconds=1)
    refused = await read(api, feed)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert refused.headers["Retry-After"] == "1"
    assert (await read(api, await new_feed(api))).status_code == 200
    clock.now += timedelta(seconds=1)
    assert (await read(api, feed)).status_code == 200


@pytest.mark.parametrize("owner", ["client", "practitioner"])
async def test_there_are_five_at_most(api: Api, staff: Api, world: World, owner: str) -> None:
    async def make() -> Response:
        if owner == "client":
            return await api.post(FEEDS, None)
        path = f"/v1/practice/practitioners/{world.practitioner_id}/feeds"
        return await staff.post(path, {"names": "none", "label": "Desk"})

    made = [await make() for _ in range(5)]
    refused = await make()
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["detail"] == "there are 5 feeds already: delete one first"
    path = FEEDS
    if owner == "practitioner":
        path = f"/v1/practice/practitioners/{world.practitioner_id}/feeds"
    caller = api if owner == "client" else staff
    assert len((await caller.get(path)).json()["items"]) == 5
    assert (await caller.delete(f"{path}/{made[0].json()['id']}")).status_code == 204
    assert (await make()).status_code == 201


async def test_a_deleted_feed_is_not_found(api: Api, world: World) -> None:
    feed = await new_feed(api)
    assert (await api.delete(f"{FEEDS}/{feed['id']}")).status_code == 204
    assert (await read(api, feed)).status_code == 404
    assert (await api.delete(f"{FEEDS}/{feed['id']}")).status_code == 404
    kinds = [entry.kind for entry in await world.rows(Change, subject="feed")]
    assert sorted(kinds) == ["created", "deleted"]


async def test_all_that_is_wrong_gets_the_same_answer(api: Api, stranger: Api) -> None:
    token = _token(await new_feed(api))
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "E"),
        token[:32] + uuid4().hex + token[64:],
        uuid4().hex + token[32:],
        token.upper(),
        token + "=",
        token[:-1],
        "x",
    ]
    told = set()
    for text in wrong:
        answer = await stranger.get(f"/feeds/{text}.ics")
        told.add((answer.status_code, answer.json()["code"], answer.json()["detail"]))
    assert len(told) == 1
    assert told.pop()[:2] == (404, "not-found")


async def test_an_inactive_client_has_no_feed(api: Api, staff: Api, world: World) -> None:
    """It stays ended, as the client's tokens do."""
    feed = await new_feed(api)
    path = f"/v1/practice/clients/{world.client_id}"
    await staff.patch(path, {"active": False})
    assert (await read(api, feed)).status_code == 404
    await staff.patch(path, {"active": True})
    assert (await read(api, feed)).status_code == 404


async def test_a_new_address_and_signing_out_everywhere_end_a_clients_feeds(
    api: Api, staff: Api, world: World
) -> None:
    path = f"/v1/practice/clients/{world.client_id}"
    feed = await new_feed(api)
    await staff.patch(path, {"email": "other@client.example"})
    assert (await read(api, feed)).status_code == 404
    (row,) = await world.rows(Client, id=world.client_id)
    await world.change(Client, world.client_id, token_generation=0)
    feed = await new_feed(api)
    await api.post("/v1/auth/sign-out-everywhere", None)
    assert row.token_generation == 1
    assert (await read(api, feed)).status_code == 404


async def test_ended_feeds_are_not_among_the_five(api: Api, world: World) -> None:
    for _ in range(5):
        await new_feed(api)
    await world.change(Client, world.client_id, token_generation=1)
    await world.change_all(Feed, token_generation=0)
    await world.change(Client, world.client_id, token_generation=0)
    await world.change_all(Feed, token_generation=7)
    assert (await api.get(FEEDS)).json()["items"] == []
    await new_feed(api)
    assert len(await world.rows(Feed)) == 1


async def test_a_practitioners_feed_rests_while_they_are_inactive(
    api: Api, staff: Api, world: World
) -> None:
    feed = await new_practitioner_feed(staff, world)
    await world.change(Practitioner, world.practitioner_id, active=False)
    assert (await read(api, feed)).status_code == 404
    await world.change(Practitioner, world.practitioner_id, active=True)
    assert (await read(api, feed)).status_code == 200


async def test_a_closed_practice_has_no_feeds(api: Api, staff: Api, world: World) -> None:
    feed = await new_practitioner_feed(staff, world)
    async with world.engine.begin() as db:
        await db.execute(
            update(Practice).where(Practice.practice_id == world.practice_id).values(closed_at=NOW)
        )
    assert (await read(api, feed)).status_code == 404


async def test_a_link_has_no_feed(api: Api, world: World) -> None:
    session_id = await world.book(START)
    opened = (await api.open_link(world.link_token(session_id))).json()
    by_link = api.signed_in(opened["access_token"])
    for answer in (
        await by_link.get(FEEDS),
        await by_link.post(FEEDS, None),
        await by_link.delete(f"{FEEDS}/{uuid4()}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_feeds_of_others_are_not_found(
    api: Api, staff: Api, world: World, engine: AsyncEngine
) -> None:
    feed = await new_feed(api)
    of_practitioner = await new_practitioner_feed(staff, world)
    ben = api.signed_in(world.token(await world.add_client(name="Ben")))
    assert (await ben.get(FEEDS)).json()["items"] == []
    assert (await ben.delete(f"{FEEDS}/{feed['id']}")).status_code == 404
    assert (await api.delete(f"{FEEDS}/{of_practitioner['id']}")).status_code == 404
    other = await world.add_practitioner()
    paths = [
        f"/v1/practice/practitioners/{other}/feeds/{of_practitioner['id']}",
        f"/v1/practice/practitioners/{world.practitioner_id}/feeds/{feed['id']}",
    ]
    for path in paths:
        assert (await staff.delete(path)).status_code == 404
    theirs = await World(engine, world.settings).build()
    stranger = api.signed_in(await theirs.key())
    path = f"/v1/practice/practitioners/{world.practitioner_id}/feeds"
    for answer in (
        await stranger.get(path),
        await stranger.post(path, {"names": "none", "label": "Desk"}),
        await stranger.delete(f"{path}/{of_practitioner['id']}"),
    ):
        assert answer.status_code == 404
    assert len(await world.rows(Feed)) == 2


async def test_staff_need_the_scope_write(api: Api, world: World) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    path = f"/v1/practice/practitioners/{world.practitioner_id}/feeds"
    assert (await reader.get(path)).status_code == 200
    refused = await reader.post(path, {"names": "none", "label": "Desk"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Ana Ruiz", "A. R."),
        ("ana maria ruiz", "A. R."),
        ("Cher", "C."),
        ("É́mile Zola", "É́. Z."),
        ("李 小龙", "李. 小."),
        ("- 7", "7."),
        ("—", ""),
    ],
)
def test_initials(name: str, short: str) -> None:
    assert initials(name) == short


def _token(feed: Any) -> str:
    return str(feed["url"].rpartition("/")[2].removesuffix(".ics"))


def _path(feed: Any) -> str:
    return f"/feeds/{_token(feed)}.ics"

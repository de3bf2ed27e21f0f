"""What clients read about their sessions: the list, the details, the calendar file."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from app.domain.session import Format
from app.tables.practices import Client, Location, Practitioner, Service, ServiceFormat
from app.tables.sessions import Session
from app.web.signing import TokenSigner
from tests.world import NOW, REASON, Api, TestClock, World, decisions

START = NOW + timedelta(days=3)  # Thursday, 10:00 in New York
DAY_AHEAD = {"deadline": {"before_minutes": 1440}, "percent": "37.5"}


async def ids(api: Api, **query: Any) -> list[str]:
    """Follow the cursor to the end, and list the ids of all pages."""
    found: list[str] = []
    while True:
        answer = await api.get("/v1/sessions", **query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= query.get("limit", 20)
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def some_sessions(world: World) -> dict[str, str]:
    """Book sessions of every kind, named in the order of their starts."""
    booked = {
        "long ago": await world.book(NOW - timedelta(days=8), now=NOW - timedelta(days=9)),
        "came": await world.book(NOW - timedelta(days=2), now=NOW - timedelta(days=9)),
        "running": await world.book(NOW - timedelta(minutes=30), now=NOW - timedelta(days=9)),
        "soon": await world.book(NOW + timedelta(days=1)),
        "cancelled": await world.book(NOW + timedelta(days=2)),
        "later": await world.book(NOW + timedelta(days=9)),
    }
    await world.end(booked["came"], "fulfilled")
    await world.end(booked["cancelled"], "cancelled")
    return {name: str(session_id) for name, session_id in booked.items()}


def problem(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    errors = answer.json().get("errors", [])
    return answer.status_code, [(error["in"], error["pointer"]) for error in errors]


# The list


async def test_each_list_has_its_sessions_once_in_order(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    names = await some_sessions(world)
    upcoming = [names[name] for name in ("running", "soon", "later")]
    past = [names[name] for name in ("cancelled", "came", "long ago")]
    for limit in [1, 2, 3, 100]:
        with subtests.test(repr(limit)[:80]):
            assert await ids(api, limit=limit) == upcoming
            assert await ids(api, limit=limit, when="upcoming") == upcoming
            assert await ids(api, limit=limit, when="past") == past
            assert await ids(api, limit=limit, when="all") == list(reversed(names.values()))


async def test_sessions_at_one_instant_are_not_lost_between_pages(api: Api, world: World) -> None:
    """A client cannot be booked twice at one time, so sessions of others are reassigned."""
    booked = set()
    for _ in range(5):
        other = await world.add_practitioner()
        someone = await world.add_client()
        session_id = await world.book(START, practitioner_id=other, client_id=someone)
        await world.change(Session, session_id, client_id=world.client_id)
        booked.add(str(session_id))
    for when in ("upcoming", "all"):
        found = await ids(api, when=when, limit=1)
        assert len(found) == 5
        assert set(found) == booked


async def test_all_pages_show_the_list_as_of_the_first_page(
    api: Api, world: World, clock: TestClock
) -> None:
    """A session that ends between two pages is still in the list."""
    first = await world.book(NOW + timedelta(hours=1))
    second = await world.book(NOW + timedelta(hours=2))
    page = (await api.get("/v1/sessions", limit=1)).json()
    assert [item["id"] for item in page["items"]] == [str(first)]
    clock.now = NOW + timedelta(days=1)
    page = (await api.get("/v1/sessions", limit=1, cursor=page["next_cursor"])).json()
    assert [item["id"] for item in page["items"]] == [str(second)]
    assert await ids(api) == []


async def test_a_session_is_upcoming_until_it_has_ended(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = str(await world.book(START))
    clock.now = START + timedelta(minutes=50, microseconds=-1)
    assert (await ids(api), await ids(api, when="past")) == ([session_id], [])
    clock.now = START + timedelta(minutes=50)
    assert (await ids(api), await ids(api, when="past")) == ([], [session_id])


async def test_a_client_without_sessions_has_an_empty_list(api: Api) -> None:
    answer = await api.get("/v1/sessions")
    assert answer.json() == {"items": [], "next_cursor": None}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_list_has_most_fields_of_the_details(api: Api, world: World) -> None:
    session_id = await world.book_in_full(START)
    (item,) = (await api.get("/v1/sessions")).json()["items"]
    details = await api.session(session_id)
    only_in_details = {
        *("policy", "formats", "actions", "ways_out", "release", "move_request", "fees"),
    }
    assert details.keys() - item.keys() == only_in_details
    assert item == {name: details[name] for name in item}


async def test_the_list_is_shown_in_the_zone_asked_for(api: Api, world: World) -> None:
    await world.book(START)
    (item,) = (await api.get("/v1/sessions", time_zone="Asia/Kolkata")).json()["items"]
    assert (item["starts_at"], item["time_zone"]) == ("2026-12-03T20:30:00+05:30", "Asia/Kolkata")


BAD_LIST_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"limit": 0}, "/limit"),
    ({"limit": 101}, "/limit"),
    ({"limit": "many"}, "/limit"),
    ({"limit": "9" * 400}, "/limit"),
    ({"when": "someday"}, "/when"),
    ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ({"time_zone": ""}, "/time_zone"),
    ({"page": 2}, "/page"),
    ({"cursor": ""}, "/cursor"),
    ({"cursor": "x" * 1025}, "/cursor"),
]


async def test_a_bad_list_query_is_named(subtests: pytest.Subtests, api: Api) -> None:
    for query, pointer in BAD_LIST_QUERIES:
        with subtests.test(repr(query)[:80]):
            assert problem(await api.get("/v1/sessions", **query)) == (422, [("query", pointer)])


async def test_a_cursor_is_valid_for_its_own_list_only(api: Api, world: World) -> None:
    names = await some_sessions(world)
    assert len(names) == 6
    cursor = (await api.get("/v1/sessions", limit=1)).json()["next_cursor"]
    ben = await world.add_client(name="Ben")
    foreign = TokenSigner(["another-key-0123456789-0123456789-01"], "cursor").sign([1])
    refused = 422, [("query", "/cursor")]
    assert problem(await api.get("/v1/sessions", cursor=cursor, when="past")) == refused
    assert problem(await api.get("/v1/sessions", cursor=cursor, when="all")) == refused
    assert problem(await api.get("/v1/sessions", cursor=cursor[:-1] + "!")) == refused
    assert problem(await api.get("/v1/sessions", cursor=foreign)) == refused
    assert problem(await api.get("/v1/sessions", cursor=world.token())) == refused
    theirs = api.signed_in(world.token(ben))
    assert problem(await theirs.get("/v1/sessions", cursor=cursor)) == refused


# The details


async def test_the_details_have_everything(api: Api, world: World) -> None:
    """Every field of product.md section 9, except the decisions, which have their own tests."""
    session_id = await world.book_in_full(START)
    (package,) = (await api.get("/v1/packages")).json()["items"]
    details = await api.session(session_id)
    place = {
        "id": str(world.location_id),
        "name": "Harbor Street",
        "address": "1 Harbor Street",
        "time_zone": "America/New_York",
    }
    fee = {"amount_minor": 4500, "currency": "USD", "decimals": 2}
    until = ("2026-12-02T10:00:00-05:00", "2026-12-03T08:00:00-05:00", "2026-12-03T10:00:00-05:00")
    actions, ways = details.pop("actions"), details.pop("ways_out")
    assert [one["way"] for one in ways] == ["change_format", "reschedule", "cancel"]
    assert actions.pop("undo") == {"allowed": False, "until": None}
    assert actions.pop("confirm") == {"allowed": True}
    assert actions.pop("wish") == {"allowed": True}
    assert actions.keys() == {"cancel", "reschedule", "change_format", "absence"}
    assert details == {
        "id": str(session_id),
        "status": "booked",
        "version": 1,
        "starts_at": "2026-12-03T10:00:00-05:00",
        "ends_at": "2026-12-03T10:50:00-05:00",
        "starts_at_utc": "2026-12-03T15:00:00Z",
        "ends_at_utc": "2026-12-03T15:50:00Z",
        "time_zone": "America/New_York",
        "service": {"id": str(world.service_id), "name": "Follow-up", "duration_minutes": 50},
        "practitioner": {
            "id": str(world.practitioner_id),
            "name": "Dr. Maya Chen",
            "time_zone": "America/New_York",
            "photo_url": None,
            "contact": {
                "name": "Dr. Maya Chen",
                "email": "maya@harbor.example",
                "phone": "+1 212 555 0100",
            },
        },
        "format": {
            "kind": "in_person",
            "join_url": None,
            "location": place,
            "instructions": None,
        },
        "formats": [
            {"kind": "in_person", "location": place},
            {"kind": "phone", "location": None},
            {"kind": "video", "location": None},
        ],
        "price": {"amount_minor": 12000, "currency": "USD", "decimals": 2},
        "package": {"id": package["id"], "name": "Six follow-ups", "credits_left": 5},
        "policy": {
            "version": 1,
            "text": "Please tell us a day ahead.",
            "terms": {
                "cancel": [
                    {"until": until[0], "fee": None, "credit": "returned", "carries": None},
                    {"until": until[1], "fee": fee, "credit": "returned", "carries": None},
                ],
                "reschedule": [
                    {"until": until[0], "fee": None, "credit": "kept", "carries": None},
                    {"until": until[1], "fee": fee, "credit": "kept", "carries": None},
                ],
                "change_format": [
                    {"until": until[2], "fee": None, "credit": "kept", "carries": None}
                ],
            },
            "rebook": None,
            "free_targets": None,
            "allowance": None,
        },
        "cancellation": None,
        "group": None,
        "series": None,
        "absence": None,
        "confirmed_at": None,
        "release": None,
        "move_request": None,
        "fees": [],
    }


async def test_offered_formats_are_shown_as_written(api: Api, world: World) -> None:
    """Sorted by name, whatever characters the names have, and without an inactive location."""
    name, address = 'Annex "B", {1} \\ O\'Neil', "NULL"
    annex = await world.add(Location, name=name, address=address)
    closed = await world.add(Location, name="Before all", address="None", active=False)
    for place in (annex, closed):
        await world.add(
            ServiceFormat, service_id=world.service_id, format="in_person", location_id=place
        )
    details = await api.session(await world.book(START))
    first, second, *others = details["formats"]
    assert first == {
        "kind": "in_person",
        "location": {
            "id": str(annex),
            "name": name,
            "address": address,
            "time_zone": "America/New_York",
        },
    }
    assert second["location"]["name"] == "Harbor Street"
    assert [choice["kind"] for choice in others] == ["phone", "video"]


async def test_what_a_session_does_not_have_is_null(api: Api, world: World) -> None:
    await world.change(Practitioner, world.practitioner_id, phone=None)
    session_id = await world.book(START)
    details = await api.session(session_id)
    assert (details["package"], details["cancellation"]) == (None, None)
    assert details["practitioner"]["contact"] == {
        "name": "Dr. Maya Chen",
        "email": "maya@harbor.example",
        "phone": None,
    }
    assert details["format"] == {
        "kind": "video",
        "join_url": "https://video.example/maya",
        "location": None,
        "instructions": None,
    }
    until = "2026-12-03T10:00:00-05:00"
    free = [{"until": until, "fee": None, "credit": None, "carries": None}]
    assert details["policy"] == {
        "version": None,
        "text": None,
        "terms": {"cancel": free, "reschedule": free, "change_format": free},
        "rebook": None,
        "free_targets": None,
        "allowance": None,
    }


async def test_a_phone_session_says_who_calls_whom(api: Api, world: World) -> None:
    details = await api.session(await world.book(START, format=Format.PHONE))
    assert details["format"] == {
        "kind": "phone",
        "join_url": None,
        "location": None,
        "instructions": "We call you.",
    }


async def test_an_allowed_action_has_its_cost_deadlines_and_quote(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book_in_full(START)
    clock.now = START - timedelta(hours=5)
    actions = (await api.session(session_id))["actions"]
    quote = actions["cancel"].pop("quote")
    assert actions["cancel"] == {
        "allowed": True,
        "fee": {"amount_minor": 4500, "currency": "USD", "decimals": 2},
        "free_because": None,
        "forgiven_if_refilled": False,
        "release": {"available": False, "waiting": False},
        "reasons": None,
        "credit": "returned",
        "carries": None,
        "free_until": "2026-12-02T10:00:00-05:00",
        "closes_at": "2026-12-03T08:00:00-05:00",
        "free_targets": None,
        "allowance": None,
        "quote_expires_at": "2026-12-03T05:10:00-05:00",
        "refusal": None,
    }
    assert actions["change_format"]["fee"] is None
    quotes = {quote, actions["reschedule"]["quote"], actions["change_format"]["quote"]}
    assert None not in quotes
    assert len(quotes) == 3


async def test_a_refused_action_shows_reason_deadline_and_contact(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book_in_full(START)
    clock.now = START - timedelta(minutes=119)
    actions = (await api.session(session_id, time_zone="Europe/Paris"))["actions"]
    assert actions["cancel"] == {
        "allowed": False,
        "fee": None,
        "free_because": None,
        "forgiven_if_refilled": False,
        "release": {"available": False, "waiting": False},
        "reasons": None,
        "credit": None,
        "carries": None,
        "free_until": "2026-12-02T16:00:00+01:00",
        "closes_at": "2026-12-03T14:00:00+01:00",
        "free_targets": None,
        "allowance": None,
        "quote": None,
        "quote_expires_at": None,
        "refusal": {
            "code": "notice-too-short",
            "message": "It is too close to the session to do this online. "
            "Please contact Dr. Maya Chen.",
            "deadline": "2026-12-03T14:00:00+01:00",
            "contact": {
                "name": "Dr. Maya Chen",
                "email": "maya@harbor.example",
                "phone": "+1 212 555 0100",
            },
        },
    }
    assert actions["reschedule"]["refusal"]["deadline"] == "2026-12-03T14:00:00+01:00"


async def test_a_disabled_action_has_no_terms_and_no_deadlines(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    details = await api.session(await world.book(START))
    decision = details["actions"]["cancel"]
    assert details["policy"]["terms"]["cancel"] == []
    assert (decision["free_until"], decision["closes_at"]) == (None, None)
    assert decision["refusal"]["code"] == "action-disabled"
    assert decision["refusal"]["deadline"] is None


async def test_times_are_shown_in_the_zone_asked_for(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    for zone, start, end in [
        ("Pacific/Kiritimati", "2026-12-04T05:00:00+14:00", "2026-12-04T05:50:00+14:00"),
        ("Asia/Kathmandu", "2026-12-03T20:45:00+05:45", "2026-12-03T21:35:00+05:45"),
        ("UTC", "2026-12-03T15:00:00Z", "2026-12-03T15:50:00Z"),
    ]:
        with subtests.test(zone[:80]):
            details = await api.session(session_id, time_zone=zone)
            assert (details["starts_at"], details["ends_at"], details["time_zone"]) == (
                start,
                end,
                zone,
            )
            assert details["starts_at_utc"] == "2026-12-03T15:00:00Z"
            at_home = await api.session(session_id)
            assert _instants(details) == _instants(at_home)


def _instants(details: Any) -> list[datetime]:
    terms = [term["until"] for action in details["policy"]["terms"].values() for term in action]
    ends = [found["closes_at"] for found in decisions(details).values() if found["closes_at"]]
    return [datetime.fromisoformat(found) for found in (details["starts_at"], *terms, *ends)]


async def test_without_a_zone_it_is_that_of_the_client(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await world.change(Client, world.client_id, time_zone="Europe/Paris")
    assert (await api.session(session_id))["starts_at"] == "2026-12-03T16:00:00+01:00"


async def test_a_percent_fee_is_of_the_price_at_booking_rounded_half_to_even(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.change(Service, world.service_id, price_minor=12345)
    await world.add_policy({"cancel": {"fees": [{**DAY_AHEAD, "percent": "50"}]}})
    session_id = await world.book(START)
    await world.change(Service, world.service_id, price_minor=99999)
    clock.now = START - timedelta(hours=23)
    details = await api.session(session_id)
    assert details["price"]["amount_minor"] == 12345
    assert details["actions"]["cancel"]["fee"] == {
        "amount_minor": 6172,
        "currency": "USD",
        "decimals": 2,
    }


async def test_a_session_keeps_the_policy_it_was_booked_under(api: Api, world: World) -> None:
    await world.add_policy({}, text="Old words")
    session_id = await world.book(START)
    await world.add_policy({"cancel": {"enabled": False}}, text="New words")
    details = await api.session(session_id)
    assert (details["policy"]["version"], details["policy"]["text"]) == (1, "Old words")
    assert details["actions"]["cancel"]["allowed"] is True


async def test_the_etag_is_the_version_and_a_read_is_never_a_304(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.get(f"/v1/sessions/{session_id}")
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["cache-control"] == "no-store"
    again = await api.get(f"/v1/sessions/{session_id}", {"If-None-Match": '"1"'})
    assert again.status_code == 200
    await api.reschedule(session_id, START + timedelta(days=1))
    moved = await api.get(f"/v1/sessions/{session_id}")
    assert (moved.headers["etag"], moved.json()["version"]) == ('"2"', 2)


async def test_a_cancelled_session_shows_when_by_whom_and_why(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book_in_full(START)
    clock.now = NOW + timedelta(minutes=5)
    await api.cancel(session_id)
    details = await api.session(session_id, time_zone="Europe/Paris")
    assert details["status"] == "cancelled"
    assert details["cancellation"] == {
        "at": "2026-11-30T16:05:00+01:00",
        "by": "client",
        "reason": REASON,
    }
    assert details["package"]["credits_left"] == 6
    codes = {decision["refusal"]["code"] for decision in decisions(details).values()}
    assert codes == {"session-not-booked"}
    (item,) = (await api.get("/v1/sessions", when="past")).json()["items"]
    assert item["cancellation"]["reason"] == REASON


async def test_reading_changes_nothing(api: Api, world: World) -> None:
    session_id = await world.book_in_full(START)
    before = await world.rows(Session)
    paths = ("", "/availability", "/changes", "/calendar.ics")
    for path in paths:
        assert (await api.get(f"/v1/sessions/{session_id}{path}")).status_code == 200
    assert await world.rows(Session) == before


BAD_DETAILS_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ({"time_zone": "../../etc/passwd"}, "/time_zone"),
    ({"time_zone": "\x00"}, "/time_zone"),
    ({"time_zone": "localtime"}, "/time_zone"),
    ({"time_zone": "Factory"}, "/time_zone"),
    ({"time_zone": "america/new_york"}, "/time_zone"),
    ({"timezone": "UTC"}, "/timezone"),
    ({"a/b~c": "1"}, "/a~1b~0c"),
]


async def test_a_bad_details_query_is_named(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    for query, pointer in BAD_DETAILS_QUERIES:
        with subtests.test(repr(query)[:80]):
            answer = await api.get(f"/v1/sessions/{session_id}", **query)
            assert problem(answer) == (422, [("query", pointer)])


async def test_a_malformed_or_unknown_id_is_not_found(subtests: pytest.Subtests, api: Api) -> None:
    for session_id in [
        "9d2c7a3e-0000-4000-8000-000000000000",
        "42",
        "not-an-id",
        "null",
        "%20",
        "a" * 999,
    ]:
        with subtests.test(session_id[:80]):
            answer = await api.get(f"/v1/sessions/{session_id}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


# The calendar file


async def calendar(api: Api, session_id: UUID) -> tuple[Any, Any]:
    answer = await api.get(f"/v1/sessions/{session_id}/calendar.ics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "session.ics" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    read = Calendar.from_ical(answer.content)
    (event,) = read.events
    return read, event


async def test_the_calendar_file_has_one_valid_entry(api: Api, world: World) -> None:
    session_id = await world.book_in_full(START)
    read, event = await calendar(api, session_id)
    assert read["METHOD"] == "PUBLISH"
    assert (event["UID"], event["SEQUENCE"]) == (f"{session_id}@reslot", 0)
    assert event["STATUS"] == "CONFIRMED"
    assert (event.start, event.end) == (START, START + timedelta(minutes=50))
    assert event.stamp == NOW
    assert event["SUMMARY"] == "Follow-up, Harbor Wellness"
    assert event["LOCATION"] == "Harbor Street, 1 Harbor Street"


@pytest.mark.parametrize(
    ("locale", "last_line"),
    [
        ("en-US", "Declining or deleting this calendar entry does not cancel the session."),
        ("fr-CA", "Refuser ou supprimer cet événement de l'agenda n'annule pas le rendez-vous."),
        ("pt-BR", "Declining or deleting this calendar entry does not cancel the session."),
    ],
)
async def test_the_calendar_file_speaks_the_language_of_the_client(
    api: Api, world: World, locale: str, last_line: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    _, event = await calendar(api, await world.book(START))
    assert str(event["DESCRIPTION"]).splitlines()[-1] == last_line


async def test_a_later_calendar_file_replaces_an_earlier_one(api: Api, world: World) -> None:
    """The UID never changes, SEQUENCE rises with each change; no reason and no link is in it."""
    session_id = await world.book(START)
    _, first = await calendar(api, session_id)
    await api.reschedule(session_id, START + timedelta(days=1))
    _, moved = await calendar(api, session_id)
    await api.cancel(session_id)
    _, gone = await calendar(api, session_id)
    assert first["UID"] == moved["UID"] == gone["UID"]
    assert [event["SEQUENCE"] for event in (first, moved, gone)] == [0, 1, 2]
    assert moved.start.astimezone(UTC) == START + timedelta(days=1)
    assert moved["URL"] == "https://video.example/maya"
    assert [moved["STATUS"], gone["STATUS"]] == ["CONFIRMED", "CANCELLED"]
    text = gone.to_ical().decode()
    assert REASON["note"] not in text
    assert "portal" not in text

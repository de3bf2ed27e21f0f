"""A client says that they are coming."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import Session
from app.tables.webhooks import WebhookEndpoint
from tests.groups import add_group, add_seat
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FEE_FROM_START: dict[str, Any] = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}],
    }
}
SESSIONS = "/v1/practice/sessions"
WHY = {"note": "They called."}


async def confirm(api: Api, session_id: UUID, headers: dict[str, str] | None = None) -> Response:
    return await api.post(f"/v1/sessions/{session_id}/confirm", None, headers)


async def confirmed(api: Api, session_id: UUID, headers: dict[str, str] | None = None) -> Any:
    answer = await confirm(api, session_id, headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def confirmed_at(world: World, session_id: UUID) -> datetime | None:
    (row,) = await world.rows(Session, id=session_id)
    instant: datetime | None = row.confirmed_at
    return instant


async def staff_move(staff: Api, session_id: UUID, start: datetime, **body: Any) -> None:
    answer = await staff.reschedule_by_staff(session_id, start, **body)
    assert answer.status_code == 200, answer.text


async def test_everybody_sees_it_and_nothing_else_changes(
    api: Api, staff: Api, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    session_id = await world.book(START, now=NOW - HOUR)
    before = await api.session(session_id)
    assert (before["confirmed_at"], before["actions"]["confirm"]) == (None, {"allowed": True})
    mails = await world.rows(Notification)

    done = await confirmed(api, session_id)
    shown = done["session"]
    assert (shown["confirmed_at"], shown["version"]) == ("2026-11-30T10:00:00-05:00", 1)
    assert shown["actions"]["confirm"] == {"allowed": False}
    assert (done["fee"], done["credit"]) == (None, None)

    (listed,) = (await api.get("/v1/sessions")).json()["items"]
    assert listed["confirmed_at"] == "2026-11-30T10:00:00-05:00"
    for found in (
        (await staff.get(f"{SESSIONS}/{session_id}")).json(),
        (await staff.get(SESSIONS)).json()["items"][0],
    ):
        assert datetime.fromisoformat(found["confirmed_at"]) == NOW

    more = [row for row in await world.rows(Notification) if row.id not in {m.id for m in mails}]
    assert [(row.kind, row.recipient) for row in more] == [("session.confirmed", "webhook")]
    (entry,) = await world.rows(Change, kind="confirmed")
    assert (entry.subject, entry.actor, entry.session_version) == ("confirmation", "client", 1)
    assert str(entry.command_id) == done["command_id"]
    history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert [(one["kind"], one["by"]) for one in history][-1] == ("confirmed", "client")
    trail = (await staff.get("/v1/practice/changes", subject="confirmation")).json()["items"]
    assert [one["kind"] for one in trail] == ["confirmed"]


async def test_a_second_time_changes_nothing(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    first = await confirmed(api, session_id)
    clock.now += HOUR
    second = await confirmed(api, session_id, {"If-Match": '"7"'})
    assert second["command_id"] == first["command_id"]
    assert second["session"]["confirmed_at"] == first["session"]["confirmed_at"]
    assert len(await world.rows(Change, kind="confirmed")) == 1
    clock.now = START
    assert (await confirm(api, session_id)).status_code == 200


async def test_the_link_of_a_mail_is_enough(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    issued = await staff.post(f"{SESSIONS}/{session_id}/links", {})
    token = issued.json()["url"].partition("#")[2]
    opened = (await api.signed_in(None).post("/v1/links/open", {"token": token})).json()
    assert opened["session"]["confirmed_at"] is None
    by_link = api.signed_in(opened["access_token"])
    await confirmed(by_link, session_id)
    (entry,) = await world.rows(Change, kind="confirmed")
    assert entry.actor == "link"
    other = await world.book(START + DAY)
    assert (await confirm(by_link, other)).status_code == 404


async def test_a_quote_and_an_etag_stay_good(api: Api, world: World) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]}}
    )
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    answer = await confirm(api, session_id, {"If-Match": '"1"'})
    assert answer.headers["ETag"] == '"1"'
    cancelled = await api.cancel(session_id, {"If-Match": '"1"'}, quote=quote)
    assert cancelled.status_code == 200, cancelled.text


async def test_another_version_is_not_confirmed(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await confirm(api, session_id, {"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "version-mismatch")
    assert await confirmed_at(world, session_id) is None


async def test_a_replayed_request_gets_the_first_answer(api: Api, world: World) -> None:
    session_id = await world.book(START)
    key = {"Idempotency-Key": "c-1"}
    first = await confirm(api, session_id, key)
    again = await confirm(api, session_id, key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize("end", ["cancel", "fulfilled", "noshow"])
async def test_only_a_booked_session_is_confirmed(
    api: Api, staff: Api, world: World, end: str
) -> None:
    session_id = await world.book(START)
    body = {"reason": WHY} | ({} if end == "fulfilled" else {"charge_fee": False})
    assert (await staff.post(f"{SESSIONS}/{session_id}/{end}", body)).status_code == 200
    answer = await confirm(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "session-not-booked")
    assert answer.json()["contact"]["name"] == "Dr. Maya Chen"
    assert (await api.session(session_id))["actions"]["confirm"] == {"allowed": False}


async def test_from_the_start_on_it_is_too_late(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    clock.now = START
    answer = await confirm(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "session-started")


async def test_nobody_confirms_somebody_else_s_session(api: Api, world: World) -> None:
    session_id = await world.book(START)
    ben = await world.add_client(name="Ben", email="ben@client.example")
    assert (await confirm(api.signed_in(world.token(ben)), session_id)).status_code == 404


# What ends it


async def test_a_move_by_the_client_ends_it_and_their_undo_brings_it_back(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    first = await confirmed(api, session_id)
    clock.now += HOUR
    moved = await api.reschedule(session_id, START + DAY)
    assert moved.json()["session"]["confirmed_at"] is None
    clock.now += timedelta(minutes=1)
    again = await confirmed(api, session_id)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert undone.json()["session"]["confirmed_at"] == first["session"]["confirmed_at"]
    assert (await confirmed(api, session_id))["command_id"] == first["command_id"]
    assert again["command_id"] != first["command_id"]


async def test_the_undo_of_a_change_of_format_leaves_it(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    assert (await api.reschedule(session_id, START, format="phone")).is_success
    clock.now += timedelta(minutes=1)
    first = await confirmed(api, session_id)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert undone.json()["session"]["format"]["kind"] == "video"
    assert undone.json()["session"]["confirmed_at"] == first["session"]["confirmed_at"]


async def test_a_move_by_staff_ends_it_and_a_change_of_format_does_not(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await confirmed(api, session_id)
    await staff_move(staff, session_id, START, format="phone")
    assert await confirmed_at(world, session_id) == NOW
    await staff_move(staff, session_id, START + DAY)
    assert await confirmed_at(world, session_id) is None


async def test_a_move_of_the_group_ends_it(api: Api, staff: Api, world: World) -> None:
    group = await add_group(world)
    seat = await add_seat(world, group)
    await confirmed(api, seat)
    start = (await api.session(seat))["starts_at"]
    to = (datetime.fromisoformat(start) + DAY).isoformat()
    path = f"/v1/practice/groups/{group}/move"
    moved = await staff.post(path, {"start": to, "force": True, "reason": WHY})
    assert moved.status_code == 200, moved.text
    assert await confirmed_at(world, seat) is None


async def test_a_move_of_a_series_ends_it_for_each_session(
    api: Api, staff: Api, world: World
) -> None:
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
        "every": {"weeks": 1},
        "count": 2,
    }
    made = (await staff.post("/v1/practice/series", body)).json()
    ids = [UUID(one["id"]) for one in made["series"]["sessions"]]
    for session_id in ids:
        await confirmed(api, session_id)
    scope: dict[str, Any] = {"scope": "this_and_following"}
    moved = await api.reschedule(ids[0], START + DAY, **scope)
    assert moved.status_code == 200, moved.text
    assert [await confirmed_at(world, session_id) for session_id in ids] == [None, None]


async def test_a_cancellation_ends_it_and_only_the_client_s_undo_brings_it_back(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await confirmed(api, session_id)
    assert (await api.cancel(session_id)).json()["session"]["confirmed_at"] is None
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert datetime.fromisoformat(undone.json()["session"]["confirmed_at"]) == NOW
    await api.cancel(session_id)
    restored = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert restored.json()["session"]["confirmed_at"] is None


async def test_a_mark_and_its_undo_leave_it(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await confirmed(api, session_id)
    missed = await staff.post(f"{SESSIONS}/{session_id}/noshow", {"charge_fee": False})
    assert datetime.fromisoformat(missed.json()["session"]["confirmed_at"]) == NOW
    restored = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert datetime.fromisoformat(restored.json()["session"]["confirmed_at"]) == NOW


async def test_an_absence_ends_it_and_excludes_it(api: Api, world: World, clock: TestClock) -> None:
    await world.add_policy(FEE_FROM_START)
    session_id = await world.book(START)
    await confirmed(api, session_id)
    clock.now = START - HOUR
    said = {"reason": {"note": "I am ill."}, "free_time": False}
    announced = await api.post(f"/v1/sessions/{session_id}/absence", said)
    assert announced.json()["session"]["confirmed_at"] is None
    answer = await confirm(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "absence-announced")
    assert answer.json()["contact"]["phone"] == "+1 212 555 0100"
    assert "Dr. Maya Chen" in answer.json()["detail"]


# Staff's list


async def test_staff_list_those_who_have_confirmed_and_those_who_have_not(
    api: Api, world: World
) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    coming, silent = await world.book(START), await world.book(START + DAY)
    await confirmed(api, coming)

    async def listed(**filters: Any) -> list[str]:
        found = await reader.get(SESSIONS, **filters)
        assert found.status_code == 200, found.text
        return [one["id"] for one in found.json()["items"]]

    assert await listed(confirmed="true") == [str(coming)]
    assert await listed(confirmed="false", status="booked") == [str(silent)]
    assert await listed() == [str(coming), str(silent)]
    assert (await reader.get(SESSIONS, confirmed="perhaps")).status_code == 422

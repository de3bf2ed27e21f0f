"""Sessions and groups in an import: replayed as they stand (product.md section 7, "In bulk")."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from tests.transfer import imported, outcomes
from tests.world import NOW, Api, World

START = datetime(2026, 12, 7, 15, 0, tzinfo=UTC)
LATER = START + timedelta(hours=2)
USD = {"currency": "USD"}


def session(world: World, ref: str = "visit-1", **fields: Any) -> dict[str, Any]:
    """Make the shortest line of a session, with more fields."""
    return {
        "kind": "session",
        "external_ref": ref,
        "client_ref": str(world.client_id),
        "practitioner_ref": str(world.practitioner_id),
        "service_ref": str(world.service_id),
        "starts_at": START.isoformat(),
        "format": "video",
    } | fields


def ended(**fields: Any) -> dict[str, Any]:
    return {"at": "2026-11-29T10:00:00Z", "by": "client"} | fields


def fee(cause: str, **fields: Any) -> dict[str, Any]:
    return {
        "amount": {"amount_minor": 6000, **USD},
        "cause": cause,
        "recorded_at": "2026-11-29T10:00:00Z",
    } | fields


async def shown(staff: Api, ref: str = "visit-1") -> Any:
    answer = await staff.get(f"/v1/practice/sessions/by-ref/{ref}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_session_gets_the_defaults_of_a_booking(staff: Api, world: World) -> None:
    policy_id = await world.add_policy({"cancel": {"fees": []}})
    assert await outcomes(staff, [session(world), session(world)]) == ["created", "unchanged"]
    [row] = await world.rows(Session)
    assert row.ends_at - row.starts_at == timedelta(minutes=50)
    assert (row.price_minor, row.status, row.version) == (12000, "booked", 1)
    assert row.policy_version_id == policy_id
    assert row.join_url == "https://video.example/maya"
    assert row.booked_starts_at == START
    [taken] = await world.rows(TakenTime)
    assert (taken.starts_at, taken.ends_at) == (row.starts_at, row.ends_at)
    assert taken.buffer_after_minutes == 10


async def test_nobody_is_told_now_and_reminders_are_for_later(staff: Api, world: World) -> None:
    await staff.post("/v1/practice/webhook-endpoints", {"url": "https://canary.example/hooks"})
    lines = [
        session(world),
        session(
            world,
            "visit-2",
            status="cancelled",
            ended=ended(),
            fees=[fee("cancelled", collect_after="2026-11-29T12:00:00Z")],
        ),
    ]
    assert await outcomes(staff, lines) == ["created", "created"]
    [queued] = await world.rows(Notification)
    assert queued.kind == "reminder"
    assert queued.send_at > NOW


async def test_an_imported_session_is_one_like_any_other(
    staff: Api, api: Api, world: World
) -> None:
    """Its client cancels it by the policy of its line, and staff undo that."""
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 43_200}, "percent": "50"}]}}
    lines = [
        {"kind": "policy", "text": "", "version": 1, "rules": rules},
        {"kind": "policy", "text": "", "version": 2, "rules": {}},
        session(world, policy={"version": 1}, price={"amount_minor": 9000, **USD}),
    ]
    assert await outcomes(staff, lines) == ["created"] * 3
    session_id = UUID((await shown(staff))["id"])
    seen = await api.session(session_id)
    assert seen["actions"]["cancel"]["fee"]["amount_minor"] == 4500
    answer = await api.cancel(session_id, quote=seen["actions"]["cancel"]["quote"])
    assert answer.status_code == 200, answer.text
    undone = await staff.post(
        f"/v1/practice/sessions/{session_id}/undo", {"reason": {"note": "A mistake."}}
    )
    assert undone.json()["session"]["status"] == "booked"


async def test_a_push_after_the_import_finds_the_session(staff: Api, world: World) -> None:
    await outcomes(staff, [session(world)])
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    }
    path = "/v1/practice/sessions/by-ref/visit-1"
    same = await staff.put(path, body)
    assert (same.status_code, same.json()["session"]["version"]) == (200, 1)
    moved = await staff.put(path, body | {"start": (START + timedelta(hours=2)).isoformat()})
    assert moved.json()["session"]["version"] == 2


async def test_a_push_of_what_was_imported_leaves_what_came_after(staff: Api, world: World) -> None:
    await outcomes(staff, [session(world), session(world, "visit-2", starts_at=LATER.isoformat())])
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "format": "video",
    }
    by_client, by_staff = [await shown(staff, ref) for ref in ("visit-1", "visit-2")]
    own = staff.signed_in(world.token())
    moved = await own.reschedule(by_client["id"], START + timedelta(hours=4))
    assert moved.status_code == 200, moved.text
    moved = await staff.reschedule_by_staff(by_staff["id"], START + timedelta(hours=3))
    assert moved.status_code == 200, moved.text
    for ref, start in (("visit-1", START), ("visit-2", LATER)):
        path = f"/v1/practice/sessions/by-ref/{ref}"
        again = await staff.put(path, body | {"start": start.isoformat()})
        assert (again.status_code, again.json()["session"]["version"]) == (200, 2)


@pytest.mark.parametrize("status", ["cancelled", "noshow", "fulfilled"])
async def test_an_end_is_in_the_history_with_its_fee(staff: Api, world: World, status: str) -> None:
    line = session(
        world,
        starts_at="2026-11-26T15:00:00Z",
        status=status,
        booked_at="2026-10-01T08:00:00Z",
        ended=ended(at="2026-11-26T15:20:00Z", by="practice"),
        fees=[
            fee("rescheduled", status="waived", closed_at="2026-11-28T10:00:00Z"),
            fee(status, payment_reference="INV-1", status="settled", closed_at=NOW.isoformat()),
        ],
    )
    assert await outcomes(staff, [line, line]) == ["created", "unchanged"]
    entries = sorted(
        await world.rows(Change, subject="session"), key=lambda row: row.session_version
    )
    assert [row.kind for row in entries] == ["booked", "rescheduled", status]
    assert [row.actor for row in entries] == ["practice", "client", "practice"]
    assert entries[0].at.isoformat() == "2026-10-01T08:00:00+00:00"
    fees = {row.status: row for row in await world.rows(Fee)}
    assert fees["settled"].change_id == entries[2].id
    assert fees["settled"].payment_reference == "INV-1"
    assert fees["waived"].change_id == entries[1].id
    details = await shown(staff)
    assert (details["status"], details["version"]) == (status, 3)
    taken = await world.rows(TakenTime)
    if status == "cancelled":
        assert taken == []
    else:
        minutes = 20 if status == "noshow" else 50
        assert taken[0].ends_at - taken[0].starts_at == timedelta(minutes=minutes)


async def test_the_fee_of_an_earlier_end_is_not_that_of_the_last_one(
    staff: Api, world: World
) -> None:
    """The session was booked again between them; undoing the last end leaves that fee."""
    line = session(
        world,
        status="cancelled",
        ended=ended(at="2026-11-29T10:00:00Z", by="practice"),
        fees=[fee("cancelled", recorded_at="2026-11-28T10:00:00Z")],
    )
    assert await outcomes(staff, [line, line]) == ["created", "unchanged"]
    undone = await staff.post(
        f"/v1/practice/sessions/{(await shown(staff))['id']}/undo", {"reason": {"note": "Hm."}}
    )
    assert undone.status_code == 200, undone.text
    assert [row.status for row in await world.rows(Fee)] == ["due"]


async def test_a_booked_time_must_be_free_and_a_past_one_need_not(staff: Api, world: World) -> None:
    other = await world.add_client(email="two@client.example", external_ref="two")
    past = {
        "starts_at": "2026-11-26T15:00:00Z",
        "status": "fulfilled",
        "ended": ended(at="2026-11-26T16:00:00Z"),
    }
    lines = [
        session(world),
        session(world, "visit-2", client_ref="two"),
        session(world, "visit-3", starts_at=(START + timedelta(minutes=55)).isoformat()),
        session(world, "visit-4", **past),
        session(world, "visit-5", client_ref=str(other), **past),
        session(world, "visit-6", client_ref="two", **past),
    ]
    assert await outcomes(staff, lines) == [
        "created",
        "slot-unavailable",
        "slot-unavailable",
        "created",
        "validation-failed /client_ref",
        "created",
    ]
    assert len(await world.rows(TakenTime)) == 2


async def test_a_session_that_exists_is_never_changed(staff: Api, world: World) -> None:
    lines = [
        session(world),
        session(world, starts_at=(START + timedelta(hours=1)).isoformat()),
        session(world, status="cancelled", ended=ended()),
        session(world, price={"amount_minor": 1, **USD}),
        session(world, client_moves=1),
    ]
    assert await outcomes(staff, lines) == [
        "created",
        "validation-failed /starts_at",
        "validation-failed /status",
        "validation-failed /price",
        "validation-failed /client_moves",
    ]
    [row] = await world.rows(Session)
    assert row.version == 1


async def test_a_credit_pays_for_a_session(staff: Api, world: World) -> None:
    await world.add_package(external_ref="invoice-1", credits=1)
    other = await world.add_client(email="two@client.example", external_ref="two")
    await world.add_package(external_ref="theirs", client_id=other)
    used = {"package_ref": "invoice-1", "redeemed_at": "2026-11-01T08:00:00Z"}
    paid: dict[str, Any] = {"redemption": used}
    later = (START + timedelta(hours=2)).isoformat()
    lines = [
        session(world, **paid),
        session(world, "visit-2", starts_at=later, **paid),
        session(world, "visit-3", starts_at=later, redemption={"package_ref": "theirs"}),
    ]
    assert await outcomes(staff, lines) == [
        "created",
        "credit-unavailable",
        "validation-failed /redemption/package_ref",
    ]
    [redemption] = await world.rows(CreditRedemption)
    assert redemption.redeemed_at.isoformat() == "2026-11-01T08:00:00+00:00"
    assert (await shown(staff))["package"]["credits_left"] == 0
    assert len(await world.rows(Session)) == 1


async def test_what_is_wrong_is_named(staff: Api, world: World) -> None:
    lines = [
        session(world, status="cancelled"),
        session(world, ended=ended()),
        session(world, status="cancelled", ended=ended(), confirmed_at="2026-11-29T10:00:00Z"),
        session(world, format="in_person"),
        session(world, location_ref=str(world.location_id)),
        session(world, starts_at="2026-12-07T15:00:00.5Z"),
        session(world, ends_at=START.isoformat()),
        session(world, ends_at=(START + timedelta(days=1, seconds=1)).isoformat()),
        session(world, status="cancelled", ended=ended(at=(NOW + timedelta(days=1)).isoformat())),
        session(
            world,
            redemption={
                "package_ref": "any",
                "forfeited_at": NOW.isoformat(),
                "returned_at": NOW.isoformat(),
            },
        ),
        session(world, client_id=str(world.client_id)),
        session(world, service_ref="nowhere"),
        session(world, policy={"version": 1}),
        session(world, price={"amount_minor": 1, "currency": "EUR"}),
        session(world, carried={"fee": {"amount_minor": 1, "currency": "EUR"}}),
        session(world, fees=[fee("rescheduled", amount={"amount_minor": 0, **USD})]),
        session(world, fees=[fee("rescheduled", amount={"amount_minor": 1, "currency": "EUR"})]),
        session(world, fees=[fee("rescheduled", status="waived")]),
        session(world, unknown=1),
    ]
    assert await outcomes(staff, lines) == [
        "validation-failed /ended",
        "validation-failed /ended",
        "validation-failed /confirmed_at",
        "validation-failed /location_ref",
        "validation-failed /location_ref",
        "validation-failed /starts_at",
        "validation-failed /ends_at",
        "validation-failed /ends_at",
        "validation-failed /ended/at",
        "validation-failed /redemption/package_ref",
        "validation-failed /client_id",
        "validation-failed /service_ref",
        "validation-failed /policy/version",
        "validation-failed /price/currency",
        "validation-failed /carried/fee/currency",
        "validation-failed /fees/0/amount",
        "validation-failed /fees/0/amount/currency",
        "validation-failed /fees/0/closed_at",
        "validation-failed /unknown",
    ]
    assert await world.rows(Session) == []


def group(world: World, ref: str = "class-1", **fields: Any) -> dict[str, Any]:
    line = session(world, ref, kind="group", seats=1)
    del line["client_ref"]
    return line | fields


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"ended": ended(reason="Ana Ruiz is ill")}, "/ended/reason"),
        ({"ended": ended(), "fees": [fee("Ana Ruiz was late")]}, "/fees/0/cause"),
    ],
)
async def test_codes_and_causes_are_no_free_text(
    staff: Api, world: World, fields: dict[str, Any], pointer: str
) -> None:
    """They are in the history, which cannot be erased."""
    (failed,) = await imported(staff, [session(world, status="cancelled", **fields)])
    assert [one["pointer"] for one in failed["problem"]["errors"]] == [pointer]


async def test_seats_of_groups(staff: Api, world: World) -> None:
    other = await world.add_client(email="two@client.example", external_ref="two")
    service = await world.add_service(name="Yoga", formats=("video",), external_ref="yoga")
    later = (START + timedelta(hours=1)).isoformat()
    seat = {"group_ref": "class-1"}
    lines = [
        group(world),
        group(world),
        group(world, seats=2),
        group(world, "class-2"),
        group(world, "class-3", status="cancelled"),
        group(world, "class-4", min_seats=2, decide_hours=1),
        group(world, "class-4", min_seats=1),
        group(world, "class-4", auto_cancel=True),
        session(world, **seat),
        session(world, "visit-2", client_ref="two", **seat),
        session(world, "visit-3", client_ref="two", status="cancelled", ended=ended(), **seat),
        session(world, "visit-4", starts_at=later, **seat),
        session(world, "visit-5", client_ref="two", group_ref="class-3"),
        session(world, "visit-6", client_ref="two", service_ref="yoga", **seat),
        session(world, **seat),
    ]
    assert await outcomes(staff, lines) == [
        "created",
        "unchanged",
        "validation-failed /seats",
        "slot-unavailable",
        "created",
        "validation-failed /min_seats",
        "validation-failed /decide_hours",
        "validation-failed /min_seats",
        "created",
        "group-full",
        "created",
        "validation-failed /starts_at",
        "group-cancelled",
        "validation-failed /group_ref",
        "unchanged",
    ]
    assert len(await world.rows(TakenTime)) == 1
    assert {row.status for row in await world.rows(Group)} == {"scheduled", "cancelled"}
    assert (await shown(staff))["group"]["seats_left"] == 0
    assert other
    assert service


async def test_deadlines_in_working_days_are_calculated_or_kept(staff: Api, world: World) -> None:
    rules = {"cancel": {"closes": {"working_days": 2, "at": "12:00"}}}
    kept = {"working_days": 2, "at": "12:00", "instant": "2026-12-02T17:00:00Z"}
    lines = [
        {"kind": "holidays", "dates": [], "closed_weekdays": [6, 7]},
        {"kind": "policy", "text": "", "rules": rules},
        session(world),
        session(
            world,
            "visit-2",
            starts_at=(START + timedelta(hours=2)).isoformat(),
            frozen_deadlines=[kept],
        ),
    ]
    results = await imported(staff, lines)
    assert [result["result"] for result in results] == ["updated", *["created"] * 3], results
    rows = {row.external_ref: row.frozen_deadlines for row in await world.rows(Session)}
    assert rows["visit-1"][0]["instant"] == "2026-12-03T17:00:00+00:00"
    assert rows["visit-2"][0]["instant"] == "2026-12-02T17:00:00+00:00"


WORKING_DAYS = {"cancel": {"closes": {"working_days": 2, "at": "12:00"}}}
FROZEN = {"working_days": 2, "at": "12:00", "instant": "2026-12-02T17:00:00Z"}


@pytest.mark.parametrize(
    ("frozen", "pointer"),
    [
        ([], "/frozen_deadlines"),
        ([FROZEN, FROZEN], "/frozen_deadlines"),
        ([FROZEN | {"working_days": 1}], "/frozen_deadlines"),
        ([FROZEN, FROZEN | {"working_days": 1}], "/frozen_deadlines"),
        ([FROZEN | {"instant": "2027-01-31T17:00:00Z"}], "/frozen_deadlines/0/instant"),
    ],
)
@pytest.mark.parametrize("status", ["booked", "cancelled"])
async def test_frozen_deadlines_are_those_of_the_policy(
    status: str, frozen: list[dict[str, Any]], pointer: str, staff: Api, world: World
) -> None:
    fields: dict[str, Any] = {"frozen_deadlines": frozen, "status": status}
    if status == "cancelled":
        fields["ended"] = {"at": NOW.isoformat(), "by": "client"}
    lines = [
        {"kind": "policy", "text": "", "rules": WORKING_DAYS},
        {"kind": "location", "external_ref": "room-1", "name": "Room", "address": "1 Main Street"},
        session(world, **fields),
    ]
    *others, failed = await imported(staff, lines)
    assert [result["result"] for result in others] == ["created", "created"]
    assert failed["result"] == "failed"
    assert [one["pointer"] for one in failed["problem"]["errors"]] == [pointer]
    assert await world.rows(Session) == []

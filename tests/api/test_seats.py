"""A client's own seat in a group: details, other groups, moving, leaving."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from httpx import Response

from app.tables.groups import Group
from app.tables.practices import Location
from app.tables.sessions import CreditRedemption, Fee, Session
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat, seats_of
from tests.world import NOW, REASON, Api, TestClock, World, slots

WEEK = {"from": "2026-12-01", "to": "2026-12-31", "format": "in_person"}
AT = "/v1/sessions/{}/reschedule"


async def move(api: Api, session_id: UUID, **body: object) -> Response:
    """Move a seat for its client."""
    return await api.post(AT.format(session_id), {"reason": REASON} | body)


async def fill(world: World, group_id: UUID, count: int) -> list[UUID]:
    """Take seats for as many other clients."""
    return [
        await add_seat(world, group_id, client_id=client_id)
        for client_id in await add_clients(world, count)
    ]


def group_ids(availability: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[str]:
    """List the groups of an availability answer."""
    return [slot["group_id"] for day in availability["days"] for slot in day["slots"]]


# Details


async def test_the_details_and_the_list_name_the_group_and_its_free_seats(
    api: Api, world: World
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    others = await fill(world, group_id, 3)
    shown = {"id": str(group_id), "seats": 8, "seats_left": 4}
    assert (await api.session(seat))["group"] == shown
    (listed,) = (await api.get("/v1/sessions")).json()["items"]
    assert listed["group"] == shown
    await world.change(Session, others[0], status="cancelled", seat=None, taken_until=None)
    assert (await api.session(seat))["group"]["seats_left"] == 5


async def test_staff_see_the_group_in_details_and_lists(world: World, staff: Api) -> None:
    group_id = await add_group(world, seats=2)
    seat = await add_seat(world, group_id)
    single = await world.book(CLASS + DAY)
    shown = {"id": str(group_id), "seats": 2, "seats_left": 1}
    assert (await staff.get(f"/v1/practice/sessions/{seat}")).json()["group"] == shown
    listed = (await staff.get("/v1/practice/sessions")).json()["items"]
    assert {item["id"]: item["group"] for item in listed} == {str(seat): shown, str(single): None}


async def test_a_cancelled_group_has_no_seats_left(api: Api, world: World) -> None:
    group_id = await add_group(world, status="cancelled")
    seat = await add_seat(world, group_id)
    assert (await api.session(seat))["group"] == {"id": str(group_id), "seats": 8, "seats_left": 0}


async def test_a_seat_has_the_format_of_its_group(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    details = await api.session(seat)
    assert [choice["kind"] for choice in details["formats"]] == ["in_person"]
    assert details["formats"][0]["location"] == details["format"]["location"]
    decision = details["actions"]["change_format"]
    assert decision["allowed"] is False
    assert decision["refusal"]["code"] == "action-disabled"
    assert details["policy"]["terms"]["change_format"] == []
    assert details["actions"]["cancel"]["allowed"] is True
    assert details["actions"]["reschedule"]["allowed"] is True


# Availability


async def test_availability_of_a_seat_lists_other_groups_of_its_service_and_practitioner(
    api: Api, world: World
) -> None:
    own = await add_group(world)
    tuesday = await add_group(world, CLASS + 5 * DAY, seats=2)
    thursday = await add_group(world, CLASS + 7 * DAY)
    await add_group(world, CLASS + 8 * DAY, service_id=await world.add_service())
    await add_group(world, CLASS, practitioner_id=await world.add_practitioner())
    await add_group(world, CLASS + 9 * DAY, status="cancelled")
    seat = await add_seat(world, own)
    await fill(world, tuesday, 1)
    found = await api.availability(seat, **WEEK)
    assert found["days"] == [
        {
            "date": "2026-12-08",
            "slots": [
                {
                    "start": "2026-12-08T18:00:00-05:00",
                    "end": "2026-12-08T18:50:00-05:00",
                    "location_id": str(world.location_id),
                    "group_id": str(tuesday),
                    "seats_left": 1,
                }
            ],
        },
        {
            "date": "2026-12-10",
            "slots": [
                {
                    "start": "2026-12-10T18:00:00-05:00",
                    "end": "2026-12-10T18:50:00-05:00",
                    "location_id": str(world.location_id),
                    "group_id": str(thursday),
                    "seats_left": 8,
                }
            ],
        },
    ]


async def test_the_days_of_groups_are_those_of_the_viewer(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    await add_group(world, CLASS + 7 * DAY)
    found = await api.availability(seat, **WEEK, time_zone="Asia/Tokyo")
    assert [day["date"] for day in found["days"]] == ["2026-12-11"]
    assert slots(found) == ["2026-12-11T08:00:00+09:00"]


async def test_a_full_group_and_one_while_the_client_is_elsewhere_are_not_offered(
    api: Api, world: World
) -> None:
    seat = await add_seat(world, await add_group(world))
    full = await add_group(world, CLASS + DAY, seats=1)
    await fill(world, full, 1)
    await add_group(world, CLASS + 7 * DAY)
    lee = await world.add_practitioner(name="Dr. Lee")
    # It begins during the class.
    await world.book(CLASS + 7 * DAY + timedelta(minutes=30), practitioner_id=lee)
    free = await add_group(world, CLASS + 8 * DAY)
    assert group_ids(await api.availability(seat, **WEEK)) == [str(free)]


async def test_a_group_and_a_single_service_never_offer_each_others_time(
    api: Api, world: World
) -> None:
    noon = CLASS.replace(hour=12)
    group_id = await add_group(world, noon)
    await add_group(world, noon + DAY)
    single = await world.book(CLASS.replace(hour=9))
    seat = await add_seat(world, group_id, client_id=(await add_clients(world, 1))[0])
    offered = slots(await api.availability(single, **{"from": "2026-12-03", "to": "2026-12-04"}))
    assert offered
    taken = {"11:30", "12:00", "12:30"}
    assert not {start[11:16] for start in offered} & taken
    (row,) = await world.rows(Session, id=seat)
    other = api.signed_in(world.token(row.client_id))
    assert slots(await other.availability(seat, **WEEK)) == ["2026-12-04T12:00:00-05:00"]


@pytest.mark.parametrize(
    ("range_", "reason", "next_available"),
    [
        (("2026-12-04", "2026-12-06"), "no_working_hours", "2026-12-08"),
        (("2026-12-03", "2026-12-03"), "fully_booked", "2026-12-08"),
        (("2026-12-10", "2026-12-10"), "fully_booked", None),
        (("2026-11-20", "2026-11-29"), "outside_horizon", "2026-12-08"),
        (("2027-01-28", "2027-02-10"), "outside_horizon", None),
        (("2027-06-01", "2027-06-30"), "outside_horizon", None),
    ],
)
async def test_an_empty_range_says_why_and_when_there_is_a_group_again(
    api: Api,
    world: World,
    range_: tuple[str, str],
    reason: str,
    next_available: str | None,
) -> None:
    seat = await add_seat(world, await add_group(world))
    await add_group(world, CLASS + 5 * DAY)
    full = await add_group(world, CLASS + 7 * DAY, seats=1)
    await fill(world, full, 1)
    await add_group(world, CLASS + 64 * DAY)
    first, last = range_
    found = await api.availability(seat, **{"from": first, "to": last, "format": "in_person"})
    assert found["days"] == []
    assert found["empty_reason"]["code"] == reason
    assert found["next_available"] == next_available


async def test_an_inactive_practitioner_or_location_offers_no_groups(
    api: Api, world: World
) -> None:
    seat = await add_seat(world, await add_group(world))
    mill_lane = await world.add_location()
    await add_group(world, CLASS + DAY, location_id=mill_lane)
    assert len(group_ids(await api.availability(seat, **WEEK))) == 1
    await world.change(Location, mill_lane, active=False)
    assert group_ids(await api.availability(seat, **WEEK)) == []
    await world.change(Location, mill_lane, active=True)
    await world.change_practitioner(active=False)
    found = await api.availability(seat, **WEEK)
    assert found["empty_reason"]["code"] == "no_working_hours"


async def test_a_group_in_another_format_is_offered_as_the_policy_lets_a_move_change_it(
    api: Api, world: World
) -> None:
    video = {"format": "video", "location_id": None, "join_url": "https://video.example/class"}
    group_id, online = await add_group(world), await add_group(world, CLASS + DAY, **video)
    seat = await add_seat(world, group_id)
    assert group_ids(await api.availability(seat, **(WEEK | {"format": "video"}))) == [str(online)]
    moved = await move(api, seat, group_id=str(online))
    assert moved.json()["session"]["format"] == {
        "kind": "video",
        "join_url": "https://video.example/class",
        "location": None,
        "instructions": None,
    }
    await world.add_policy({"change_format": {"enabled": False}})
    other = await add_seat(world, group_id)
    found = await api.availability(other, **(WEEK | {"format": "video"}))
    assert found["empty_reason"]["code"] == "reschedule_refused"
    refused = await move(api, other, group_id=str(online))
    assert (refused.status_code, refused.json()["code"]) == (403, "action-disabled")


# Moving


async def test_a_seat_moves_to_the_lowest_free_seat_of_another_group(
    api: Api, world: World
) -> None:
    old, new = await add_group(world), await add_group(world, CLASS + 7 * DAY)
    await fill(world, new, 2)
    seat = await add_seat(world, old)
    answer = await move(api, seat, group_id=str(new))
    assert answer.status_code == 200, answer.text
    session = answer.json()["session"]
    assert session["id"] == str(seat)
    assert session["starts_at"] == "2026-12-10T18:00:00-05:00"
    assert session["group"] == {"id": str(new), "seats": 8, "seats_left": 5}
    assert session["version"] == 2
    assert (await seats_of(world, new))[seat] == 3
    assert await seats_of(world, old) == {}


async def test_a_seat_takes_on_all_of_its_new_groups_meeting(api: Api, world: World) -> None:
    mill_lane = await world.add_location()
    old = await add_group(world)
    new = await add_group(
        world,
        CLASS + 7 * DAY,
        ends_at=CLASS + 7 * DAY + timedelta(minutes=90),
        location_id=mill_lane,
        instructions="Bring a mat.",
        buffer_after_minutes=10,
        buffer_before_minutes=0,
    )
    seat = await add_seat(world, old)
    session = (await move(api, seat, group_id=str(new))).json()["session"]
    assert session["ends_at"] == "2026-12-10T19:30:00-05:00"
    assert session["service"]["duration_minutes"] == 90
    assert session["format"]["location"]["id"] == str(mill_lane)
    assert session["format"]["instructions"] == "Bring a mat."


async def test_a_group_may_be_named_by_its_start(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    new = await add_group(world, CLASS + 7 * DAY)
    answer = await api.reschedule(seat, CLASS + 7 * DAY, format="in_person")
    assert answer.json()["session"]["group"]["id"] == str(new)


async def test_a_lost_seat_is_refused_with_the_nearest_groups(api: Api, world: World) -> None:
    old = await add_group(world)
    seat = await add_seat(world, old)
    full = await add_group(world, CLASS + 7 * DAY, seats=1)
    await fill(world, full, 1)
    near = [await add_group(world, CLASS + days * DAY) for days in (6, 9, 1, 14)]
    answer = await move(api, seat, group_id=str(full))
    assert (answer.status_code, answer.json()["code"]) == (409, "slot-unavailable")
    assert [slot["group_id"] for slot in answer.json()["alternatives"]] == [
        str(near[0]),
        str(near[1]),
        str(near[2]),
    ]
    assert answer.json()["alternatives"][0] == {
        "start": "2026-12-09T18:00:00-05:00",
        "end": "2026-12-09T18:50:00-05:00",
        "location_id": str(world.location_id),
        "group_id": str(near[0]),
        "seats_left": 8,
    }
    assert await seats_of(world, old) == {seat: 1}
    assert (await api.session(seat))["version"] == 1


async def test_a_start_of_no_group_is_refused_with_the_nearest_groups(
    api: Api, world: World
) -> None:
    seat = await add_seat(world, await add_group(world))
    near = await add_group(world, CLASS + 7 * DAY)
    # Free working time, which single sessions would be offered.
    answer = await api.reschedule(seat, (CLASS + 7 * DAY).replace(hour=10), format="in_person")
    assert (answer.status_code, answer.json()["code"]) == (409, "slot-unavailable")
    assert [slot["group_id"] for slot in answer.json()["alternatives"]] == [str(near)]


async def test_a_cancelled_started_or_near_group_cannot_be_joined(
    api: Api, world: World, clock: TestClock
) -> None:
    seat = await add_seat(world, await add_group(world))
    gone = await add_group(world, CLASS + DAY, status="cancelled")
    near = await add_group(world, NOW + timedelta(hours=2))
    for group_id in (gone, near):
        clock.now = NOW + timedelta(minutes=61)
        answer = await move(api, seat, group_id=str(group_id))
        assert answer.json()["code"] == "slot-unavailable"


async def test_a_client_cannot_join_a_group_while_they_are_elsewhere(
    api: Api, world: World
) -> None:
    seat = await add_seat(world, await add_group(world))
    busy = await add_group(world, CLASS + 7 * DAY)
    lee = await world.add_practitioner(name="Dr. Lee")
    await world.book(CLASS + 7 * DAY + timedelta(minutes=45), practitioner_id=lee)
    answer = await move(api, seat, group_id=str(busy))
    assert answer.json()["code"] == "slot-unavailable"


async def test_the_own_group_is_no_change(api: Api, world: World) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    for body in ({"group_id": str(group_id)}, {"start": CLASS.isoformat(), "format": "in_person"}):
        answer = await move(api, seat, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "no-change")


async def test_the_format_of_a_seat_cannot_be_changed_where_it_is(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    answer = await api.reschedule(seat, CLASS, format="video")
    assert (answer.status_code, answer.json()["code"]) == (403, "action-disabled")
    assert (await api.session(seat))["version"] == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"format": "video"}, "/format"),
        ({"location_id": str(uuid4())}, "/location_id"),
    ],
)
async def test_what_is_sent_beside_a_group_must_be_the_groups(
    api: Api, world: World, body: dict[str, str], pointer: str
) -> None:
    seat = await add_seat(world, await add_group(world))
    new = str(await add_group(world, CLASS + 7 * DAY))
    refused = await move(api, seat, group_id=new, **body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    same = {
        "start": "2026-12-11T00:00:00+01:00",
        "format": "in_person",
        "location_id": str(world.location_id),
    }
    assert (await move(api, seat, group_id=new, **same)).status_code == 200


async def test_a_group_that_was_moved_meanwhile_is_not_the_one_that_was_chosen(
    api: Api, world: World
) -> None:
    seat = await add_seat(world, await add_group(world))
    moved = await add_group(world, CLASS + 7 * DAY)
    chosen = {"group_id": str(moved), "start": (CLASS + 6 * DAY).isoformat()}
    answer = await move(api, seat, **chosen)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot-unavailable")
    assert [slot["group_id"] for slot in answer.json()["alternatives"]] == [str(moved)]
    assert (await api.session(seat))["version"] == 1


async def test_a_group_that_is_not_there_is_a_422(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    other_service = await add_group(world, CLASS + DAY, service_id=await world.add_service())
    lee = await world.add_practitioner(name="Dr. Lee")
    other_practitioner = await add_group(world, CLASS + DAY, practitioner_id=lee)
    elsewhere = await World(world.engine, world.settings).build()
    foreign = await add_group(elsewhere, CLASS + DAY)
    for group_id in (uuid4(), other_service, other_practitioner, foreign):
        answer = await move(api, seat, group_id=str(group_id))
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/group_id"]


async def test_a_single_session_has_no_group_to_move_to(api: Api, world: World) -> None:
    single = await world.book(CLASS.replace(hour=12))
    group_id = await add_group(world, CLASS + DAY)
    for more in ({}, {"start": (CLASS + DAY).isoformat(), "format": "in_person"}):
        answer = await move(api, single, group_id=str(group_id), **more)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/group_id"]
    # The time of a group is not on offer to a single session.
    noon = await add_group(world, CLASS.replace(hour=12) + DAY)
    answer = await api.reschedule(single, CLASS.replace(hour=12) + DAY, format="in_person")
    assert answer.json()["code"] == "slot-unavailable"
    assert await seats_of(world, noon) == {}


async def test_without_a_group_both_start_and_format_are_required(api: Api, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    answer = await move(api, seat)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/start", "/format"]


async def test_a_seat_is_judged_by_its_own_policy(api: Api, world: World, clock: TestClock) -> None:
    await world.add_policy(
        {
            "cancel": {
                "closes": {"before_minutes": 60},
                "fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}],
            },
            "reschedule": {"limit": 1},
        }
    )
    old, new = await add_group(world), await add_group(world, CLASS + 7 * DAY)
    seat = await add_seat(world, old)
    clock.now = CLASS - timedelta(hours=5)
    needed = await move(api, seat, group_id=str(new))
    assert needed.json()["code"] == "quote-required"
    decision = needed.json()["decision"]
    assert decision["fee"]["amount_minor"] == 1000
    moved = await move(api, seat, group_id=str(new), quote=decision["quote"])
    assert moved.json()["fee"]["amount_minor"] == 1000
    (fee,) = await world.rows(Fee)
    assert (fee.session_id, fee.amount_minor) == (seat, 1000)
    again = await move(api, seat, group_id=str(old))
    assert again.json()["code"] == "reschedule-limit-reached"


async def test_a_quote_holds_for_a_group_after_the_option_has_closed(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 60}}})
    seat, new = await add_seat(world, await add_group(world)), await add_group(world, CLASS + DAY)
    clock.now = CLASS - timedelta(minutes=60)
    quote = (await api.session(seat))["actions"]["reschedule"]["quote"]
    clock.now += timedelta(minutes=5)
    late = await move(api, seat, group_id=str(new))
    assert late.json()["code"] == "notice-too-short"
    assert (await move(api, seat, group_id=str(new), quote=quote)).status_code == 200


async def test_a_moved_seat_keeps_its_credit_and_counts_from_its_booked_start(
    api: Api, world: World
) -> None:
    await world.add_policy({"reschedule": {"max_days_from_original": 7}})
    package_id = await world.add_package(credits=1)
    old, week = await add_group(world), await add_group(world, CLASS + 7 * DAY)
    far = await add_group(world, CLASS + 8 * DAY)
    seat = await add_seat(world, old, package_id=package_id)
    assert (await move(api, seat, group_id=str(far))).json()["code"] == "slot-unavailable"
    moved = await move(api, seat, group_id=str(week))
    assert moved.json()["credit"] == "kept"
    assert group_ids(await api.availability(seat, **WEEK)) == [str(old)]
    assert len(await world.rows(CreditRedemption)) == 1


# Leaving


async def test_cancelling_frees_one_seat_and_never_ends_the_group(api: Api, world: World) -> None:
    group_id = await add_group(world)
    before = await world.rows(Group)
    package_id = await world.add_package(credits=1)
    seat = await add_seat(world, group_id, package_id=package_id)
    others = await fill(world, group_id, 2)
    answer = await api.cancel(seat)
    assert answer.json()["credit"] == "returned"
    assert answer.json()["session"]["group"] == {"id": str(group_id), "seats": 8, "seats_left": 6}
    assert await seats_of(world, group_id) == {others[0]: 2, others[1]: 3}
    newcomer = (await add_clients(world, 1))[0]
    joined = await add_seat(world, group_id, client_id=newcomer)
    assert (await seats_of(world, group_id))[joined] == 1
    assert await world.rows(Group) == before


async def test_the_last_seat_that_is_cancelled_leaves_an_empty_group(
    api: Api, world: World
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    assert (await api.cancel(seat)).status_code == 200
    (group,) = await world.rows(Group)
    assert group.status == "scheduled"
    # Its time still is the group's.
    single = await world.book(CLASS + DAY)
    answer = await api.reschedule(single, CLASS, format="video")
    assert answer.json()["code"] == "slot-unavailable"


# What staff do with a seat


async def undo(staff: Api, session_id: UUID) -> Response:
    """Undo the end of a session."""
    body = {"reason": {"note": "A mistake."}}
    return await staff.post(f"/v1/practice/sessions/{session_id}/undo", body)


async def test_undoing_a_cancellation_takes_the_lowest_free_seat(
    api: Api, staff: Api, world: World
) -> None:
    group_id = await add_group(world, seats=2)
    seat = await add_seat(world, group_id)
    await api.cancel(seat)
    (other,) = await fill(world, group_id, 1)
    assert await seats_of(world, group_id) == {other: 1}
    answer = await undo(staff, seat)
    assert answer.status_code == 200, answer.text
    assert answer.json()["session"]["status"] == "booked"
    assert await seats_of(world, group_id) == {other: 1, seat: 2}


async def test_undo_needs_a_free_seat(api: Api, staff: Api, world: World) -> None:
    group_id = await add_group(world, seats=1)
    seat = await add_seat(world, group_id)
    await api.cancel(seat)
    (other,) = await fill(world, group_id, 1)
    answer = await undo(staff, seat)
    assert (answer.status_code, answer.json()["code"]) == (409, "group-full")
    assert await seats_of(world, group_id) == {other: 1}
    assert (await api.session(seat))["status"] == "cancelled"


async def test_a_seat_that_is_restored_is_at_its_groups_present_time(
    api: Api, staff: Api, world: World
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    await api.cancel(seat)
    later = CLASS + timedelta(hours=1)
    ends_at = later + timedelta(minutes=50)
    await world.change(Group, group_id, starts_at=later, ends_at=ends_at)
    restored = (await undo(staff, seat)).json()["session"]
    assert datetime.fromisoformat(restored["starts_at"]) == later
    (row,) = await world.rows(Session, id=seat)
    assert (row.taken_until, row.booked_starts_at) == (ends_at, later)
    assert row.moved_by_practice is True
    assert (row.calendar_sequence, row.client_moves) == (2, 0)
    history = (await api.get(f"/v1/sessions/{seat}/changes")).json()["items"]
    assert datetime.fromisoformat(history[-1]["after"]["starts_at"]) == later


async def test_a_seat_of_a_cancelled_group_cannot_be_restored(
    api: Api, staff: Api, world: World
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    await api.cancel(seat)
    await world.change(Group, group_id, status="cancelled")
    answer = await undo(staff, seat)
    assert (answer.status_code, answer.json()["code"]) == (409, "group-cancelled")


async def test_a_client_who_is_elsewhere_meanwhile_cannot_get_the_seat_back(
    api: Api, staff: Api, world: World
) -> None:
    group_id, next_week = await add_group(world), await add_group(world, CLASS + 7 * DAY)
    seat = await add_seat(world, group_id)
    await api.cancel(seat)
    lee = await world.add_practitioner(name="Dr. Lee")
    await world.book(CLASS, practitioner_id=lee)
    answer = await undo(staff, seat)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot-unavailable")
    assert [slot["group_id"] for slot in answer.json()["alternatives"]] == [str(next_week)]


@pytest.mark.parametrize("end", ["fulfilled", "noshow"])
async def test_a_seat_that_took_place_keeps_its_number(
    staff: Api, world: World, clock: TestClock, end: str
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    clock.now = CLASS + timedelta(minutes=5)
    body = {"charge_fee": False} if end == "noshow" else {}
    marked = await staff.post(f"/v1/practice/sessions/{seat}/{end}", body)
    assert marked.status_code == 200, marked.text
    assert await seats_of(world, group_id) == {seat: 1}
    assert (await undo(staff, seat)).status_code == 200
    assert await seats_of(world, group_id) == {seat: 1}


async def test_staff_move_a_seat_whatever_its_policy(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"reschedule": {"enabled": False}})
    old = await add_group(world)
    soon = await add_group(world, NOW + timedelta(minutes=90))
    full = await add_group(world, CLASS + DAY, seats=1)
    await fill(world, full, 1)
    seat = await add_seat(world, old)
    clock.now = NOW + timedelta(minutes=60)
    at = f"/v1/practice/sessions/{seat}/reschedule"
    body = {"charge_fee": False, "reason": {"note": "By phone."}}
    refused = await staff.post(at, body | {"group_id": str(full)})
    assert refused.json()["code"] == "slot-unavailable"
    assert [slot["group_id"] for slot in refused.json()["alternatives"]] == []
    moved = await staff.post(at, body | {"group_id": str(soon)})
    assert moved.status_code == 200, moved.text
    assert moved.json()["session"]["group"]["id"] == str(soon)
    assert moved.json()["session"]["client_moves"] == 0
    assert await seats_of(world, old) == {}
    assert (await api.session(seat))["group"]["id"] == str(soon)


async def test_a_pushed_seat_moves_to_the_group_at_the_pushed_start(
    staff: Api, world: World
) -> None:
    old, new = await add_group(world), await add_group(world, CLASS + 7 * DAY)
    pushed = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": "2026-12-03T23:00:00Z",
        "format": "in_person",
    }
    seat = await add_seat(world, old, external_ref="class-7", pushed=pushed | {"version": 1})
    at = "/v1/practice/sessions/by-ref/class-7"
    nowhere = await staff.put(at, pushed | {"start": "2026-12-04T15:00:00Z"})
    assert nowhere.json()["code"] == "slot-unavailable"
    longer = await staff.put(at, pushed | {"duration_minutes": 80})
    assert [error["pointer"] for error in longer.json()["errors"]] == ["/duration_minutes"]
    moved = await staff.put(at, pushed | {"start": "2026-12-10T23:00:00Z"})
    assert moved.status_code == 200, moved.text
    assert await seats_of(world, new) == {seat: 1}


async def test_pushes_that_name_a_group_and_a_time_in_turn_are_each_compared(
    staff: Api, world: World
) -> None:
    """What an earlier push has said in the other way is not that of the push before."""
    first, second = await add_group(world), await add_group(world, CLASS + 7 * DAY)
    own = {"client_id": str(world.client_id)}
    by_time = own | {
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": CLASS.isoformat(),
        "format": "in_person",
    }
    at = "/v1/practice/sessions/by-ref/class-7"
    for body, group_id, version in (
        (own | {"group_id": str(first)}, first, 1),
        (by_time, first, 1),
        (own | {"group_id": str(second)}, second, 2),
        (by_time, first, 3),
        (by_time, first, 3),
        (own | {"group_id": str(first)}, first, 3),
    ):
        answer = await staff.put(at, body)
        assert answer.is_success, answer.text
        session = answer.json()["session"]
        assert (session["group"]["id"], session["version"]) == (str(group_id), version)

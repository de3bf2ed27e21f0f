"""Mails and calendar files of a seat: only its own client is in them, with their own UID."""

from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from app.outbox.outbox import Kind
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat
from tests.notifications.reading import Read
from tests.world import REASON, Api, World

REASON_OF_STAFF = {"reason": {"note": "The room is closed."}}
ANA, UNDO = "ana@client.example", {"reason": {"note": "A mistake."}}


async def seat_among_others(world: World, *, groups: int = 1) -> tuple[UUID, list[UUID]]:
    """Take a seat for the world's client in the first of some groups, which others are in too."""
    group_ids = [await add_group(world, CLASS + 7 * number * DAY) for number in range(groups)]
    for client_id in await add_clients(world, 2):
        for group_id in group_ids:
            await add_seat(world, group_id, client_id=client_id)
    return await add_seat(world, group_ids[0]), group_ids


def only_about_ana(mail: Read, seat: UUID, method: str, sequence: int) -> None:
    """Check who is in a mail to the client and in its calendar part."""
    assert mail.mail["To"].addresses[0].addr_spec == ANA
    assert (mail.mail["Cc"], mail.mail["Bcc"]) == (None, None)
    told, event = mail.calendar
    assert (told, event["UID"], event["SEQUENCE"]) == (method, f"{seat}@reslot", sequence)
    assert event["ATTENDEE"] == f"mailto:{ANA}"
    for text in (mail.text, mail.html, event.to_ical().decode()):
        assert "Client 0" not in text
        assert "clients.example" not in text


async def test_a_booked_seat_is_confirmed_with_its_own_entry_and_link(
    read: Any, stranger: Api, world: World
) -> None:
    seat, _ = await seat_among_others(world)
    mail = await read(seat, "booked")
    only_about_ana(mail, seat, "REQUEST", 0)
    opened = await stranger.open_link(mail.token)
    assert opened.status_code == 200
    assert opened.json()["session"]["id"] == str(seat)
    by_link = stranger.signed_in(opened.json()["access_token"])
    assert (await by_link.cancel(seat)).status_code == 200


async def test_a_moved_seat_keeps_its_entry_and_its_links(
    read: Any, api: Api, stranger: Api, world: World
) -> None:
    seat, (_, next_week) = await seat_among_others(world, groups=2)
    booked = await read(seat, "booked")
    body = {"reason": REASON, "group_id": str(next_week)}
    assert (await api.post(f"/v1/sessions/{seat}/reschedule", body)).status_code == 200
    mail = await read(seat, "rescheduled")
    only_about_ana(mail, seat, "REQUEST", 1)
    _, event = mail.calendar
    assert event.start == CLASS + 7 * DAY
    assert "Thursday, December 10, 2026, 6:00 PM to 6:50 PM" in mail.text
    for token in (booked.token, mail.token):
        opened = await stranger.open_link(token)
        assert opened.json()["session"]["group"]["id"] == str(next_week)


@pytest.mark.parametrize(
    ("kind", "method", "sequence"), [("cancelled", "CANCEL", 1), ("restored", "REQUEST", 2)]
)
async def test_a_seat_that_is_left_and_taken_again_changes_its_own_entry(
    read: Any,
    api: Api,
    staff: Api,
    world: World,
    kind: Kind,
    method: str,
    sequence: int,
) -> None:
    seat, _ = await seat_among_others(world)
    assert (await api.cancel(seat)).status_code == 200
    if kind == "restored":
        undone = await staff.post(f"/v1/practice/sessions/{seat}/undo", UNDO)
        assert undone.status_code == 200
    only_about_ana(await read(seat, kind), seat, method, sequence)


async def test_the_practitioner_is_told_who_left(read: Any, api: Api, world: World) -> None:
    seat, _ = await seat_among_others(world)
    await api.cancel(seat)
    mail = await read(seat, "cancelled", "practitioner")
    assert "Ana Ruiz" in mail.text
    assert "Client 0" not in mail.text
    assert "text/calendar" not in mail.parts


async def test_the_calendar_file_has_the_seats_own_entry(api: Api, world: World) -> None:
    seat, _ = await seat_among_others(world)
    answer = await api.get(f"/v1/sessions/{seat}/calendar.ics")
    (event,) = Calendar.from_ical(answer.content).events
    assert event["UID"] == f"{seat}@reslot"
    assert "clients.example" not in answer.text


async def test_a_seat_that_is_taken_again_on_another_day_says_which_day_it_was(
    read: Any, api: Api, staff: Api, world: World
) -> None:
    """Its group was moved in between."""
    seat, (group_id,) = await seat_among_others(world)
    assert (await api.cancel(seat)).status_code == 200
    moved = {"start": (CLASS + 7 * DAY).isoformat(), "force": True} | REASON_OF_STAFF
    assert (await staff.post(f"/v1/practice/groups/{group_id}/move", moved)).status_code == 200
    undone = await staff.post(f"/v1/practice/sessions/{seat}/undo", UNDO)
    assert undone.status_code == 200, undone.text
    for recipient in ("client", "practitioner"):
        mail = await read(seat, "restored", recipient)
        assert "When: Thursday, December 10, 2026" in mail.text
        assert "Before: Thursday, December 3, 2026, 6:00 PM to 6:50 PM" in mail.text

"""What clients cancel and move is added up for the practice (product.md section 10, "Report")."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.fees.refilling import judge_due_refills
from app.identity.api_keys.keys import Scope
from app.tables.practices import Practitioner, Service
from tests.waiting import Waiting, put_wish, work
from tests.world import NOW, Api, TestClock, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = NOW + timedelta(days=3)
REPORT = "/v1/practice/reports/changes"
# A cancellation less than two days ahead costs 45 dollars, unless others take the time.
RULES: dict[str, Any] = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 2880}, "amount_minor": 4500}],
        "refilled": {"covered_percent": 80},
    },
    "reschedule": {"closes": {"before_minutes": 120}},
}
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}
DECEMBER = {"from": "2026-12-01", "to": "2026-12-31"}
YEAR: dict[str, Any] = {"from": "2026-01-01", "to": "2026-12-31"}
NOTHING = {
    "cancellations": 0,
    "moves": 0,
    "no_shows": 0,
    "refused_attempts": 0,
    "offers_accepted": 0,
}


async def report(staff: Api, **query: str) -> Any:
    answer = await staff.get(REPORT, **(YEAR | {"group_by": "month"} | query))
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(row: Any) -> dict[str, int]:
    """Give what a row counts and is not zero."""
    fees = {name: money["amount_minor"] for name, money in row["fees"].items()}
    found = {name: row[name] for name in NOTHING} | fees
    return {name: number for name, number in found.items() if number}


async def cancel_late(api: Api, session_id: Any, **body: Any) -> None:
    decision = (await api.session(session_id))["actions"]["cancel"]
    answer = await api.cancel(session_id, quote=decision["quote"], **body)
    assert answer.status_code == 200, answer.text


async def test_what_clients_do_and_what_it_costs_is_added_up(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    early, moved, missed, late = [await world.book(START + n * DAY) for n in range(4)]
    await api.cancel(early)
    assert (await api.reschedule(moved, START + 5 * DAY)).status_code == 200
    clock.now = START + 2 * DAY + HOUR
    await staff.post(f"/v1/practice/sessions/{missed}/noshow", {"charge_fee": True})
    await cancel_late(api, late)
    assert (await api.cancel(missed)).status_code == 409
    found = await report(staff)
    november, december = found["rows"]
    assert (november["key"], december["key"]) == ("2026-11", "2026-12")
    assert counts(november) == {"cancellations": 1, "moves": 1}
    assert counts(december) == {
        "cancellations": 1,
        "no_shows": 1,
        "refused_attempts": 1,
        "due": 9000,
    }
    assert counts(found["total"]) == {
        "cancellations": 2,
        "moves": 1,
        "no_shows": 1,
        "refused_attempts": 1,
        "due": 9000,
    }
    assert found["total"]["fees"]["due"] == {
        "amount_minor": 9000,
        "currency": "USD",
        "decimals": 2,
    }


async def test_fees_are_added_up_by_what_has_become_of_them(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    sessions = [await world.book(START + n * HOUR) for n in range(4)]
    clock.now = START - DAY
    for session_id in sessions:
        await cancel_late(api, session_id)
    fees = (await staff.get("/v1/practice/fees")).json()["items"]
    of = {fee["session_id"]: fee["id"] for fee in fees}
    waived, settled, undone, _ = (str(session_id) for session_id in sessions)
    why = {"reason": {"note": "It was our mistake."}}
    await staff.post(f"/v1/practice/fees/{of[waived]}/waive", why)
    await staff.post(f"/v1/practice/fees/{of[settled]}/settle", {"payment_reference": "INV-1"})
    assert (await staff.post(f"/v1/practice/sessions/{undone}/undo", why)).status_code == 200
    (row,) = (await report(staff))["rows"]
    assert counts(row) == {"cancellations": 3, "due": 4500, "waived": 4500, "settled": 4500}


async def test_what_staff_do_is_no_cancellation_by_a_client(staff: Api, world: World) -> None:
    cancelled, moved = await world.book(START), await world.book(START + DAY)
    why = {"charge_fee": False, "reason": {"note": "The practitioner is ill."}}
    await staff.post(f"/v1/practice/sessions/{cancelled}/cancel", why)
    done = await staff.reschedule_by_staff(moved, START + 2 * DAY, force=True)
    assert done.status_code == 200
    shown = await report(staff)
    assert shown["rows"] == []
    assert counts(shown["total"]) == {}


async def test_reasons_notices_and_records(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    one, other, last = [await world.book(START + n * DAY) for n in range(3)]
    await api.cancel(one, reason={"code": "unwell", "note": "A cold."})
    await api.cancel(other, reason={"note": "Something came up."})
    clock.now = START + 2 * DAY - HOUR
    assert (await api.reschedule(last, START + 9 * DAY)).status_code == 409
    rows = (await report(staff, group_by="reason"))["rows"]
    assert [(row["key"], counts(row)) for row in rows] == [
        ("unwell", {"cancellations": 1}),
        (None, {"cancellations": 1, "refused_attempts": 1}),
    ]
    reader = api.signed_in(await world.key(Scope.READ))
    rows = (await report(reader, group_by="reason"))["rows"]
    assert [(row["key"], counts(row)) for row in rows] == [
        (None, {"cancellations": 2, "refused_attempts": 1})
    ]
    rows = (await report(staff, group_by="notice"))["rows"]
    assert [(row["key"], counts(row)) for row in rows] == [
        ("48h_to_7d", {"cancellations": 2}),
        (None, {"refused_attempts": 1}),
    ]
    for group_by, table, record_id in (
        ("practitioner", Practitioner, world.practitioner_id),
        ("service", Service, world.service_id),
    ):
        (record,) = await world.rows(table, id=record_id)
        (row,) = (await report(staff, group_by=group_by))["rows"]
        assert (row["key"], row["name"]) == (str(record_id), record.name)
        assert counts(row) == {"cancellations": 2, "refused_attempts": 1}


@pytest.mark.parametrize(
    ("notice", "key"),
    [
        (7 * DAY, "over_7d"),
        (7 * DAY - timedelta(microseconds=1), "48h_to_7d"),
        (2 * DAY, "48h_to_7d"),
        (DAY, "24h_to_48h"),
        (2 * HOUR, "2h_to_24h"),
        (timedelta(microseconds=1), "under_2h"),
    ],
)
async def test_a_notice_is_at_least_what_its_name_begins_with(
    api: Api, staff: Api, world: World, clock: TestClock, notice: timedelta, key: str
) -> None:
    session_id = await world.book(START + 7 * DAY)
    clock.now = START + 7 * DAY - notice
    assert (await api.cancel(session_id)).status_code == 200
    (row,) = (await report(staff, group_by="notice"))["rows"]
    assert (row["key"], counts(row)) == (key, {"cancellations": 1})


async def test_a_day_is_one_of_the_practitioner(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    """Midnight in New York, the practitioner's zone, is 5:00 UTC."""
    sessions = [await world.book(START + n * DAY) for n in range(2)]
    clock.now = NOW.replace(hour=4, minute=59) + DAY
    await api.cancel(sessions[0])
    clock.now += timedelta(minutes=1)
    await api.cancel(sessions[1])
    for days, number in ((NOVEMBER, 1), (DECEMBER, 1), (YEAR, 2)):
        assert (await report(staff, **days))["total"]["cancellations"] == number


async def test_what_was_taken_back_is_not_counted(api: Api, staff: Api, world: World) -> None:
    cancelled, moved = await world.book(START), await world.book(START + DAY)
    assert (await api.cancel(cancelled)).status_code == 200
    assert (await api.reschedule(moved, START + 4 * DAY)).status_code == 200
    for session_id in (cancelled, moved):
        answer = await api.post(f"/v1/sessions/{session_id}/undo", None)
        assert answer.status_code == 200, answer.text
    assert (await report(staff))["total"]["cancellations"] == 0
    assert (await report(staff))["total"]["moves"] == 0
    await api.cancel(cancelled)
    assert (await report(staff))["total"]["cancellations"] == 1


@pytest.mark.alone
async def test_the_share_of_refilled_times(
    api: Api, staff: Api, world: World, engine: AsyncEngine, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    assert (await report(staff))["total"]["refills"] == {
        "judged": 0,
        "refilled": 0,
        "share": None,
    }
    sessions = [await world.book(START + n * HOUR) for n in range(4)]
    clock.now = START - DAY
    for session_id in sessions:
        await cancel_late(api, session_id)
    ben = await world.add_client(name="Ben", email="ben@client.example")
    await world.book(START, client_id=ben)
    await judge_due_refills(engine, START + 2 * HOUR + timedelta(minutes=1), credit_grace=DAY)
    total = (await report(staff))["total"]
    assert total["refills"] == {"judged": 3, "refilled": 1, "share": 0.3333}
    assert counts(total) == {"cancellations": 4, "due": 13500, "forgiven": 4500}


async def test_accepted_offers(api: Api, staff: Api, world: World, clock: TestClock) -> None:
    ben = await world.add_client(name="Ben", email="ben@client.example")
    taken, late = await world.book(START, client_id=ben), await world.book(START + 7 * DAY)
    assert (await put_wish(api, late)).is_success
    waiting = Waiting(world, api, staff, late, ben, taken)
    await waiting.free()
    await work(world, clock.now)
    (offer,) = (await api.get("/v1/offers")).json()["items"]
    assert (await api.post(f"/v1/offers/{offer['id']}/accept", {})).status_code == 200
    (row,) = (await report(staff, group_by="practitioner"))["rows"]
    assert counts(row) == {"moves": 1, "offers_accepted": 1}


async def test_a_table_opens_in_a_spreadsheet_without_a_formula(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    name = '=HYPERLINK("https://x.example", "a, b")'
    await world.change_practitioner(name=name)
    session_id = await world.book(START)
    clock.now = START - DAY
    await cancel_late(api, session_id)
    query = YEAR | {"group_by": "practitioner"}
    answer = await staff.get(REPORT, headers={"Accept": "text/csv"}, **query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    assert "changes-2026-01-01-2026-12-31.csv" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbfpractitioner,name,cancellations,")
    (row,) = csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["name"] == f"'{name}"
    assert (row["cancellations"], row["fees_due"], row["currency"]) == ("1", "45.00", "USD")


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
async def test_no_cell_begins_like_a_formula(
    api: Api, staff: Api, world: World, first: str
) -> None:
    await world.change_practitioner(name=f"{first}1+1")
    await api.cancel(await world.book(START))
    query = YEAR | {"group_by": "practitioner"}
    answer = await staff.get(REPORT, headers={"Accept": "text/csv"}, **query)
    (row,) = csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["name"] == f"'{first}1+1"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/html, application/json;q=0.9, text/csv;q=0.8", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv; charset=utf-8"),
        ("image/png", "application/json"),
    ],
)
async def test_json_unless_a_table_is_asked_for(staff: Api, accept: str, kind: str) -> None:
    query = YEAR | {"group_by": "month"}
    answer = await staff.get(REPORT, headers={"Accept": accept}, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"to": "2025-12-31"}, "/to"),
        ({"to": "2027-01-02"}, "/to"),
        ({"from": "yesterday"}, "/from"),
        ({"group_by": "client"}, "/group_by"),
        ({"by": "month"}, "/by"),
    ],
)
async def test_bad_input_is_named(staff: Api, query: dict[str, str], pointer: str) -> None:
    answer = await staff.get(REPORT, **(YEAR | {"group_by": "month"} | query))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_year_has_366_days_at_most(staff: Api) -> None:
    assert (await report(staff, to="2027-01-01"))["rows"] == []


async def test_a_key_that_may_only_read_gets_a_report(api: Api, world: World) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    assert (await report(reader))["total"]["cancellations"] == 0
    assert (await api.get(REPORT, **YEAR, group_by="month")).status_code == 401

"""Compares the responses of the service with the model."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
from httpx import Response

from tests.drills.model_holds import SOME_TIME
from tests.drills.model_records import Answer, Preview, Quote
from tests.drills.model_rules import Cost, Verdict, cost, verdict, with_reason
from tests.drills.model_things import TICK, Carried, Session

if TYPE_CHECKING:
    from tests.drills.story_telling import Telling

ACTIONS = ("cancel", "reschedule", "change_format")
QUOTE_LIFETIME = timedelta(minutes=10)


def at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def whole_up(instant: datetime) -> datetime:
    """Round up to whole seconds."""
    return (instant + timedelta(seconds=1) - TICK).replace(microsecond=0)


def fee(shown: Any) -> int | None:
    return None if shown is None else int(shown["amount_minor"])


def shown_cost(shown: Any) -> Cost:
    """Read a cost. Command responses and the history do not show the carried cost."""
    return Cost(fee(shown["fee"]), shown["credit"], carried(shown.get("carries")))


def carried(shown: Any) -> Carried | None:
    if shown is None:
        return None
    return Carried(fee(shown["fee"]) or 0, shown["credit"] == "forfeited")


def told(cost: Cost) -> Cost:
    """Remove the carried cost of a move."""
    return replace(cost, carries=None)


def check_answer(answer: Response, should: Answer) -> None:
    """Compare a command's response: status, code, cost, and the members of a refusal."""
    check_refusal(answer, should)
    if answer.is_success:
        shown = answer.json()
        assert shown_cost(shown) == told(should.cost)
        if should.sessions is not None:
            check_touched(shown["sessions"], should.sessions)
        assert (shown.get("sessions") is None) is (should.sessions is None)


def check_refusal(answer: Response, should: Answer) -> None:
    """Compare status and code, and the members of a refusal."""
    shown = answer.json()
    assert (answer.status_code, shown.get("code")) == (should.status, should.code)
    if should.code == "slot-unavailable":
        until = at(shown["held_until"])
        is_some = should.held_until == SOME_TIME and until is not None
        # Of an offer it has fractions of a second, which availability rounds up.
        ends = {should.held_until, should.held_until and whole_up(should.held_until)}
        assert is_some or until in ends, (until, should.held_until)
    if answer.is_success:
        return
    if should.sessions is not None:
        assert {at(one["wanted"]) for one in shown["conflicts"]} == set(should.sessions)
    elif should.preview is not None:
        check_preview(shown["preview"], should.preview)
    elif should.about is not None:
        assert should.verdict is not None
        named = UUID(shown["session_id"]), shown["refusal"], at(shown["deadline"])
        assert named == (should.about.id, should.verdict.refusal, should.verdict.missed)
    elif should.alternatives is not None:
        assert [at(slot["start"]) for slot in shown["alternatives"]] == should.alternatives
    elif shown.get("decision") is not None:
        assert should.verdict is not None
        assert_same(shown["decision"], should.verdict)
    elif should.verdict is not None:
        assert at(shown.get("deadline")) == should.verdict.missed


def check_touched(shown: Any, should: dict[Any, Any]) -> None:
    """Compare the sessions that an answer lists with what the model says of each."""
    found = {
        UUID(one["session_id"]): (one["touched"], one["why"], fee(one["fee"]), one["credit"])
        for one in shown
    }
    assert (list(found), found) == (list(should), should)


def check_preview(shown: Any, should: Preview) -> None:
    """Compare what a command on several sessions would do."""
    costs = [decided.cost for decided in should.verdicts.values()]
    is_allowed = None not in costs
    found = {UUID(one["session_id"]): one["decision"] for one in shown["sessions"]}
    assert list(found) == [session.id for session in should.verdicts]
    for session, decided in should.verdicts.items():
        assert_same(found[session.id], decided, f"{should.action} {session}")
    staying = {UUID(one["session_id"]): one["why"] for one in shown["staying"]}
    assert staying == {session.id: why for session, why in should.staying.items()}
    fees = [due.fee or 0 for due in costs if due is not None and is_allowed]
    forfeits = [due.credit == "forfeited" for due in costs if due is not None and is_allowed]
    assert (shown["action"], shown["allowed"]) == (should.action, is_allowed)
    assert fee(shown["fee"]) == (sum(fees) or None)
    assert shown["credits_forfeited"] == sum(forfeits)


def assert_same(shown: Any, should: Verdict, about: str = "") -> None:
    """Compare a decision."""
    refusal = shown["refusal"] or {"code": None, "deadline": None}
    assert (refusal["code"], at(refusal["deadline"])) == (should.refusal, should.missed)
    assert shown["allowed"] is (should.refusal is None)
    assert shown_cost(shown) == (should.cost or Cost(None, None))
    instants = at(shown["free_until"]), at(shown["closes_at"])
    assert instants == (should.free_until, should.closes_at), about
    assert shown["free_because"] == should.because, about


async def check_session(story: "Telling", session: Session) -> None:
    """Compare all views of a session; if it has not changed, only sometimes."""
    await check_details(story, session)
    await check_history(story, session)
    if story.looked_at.get(session) != session.version or story.rng.random() < 0.2:
        await check_staff_view(story, session)
        await check_calendar(story, session)
        await check_walls(story, session)
    story.looked_at[session] = session.version


async def check_details(story: "Telling", session: Session) -> None:
    """Compare the details page, and keep its quotes."""
    client = story.speaker(session.client)
    answer = await client.get(f"/v1/sessions/{session.id}")
    shown = answer.json()
    assert answer.headers["etag"] == f'"{session.version}"'
    assert (shown["status"], shown["version"]) == (session.status, session.version)
    assert at(shown["starts_at"]) == session.starts_at
    assert at(shown["ends_at"]) == session.ends_at
    location = shown["format"]["location"]
    where = None if location is None else UUID(location["id"])
    assert (shown["format"]["kind"], where) == session.place
    assert fee(shown["price"]) == session.price
    if session.status in {"booked", "cancelled"}:
        assert (shown["move_request"] is not None) is session.is_asked(story.now)
    assert shown["group"] == shown_group(story, session)
    assert shown["series"] == shown_series(session)
    package, _ = story.book.credit_of(session)
    left = None if shown["package"] is None else shown["package"]["credits_left"]
    assert left == (None if package is None else package.left)
    for action in (*ACTIONS, "absence"):
        check_action(story, session, action, shown)
    assert (shown["absence"] is not None) is session.absent
    check_undo(story, session, shown["actions"]["undo"])


def check_undo(story: "Telling", session: Session, shown: Any) -> None:
    """Compare until when the client may take their last change back."""
    until = None if session.undoes is None else session.undoes.until
    assert shown["allowed"] is (until is not None and story.now <= until)
    assert at(shown["until"]) == until


def shown_group(story: "Telling", session: Session) -> Any:
    group = session.group
    if group is None:
        return None
    left = story.book.seats_left(group)
    return {"id": str(group.id), "seats": group.seats, "seats_left": left}


def shown_series(session: Session) -> Any:
    if session.series is None:
        return None
    dates = session.series.sessions
    position = dates.index(session) + 1
    return {"id": str(session.series.id), "position": position, "of": len(dates)}


def check_action(story: "Telling", session: Session, action: str, shown: Any) -> None:
    decision, now = shown["actions"][action], story.now
    should = verdict(session, action, now)
    assert_same(decision, should, f"{action} {session}")
    check_reasons(session, action, decision["reasons"], should, now)
    if should.cost is not None:
        expires_at = (now + QUOTE_LIFETIME).replace(microsecond=0)
        hold = story.book.holds.of(session, now)
        expires_at = expires_at if hold is None else max(expires_at, hold.until)
        assert at(decision["quote_expires_at"]) == expires_at
        quote = Quote(session, session.version, action, expires_at, should.cost)
        story.quotes.append((decision["quote"], quote))
    if action in ACTIONS:
        check_terms(session, action, shown["policy"]["terms"][action], should.closes_at)


def check_reasons(
    session: Session, action: str, shown: Any, should: Verdict, now: datetime
) -> None:
    """Compare what each reason of the practice's list costs."""
    if should.cost is None or "reasons" not in session.rules:
        assert shown is None
        return
    listed = [one["code"] for one in session.rules["reasons"]]
    assert [one["code"] for one in shown] == [*listed, "other"]
    for one in shown:
        due = with_reason(session, action, should.cost, now, one["code"])
        assert shown_cost(one) == due, f"{action} for {one['code']}: {session}"
        assert one["effect"] == ("usual" if due == should.cost else "none")


def check_terms(session: Session, action: str, terms: Any, closes_at: datetime | None) -> None:
    """Compare the timeline with the cost at the start and end of each part."""
    ends = [at(term["until"]) for term in terms]
    assert ends == sorted(end for end in ends if end is not None)
    assert ends[-1:] == ([] if closes_at is None else [closes_at])
    for number, term in enumerate(terms):
        until = ends[number]
        assert until is not None
        assert shown_cost(term) == cost(session, action, until)
        if number + 1 < len(terms):
            assert shown_cost(terms[number + 1]) == cost(session, action, until + TICK)


async def check_staff_view(story: "Telling", session: Session) -> None:
    shown = (await story.staff.get(f"/v1/practice/sessions/{session.id}")).json()
    assert shown["client_moves"] == session.moves
    assert carried(shown["carried"]) == session.carried
    assert at(shown["booked_starts_at"]) == session.booked_for
    fees = [(fee(one["amount"]), one["status"]) for one in shown["fees"]]
    assert Counter(fees) == Counter((due, state) for due, _, state in story.book.fees[session])


async def check_history(story: "Telling", session: Session) -> None:
    client = story.speaker(session.client)
    shown = (await client.get(f"/v1/sessions/{session.id}/changes")).json()["items"]
    found = [
        (one["kind"], one["by"], shown_cost(one), one["version"], at(one["after"]["starts_at"]))
        for one in shown
    ]
    should = [
        (one.kind, one.by, told(one.cost), one.version, one.starts_at)
        for one in story.book.changes[session]
    ]
    # A request to move leaves the version: at one instant the clock does not tell the order.
    assert [version for *_, version, _ in found] == [version for *_, version, _ in should]
    assert Counter(found) == Counter(should)


async def check_calendar(story: "Telling", session: Session) -> None:
    client = story.speaker(session.client)
    answer = await client.get(f"/v1/sessions/{session.id}/calendar.ics")
    found: list[Any] = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    (event,) = found
    is_cancelled = session.status == "cancelled"
    assert event["SEQUENCE"] == session.sequence
    assert event["STATUS"] == ("CANCELLED" if is_cancelled else "CONFIRMED")
    assert event["DTSTART"].dt.astimezone(UTC) == session.starts_at
    assert event["DTEND"].dt.astimezone(UTC) == session.ends_at


async def check_walls(story: "Telling", session: Session) -> None:
    """Let another client ask for the session: they get a 404."""
    other = next(client for client in story.stage.clients if client != session.client)
    answer = await story.speaker(other).get(f"/v1/sessions/{session.id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def check_availability(story: "Telling", session: Session) -> None:
    """Compare the slots of some days, and keep them."""
    rng, practitioner = story.rng, session.practitioner
    kind = rng.choice(["in_person", "video", "phone"])
    zone = rng.choice([practitioner.zone, ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")])
    around = rng.choice([story.now, session.starts_at, story.stage.change_of_clocks])
    first = around.astimezone(zone).date() + timedelta(days=rng.randrange(-1, 3))
    await check_days(story, session, kind, (first, first + timedelta(days=rng.randrange(3))), zone)


async def check_days(
    story: "Telling", session: Session, kind: str, days: tuple[date, date], zone: ZoneInfo
) -> None:
    """Compare the slots of these days in a format, and keep them."""
    query = {"from": str(days[0]), "to": str(days[1]), "format": kind, "time_zone": zone.key}
    story.log.append(f"{story.now.isoformat()} {session.id} {query}")
    shown = await story.speaker(session.client).availability(session.id, **query)
    story.book.now = story.now
    slots, reason, following = story.book.availability(session, kind, days, zone, story.now)
    found, groups, marked = [], {}, {}
    for day in shown["days"]:
        for slot in day["slots"]:
            start = datetime.fromisoformat(slot["start"])
            assert str(start.date()) == day["date"]
            assert start.utcoffset() == start.astimezone(zone).utcoffset()
            where = None if slot["location_id"] is None else UUID(slot["location_id"])
            found.append((start.astimezone(UTC), (kind, where)))
            if "held_until" in slot:
                marked[found[-1]] = at(slot["held_until"])
            if session.group is not None:
                groups[UUID(slot["group_id"])] = slot["seats_left"]
    should = [g for g in story.book.groups if session.group and (g.starts_at, g.place) in slots]
    is_of = [
        g for g in should if g.practitioner is session.practitioner and g.status != "cancelled"
    ]
    assert groups == {g.id: story.book.seats_open(g, session) for g in is_of}
    hold = story.book.holds.of(session, story.now)
    held = {} if hold is None else {(hold.starts_at, hold.place): hold.until}
    assert marked == {slot: until for slot, until in held.items() if slot in slots}
    assert Counter(found) == Counter(slots)
    assert [start for start, _ in found] == [start for start, _ in slots]
    assert (shown["empty_reason"] or {"code": None})["code"] == reason
    assert shown["next_available"] == (None if following is None else str(following))
    story.slots[session] = slots or story.slots.get(session, [])

"""A second, simple and slow implementation of product.md sections 2, 3 and 10.

It uses nothing of app/domain, so both are independent readings of the contract. Time is checked
minute by minute, and deadlines one by one.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.drills.model_things import DAY, MINUTE, TICK, Carried, Rules, Session, wall

NEVER = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cost:
    """`carries` is the minimum cost of a later cancellation, because of a move."""

    fee: int | None
    credit: str | None
    carries: Carried | None = None


@dataclass(frozen=True)
class Verdict:
    """`missed` is the deadline that a refusal names; `because` makes the action free now."""

    refusal: str | None
    cost: Cost | None
    free_until: datetime | None
    closes_at: datetime | None
    missed: datetime | None
    because: str | None = None


def reading(day: date, at: str, zone: ZoneInfo) -> datetime:
    """Find the instant of a local time: the later of two, and the later side of a gap."""
    wanted = datetime.combine(day, time.fromisoformat(at))
    # With the UTC offsets of the day before and of the day after.
    readings = [
        (wanted + shift).replace(tzinfo=zone).astimezone(UTC) - shift for shift in (-DAY, DAY)
    ]
    return max([found for found in readings if wall(found, zone) == wanted] or readings)


def deadline(rule: Rules, session: Session) -> datetime:
    if "before_minutes" in rule:
        return session.starts_at - timedelta(minutes=rule["before_minutes"])
    zone = session.practitioner.zone
    day = wall(session.starts_at, zone).date() - rule["days_before"] * DAY
    return min(reading(day, rule["at"], zone), session.starts_at)


def rule_of(session: Session, action: str, name: str) -> Any:
    """Look up a rule: a move inherits that of `cancel`, unless it has its own, possibly null."""
    own = session.rules.get(action, {})
    if action == "reschedule" and name not in own:
        return rule_of(session, "cancel", name)
    return own.get(name)


def tiers(session: Session, action: str) -> list[Rules]:
    return rule_of(session, action, "fees") or []


def closing(session: Session, action: str) -> datetime:
    closes = rule_of(session, action, "closes")
    return session.starts_at if closes is None else deadline(closes, session)


def amount(tier: Rules, price: int) -> int:
    if "percent" in tier:
        return min(round(Fraction(price) * Fraction(tier["percent"]) / 100), price)
    return int(tier["amount_minor"])


def cost(session: Session, action: str, now: datetime) -> Cost:
    """Return an action's cost at `now`, with the carried cost: exactly on a deadline is in time."""
    if action == "absence":
        action, now = "cancel", session.starts_at + TICK
    if action == "reschedule" and session.rebook_until is not None:
        free = free_because(session, action, now)
        return Cost(None, credit_kept(session, action), None if free else carried_again(session))
    if free_because(session, action, now):
        return Cost(None, credit_kept(session, action))
    alone, carried = cost_alone(session, action, now), session.carried
    if action == "reschedule":
        return Cost(alone.fee, alone.credit, carries(session, alone.fee, now))
    if action == "change_format" or carried is None:
        return alone
    if carried.forfeits or alone.credit == "forfeited":
        return Cost(None, "forfeited")
    return Cost(max(alone.fee or 0, carried.fee) or None, alone.credit)


def effect_of(session: Session, code: str) -> str:
    """Look up what a reason changes, in the list of the session's policy."""
    listed = session.rules.get("reasons") or []
    return next((one.get("fee", "usual") for one in listed if one["code"] == code), "usual")


def with_reason(session: Session, action: str, due: Cost, now: datetime, code: str) -> Cost:
    """Return what an action costs with a reason: one that is free lifts all of it.

    What booking again carries is the cost of the end, whatever the reason is.
    """
    books_again = action == "reschedule" and session.rebooks(now)
    if effect_of(session, code) != "none" or is_free(due) or books_again:
        return due
    return Cost(None, credit_kept(session, "cancel" if action == "absence" else action))


def carries(session: Session, charged: int | None, now: datetime) -> Carried | None:
    """Return what a move carries: the cost of cancelling, or after the start if that is refused."""
    enabled = session.rules.get("cancel", {}).get("enabled", True)
    is_refused = not enabled or now > closing(session, "cancel")
    if session.ended_at is not None:
        # Of a move after the end, neither the practice's move nor the booking makes anything free.
        session = replace(session, by_practice=False, grace_from=None)
    given_up = cost(session, "cancel", session.starts_at + TICK if is_refused else now)
    if given_up.credit == "forfeited":
        is_paid = charged is not None and charged >= session.price
        return None if is_paid else Carried(0, forfeits=True)
    left = (given_up.fee or 0) - (charged or 0)
    return Carried(left, forfeits=False) if left > 0 else None


def carried_again(session: Session) -> Carried | None:
    """Return what a session carries that is booked again: its end's cost, if it is credited."""
    if not session.is_credited or not (session.spent or session.due_fee):
        return None
    return Carried(0, forfeits=True) if session.spent else Carried(session.due_fee, forfeits=False)


def credit_kept(session: Session, action: str) -> str | None:
    """Return what happens to the credit if the action is in time."""
    may_be = session.rebook_until is not None or session.asked_until is not None
    if action == "reschedule" and session.ended_at is not None and may_be:
        pays_again = session.spent and session.is_credited and session.rebook_until is not None
        return ("kept" if pays_again else "redeemed") if session.has_package else None
    return ("returned" if action == "cancel" else "kept") if session.paid else None


def free_makers(session: Session, action: str) -> list[tuple[str, datetime]]:
    """List what makes an action free, and until when, whatever the fees are."""
    found: list[tuple[str, datetime]] = []
    if action not in {"cancel", "reschedule"}:
        return found
    if session.asked_until is not None:
        found.append(("move_request", min(session.asked_until, session.starts_at)))
    if session.by_practice and (action == "cancel" or session.ended_at is None):
        rule = session.rules.get("free_after_practice_move", "until_start")
        found += [("practice_move", session.starts_at)] if rule == "until_start" else []
    until = grace_until(session)
    if until is not None and (action == "cancel" or session.ended_at is None):
        found.append(("grace", until))
    return found


def grace_until(session: Session) -> datetime | None:
    """Return the last instant of the grace after the booking; None if there is none."""
    booked, minutes = session.grace_from, session.rules.get("grace_minutes")
    if booked is None or not minutes:
        return None
    until = min(booked + minutes * MINUTE, session.starts_at - 120 * MINUTE)
    return until if until >= booked else None


def free_because(session: Session, action: str, now: datetime) -> str | None:
    return next((name for name, until in free_makers(session, action) if now <= until), None)


def cost_alone(session: Session, action: str, now: datetime) -> Cost:
    """Return an action's cost by the rules at `now`, without the carried cost."""
    passed = [tier for tier in tiers(session, action) if now > deadline(tier["deadline"], session)]
    credit = credit_kept(session, action)
    if credit == "returned" and passed:
        credit = session.rules["cancel"].get("late_credit", "returned")
    if not passed or credit == "forfeited":
        return Cost(None, credit)
    tightest = max(deadline(tier["deadline"], session) for tier in passed)
    fees = [
        amount(tier, session.price)
        for tier in passed
        if deadline(tier["deadline"], session) == tightest
    ]
    return Cost(min(fees) or None, credit)


def is_free(costs: Cost) -> bool:
    return costs.fee is None and costs.credit != "forfeited" and costs.carries is None


def keeps_place(session: Session, now: datetime) -> bool:
    """Tell whether a move must keep format and location, as a change is refused or not free."""
    if session.rebooks(now):
        # No deadline of the former time has passed that far ahead.
        anew = replace(session, status="booked", ended_at=None)
        change = verdict(as_single(anew), "change_format", session.starts_at - 367 * DAY)
        return change.cost is None or not is_free(change.cost)
    asked = replace(session, status="booked") if session.may_be_booked_again(now) else session
    change = verdict(as_single(asked), "change_format", now)
    return change.cost is None or not is_free(change.cost)


def as_single(session: Session) -> Session:
    """Forget that the session is a seat: a seat cannot change its format where it is."""
    return session if session.group is None else replace(session, group=None)


def verdict(session: Session, action: str, now: datetime, quoted: Cost | None = None) -> Verdict:
    """Decide. `quoted` lifts the deadline, and gives the better fee and credit of the two."""
    if action == "absence":
        return absence(session, now, quoted)
    rule = session.rules.get(action, {})
    because, starts = free_because(session, action, now), session.starts_at
    freed = dict(free_makers(session, action))
    freed.pop("grace", None)  # It lifts no deadline.
    again = session.rebook_until if action == "reschedule" else None
    closes_at = max([again or closing(session, action), *freed.values()])
    is_lost = session.status == "cancelled" and session.ended_by == "practice"
    limit = None if because or (is_lost and session.ended_at) else rule.get("limit")
    is_late = now > closes_at and quoted is None
    is_fixed = session.group is not None and action == "change_format"
    is_disabled = is_fixed or not rule.get("enabled", True)
    rebooks = action == "reschedule" and session.rebooks(now)
    refusals = {
        "session-not-booked": session.status != "booked"
        and not rebooks
        and not (action == "reschedule" and session.may_be_booked_again(now)),
        "session-started": now >= starts and not rebooks,
        "action-disabled": is_disabled and because != "move_request",
        "session-not-booked ": is_late and rebooks,
        "notice-too-short": is_late,
        "reschedule-limit-reached": limit is not None and session.moves >= limit,
    }
    refusal = next((code.strip() for code, applies in refusals.items() if applies), None)
    due = None if refusal else cost(session, action, now)
    if due and quoted and not because:
        fee = None if None in (due.fee, quoted.fee) else min(due.fee or 0, quoted.fee or 0)
        credit = quoted.credit if due.credit == "forfeited" else due.credit
        due = Cost(fee, credit, shown(quoted.carries, session, fee, now, rebooks=rebooks))
    if is_disabled and "move_request" not in freed:
        return Verdict(refusal, due, None, None, None)
    closes_at = freed["move_request"] if is_disabled else closes_at
    missed = closes_at if refusal == "notice-too-short" else None
    if again is not None and is_late:
        missed = closes_at
    until = free_until(session, action, closes_at)
    return Verdict(refusal, due, until, closes_at, missed, None if refusal else because)


def absence(session: Session, now: datetime, quoted: Cost | None) -> Verdict:
    """Decide whether the client may say that they cannot come; the cost is that of the time."""
    enabled = session.rules.get("cancel", {}).get("enabled", True)
    freed = [until for name, until in free_makers(session, "cancel") if name != "grace"]
    open_until = max([closing(session, "cancel") if enabled else NEVER, *freed])
    refusals = {
        "session-not-booked": session.status != "booked",
        "session-started": now >= session.starts_at,
        "action-disabled": not enabled,
        "cancellation-open": now <= open_until,
    }
    refusal = next((code for code, applies in refusals.items() if applies), None)
    due = cost(session, "absence", now)
    closes_at = session.starts_at if enabled and open_until < session.starts_at else None
    until = closes_at if is_free(due) else None
    if refusal is None and quoted is not None:
        fee = None if None in (due.fee, quoted.fee) else min(due.fee or 0, quoted.fee or 0)
        due = Cost(fee, quoted.credit if due.credit == "forfeited" else due.credit)
    return Verdict(refusal, None if refusal else due, until, closes_at, None)


def shown(
    quoted: Carried | None,
    session: Session,
    charged: int | None,
    now: datetime,
    *,
    rebooks: bool = False,
) -> Carried | None:
    """Carry the due cost, and never more than a quote has shown."""
    due = quoted and (carried_again(session) if rebooks else carries(session, charged, now))
    if quoted is None or due is None:
        return None
    least = Carried(min(quoted.fee, due.fee), quoted.forfeits and due.forfeits)
    return least if any(least) else None


def free_until(session: Session, action: str, closes_at: datetime) -> datetime | None:
    """Try each end in turn. What a move carries changes when the cost of cancelling changes."""
    if action == "reschedule" and session.rebook_until is not None:
        ends = [until for _, until in free_makers(session, action)]
        return last_free(session, action, ends, closes_at)
    asked = {action, "cancel"} if action == "reschedule" else {action}
    ends = sorted(
        [deadline(tier["deadline"], session) for name in asked for tier in tiers(session, name)]
        + [closing(session, name) for name in asked]
        + [until for _, until in free_makers(session, action)]
    )
    return last_free(session, action, ends, closes_at)


def last_free(
    session: Session, action: str, ends: list[datetime], closes_at: datetime
) -> datetime | None:
    """Return the last of these instants up to which an action is free."""
    last = None
    for instant in [*(end for end in ends if end < closes_at), closes_at]:
        if not is_free(cost(session, action, instant)):
            break
        last = instant
    return last

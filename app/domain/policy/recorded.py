"""The stored form of a judgement: a JSON document beside the entry of the audit log.

It has what the entry and its session do not have. Price, zone and whether the session is a seat
never change after the booking, so they are read from the session. The start is that before the
change, and the target of a move is that after it. Fields with their usual value are left out. The
document has nothing personal: the contact of a refusal is not in it, and of a client's reason only
its effect is, because a code may tell of their health.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import ENGINE_VERSION, Judgement, Quoted
from app.domain.policy.reasons import ReasonEffect
from app.domain.policy.rules import Action, Credit, WorkingDays
from app.domain.policy.working_days import FrozenDeadline
from app.domain.session import NO_CONTACT, Carried, Ended, SessionFacts, Status

_ACTIONS = {action.value: action for action in Action}
_STATUSES = {status.value: status for status in Status}


class Constants(NamedTuple):
    """The facts of a judgement that its entry and its session have.

    `target` is the start after the change, to which a move has led.
    """

    starts_at: datetime
    zone: ZoneInfo
    price: Money
    is_seat: bool
    target: datetime


def write_judgement(judgement: Judgement) -> dict[str, Any]:
    """Write a judgement as a document."""
    quoted = judgement.quoted
    return {
        "engine": ENGINE_VERSION,
        "action": judgement.action.value,
        "at": _instant(judgement.at),
        **_without_usual(
            facts=_written_facts(judgement.facts),
            quoted=None
            if quoted is None
            else {
                "given_at": _instant(quoted.given_at),
                "cost": write_cost(quoted.cost),
                **_without_usual(uses_allowance=quoted.uses_allowance),
            },
            charged_by_staff=judgement.charged_by_staff,
            keeps_allowance=judgement.keeps_allowance,
            reason=None if judgement.effect is ReasonEffect.USUAL else judgement.effect.value,
        ),
    }


def read_judgement(document: dict[str, Any], constants: Constants) -> Judgement:
    """Read a judgement of this engine from its document."""
    quoted = document.get("quoted")
    currency = constants.price.currency
    action = _ACTIONS[document["action"]]
    return Judgement(
        action=action,
        facts=_read_facts(document.get("facts", {}), constants),
        at=datetime.fromisoformat(document["at"]),
        quoted=None
        if quoted is None
        else Quoted(
            read_cost(quoted["cost"], currency),
            datetime.fromisoformat(quoted["given_at"]),
            quoted.get("uses_allowance", False),
        ),
        target=constants.target if action is Action.RESCHEDULE else None,
        charged_by_staff=document.get("charged_by_staff", False),
        keeps_allowance=document.get("keeps_allowance", False),
        effect=ReasonEffect(document.get("reason", ReasonEffect.USUAL)),
    )


def write_cost(cost: Cost) -> dict[str, Any]:
    """Write a cost as a document."""
    return _without_usual(
        fee=_minor(cost.fee),
        credit=None if cost.credit is None else cost.credit.value,
        carries=_written_carried(cost.carries),
    )


def read_cost(document: dict[str, Any], currency: str) -> Cost:
    """Read a cost from its document."""
    credit = document.get("credit")
    return Cost(
        fee=_money(document.get("fee"), currency),
        credit=None if credit is None else Credit(credit),
        carries=read_carried(document.get("carries"), currency),
    )


def read_carried(document: dict[str, Any] | None, currency: str) -> Carried | None:
    """Read a carried cost from its document, as in the details of an entry."""
    if document is None:
        return None
    return Carried(_money(document["fee_minor"], currency), document["forfeits_credit"])


def _written_facts(facts: SessionFacts) -> dict[str, Any]:
    ended = facts.ended
    return _without_usual(
        status=None if facts.status is Status.BOOKED else facts.status.value,
        booked_starts_at=None
        if facts.booked_starts_at == facts.starts_at
        else _instant(facts.booked_starts_at),
        paid_by_credit=facts.paid_by_credit,
        client_moves=facts.client_moves,
        carried=_written_carried(facts.carried),
        moved_by_practice=facts.moved_by_practice,
        answer_by=_optional(_instant, facts.answer_by),
        ended=_optional(_written_end, ended),
        has_paid_by_credit=facts.has_paid_by_credit,
        paid_before=_minor(facts.paid_before),
        grace_from=_optional(_instant, facts.grace_from),
        frozen_deadlines=[
            [deadline.days, deadline.at.isoformat(), _instant(instant)]
            for deadline, instant in facts.frozen_deadlines
        ],
        allowance_uses=[_instant(use) for use in facts.allowance_uses],
    )


def _read_facts(document: dict[str, Any], constants: Constants) -> SessionFacts:
    starts_at, zone, price, is_seat, _ = constants
    get, currency = document.get, price.currency
    return SessionFacts(
        status=_STATUSES[get("status", Status.BOOKED)],
        starts_at=starts_at,
        booked_starts_at=_optional(datetime.fromisoformat, get("booked_starts_at")) or starts_at,
        zone=zone,
        price=price,
        paid_by_credit=get("paid_by_credit", False),
        client_moves=get("client_moves", 0),
        carried=read_carried(get("carried"), currency),
        contact=NO_CONTACT,
        is_seat=is_seat,
        moved_by_practice=get("moved_by_practice", False),
        answer_by=_optional(datetime.fromisoformat, get("answer_by")),
        ended=_optional(lambda end: _read_end(end, currency), get("ended")),
        has_paid_by_credit=get("has_paid_by_credit", False),
        paid_before=_money(get("paid_before"), currency),
        grace_from=_optional(datetime.fromisoformat, get("grace_from")),
        frozen_deadlines=tuple(
            FrozenDeadline(
                WorkingDays(days, time.fromisoformat(at)), datetime.fromisoformat(instant)
            )
            for days, at, instant in get("frozen_deadlines", ())
        ),
        allowance_uses=tuple(datetime.fromisoformat(use) for use in get("allowance_uses", ())),
    )


def _written_end(ended: Ended) -> dict[str, Any]:
    return {
        "at": _instant(ended.at),
        **_without_usual(
            by_practice=ended.by_practice,
            due=_minor(ended.due),
            settled=_minor(ended.settled),
            forfeits_credit=ended.forfeits_credit,
        ),
    }


def _read_end(document: dict[str, Any], currency: str) -> Ended:
    get = document.get
    return Ended(
        at=datetime.fromisoformat(document["at"]),
        by_practice=get("by_practice", False),
        due=_money(get("due"), currency),
        settled=_money(get("settled"), currency),
        forfeits_credit=get("forfeits_credit", False),
    )


def _written_carried(carried: Carried | None) -> dict[str, Any] | None:
    if carried is None:
        return None
    return {"fee_minor": _minor(carried.fee), "forfeits_credit": carried.forfeits_credit}


def _without_usual(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Leave out what is null, false, zero or empty."""
    return {name: value for name, value in values.items() if value}


def _optional(read: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - JSON values
    return None if value is None else read(value)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.amount_minor


def _money(amount_minor: int | None, currency: str) -> Money | None:
    return None if amount_minor is None else Money(amount_minor, currency)

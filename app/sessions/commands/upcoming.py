"""The mails before a session: its reminders and its nudge (product.md section 10, "Nudge").

They are queued with each change after which the session is booked, by the facts afterwards.
"""

from dataclasses import replace
from datetime import datetime

from app.domain.nudge import nudge_at
from app.domain.policy.working_days import FrozenDeadline
from app.domain.session import SessionFacts, Status
from app.outbox.outbox import NewNotification, reminders
from app.policies.stored import rules_of
from app.sessions.commands.booking import NewSession
from app.sessions.read.records import SessionRecord


def mails_to_come(
    record: SessionRecord, after: SessionFacts, now: datetime, *, confirmed: bool
) -> list[NewNotification]:
    """Give the mails before a session that is booked as `after` says, since a change at `now`.

    `record` is the session before the change. `confirmed`: its client has said that they are
    coming, which is still true, so there is no nudge.
    """
    hours = None if confirmed else record.nudge_hours_before
    nudge = nudge_at(rules_of(record.policy), after, hours, record.client_zone, now)
    return reminders(after.starts_at, record.reminder_minutes, now, nudge)


def mails_after_booking(new: NewSession, now: datetime) -> list[NewNotification]:
    """Give the mails before a session that is booked at `now`."""
    context, facts = new.context, new.facts(now)
    nudge = nudge_at(new.policy.policy, facts, context.nudge_hours_before, context.client_zone, now)
    return reminders(facts.starts_at, context.reminder_minutes, now, nudge)


def facts_as_booked(
    record: SessionRecord,
    starts_at: datetime,
    frozen: tuple[FrozenDeadline, ...],
    *,
    by_client: bool | None = None,
    ends_grace: bool = False,
) -> SessionFacts:
    """Give the facts of a session that is booked at `starts_at`, perhaps again.

    `by_client`: who has moved it to another start; None: nobody has, or neither side. A move
    request ends with it. `ends_grace`: the grace after the booking is over for good.
    """
    facts = record.facts
    return replace(
        facts,
        status=Status.BOOKED,
        starts_at=starts_at,
        moved_by_practice=facts.moved_by_practice if by_client is None else not by_client,
        answer_by=facts.answer_by if starts_at == facts.starts_at else None,
        ended=None,
        paid_by_credit=facts.paid_by_credit or facts.has_paid_by_credit,
        has_paid_by_credit=False,
        frozen_deadlines=frozen,
        grace_from=None if ends_grace else facts.grace_from,
    )

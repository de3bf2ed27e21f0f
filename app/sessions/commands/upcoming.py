"""The mails before a session: its reminders and its nudge (product.md section 10, "Nudge").

They are queued with each change after which the session is booked, by the facts afterwards.
"""

from datetime import datetime

from app.domain.nudge import nudge_at
from app.domain.session import SessionFacts
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

"""Whether a client may give up a session's time only if somebody takes it.

Source: product.md section 10, "Release".
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.policy.decide import Decision, RefusalCode
from app.domain.policy.rules import Policy
from app.domain.session import SessionFacts
from app.domain.waitlist import LAST_ASKED


@dataclass(frozen=True, slots=True)
class ReleaseChoice:
    """Whether the time can be released now, and whether anybody waits for such a time."""

    available: bool
    waiting: bool


def latest_release(starts_at: datetime) -> datetime:
    """Give the latest instant (UTC) until which a released time can be taken."""
    return starts_at.astimezone(UTC) - LAST_ASKED


def release_choice(
    policy: Policy,
    cancel: Decision,
    facts: SessionFacts,
    now: datetime,
    *,
    has_waitlist: bool,
    waiting: bool,
) -> ReleaseChoice | None:
    """Decide whether a release is a way out; None: cancelling costs nothing, or is never possible.

    One of the client's allowance is a cost as well.
    `cancel` is the decision on cancelling at `now`. A release stays possible after its deadline.
    """
    if not _costs_something(cancel):
        return None
    available = policy.cancel.release and has_waitlist and now < latest_release(facts.starts_at)
    return ReleaseChoice(available, waiting)


def _costs_something(cancel: Decision) -> bool:
    if cancel.refusal is not None:
        return cancel.refusal.code is RefusalCode.NOTICE_TOO_SHORT
    return cancel.needs_quote


def live_release(until: datetime | None, now: datetime) -> datetime | None:
    """Give the end of a release if it has not passed. Exactly at its end it has not."""
    return None if until is None or now > until else until

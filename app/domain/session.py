"""A session: one client's booked service with one practitioner at one time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from typing_extensions import TypeAliasType

from app.domain.money import Money
from app.domain.policy.working_days import FrozenDeadline


class Status(StrEnum):
    """The state of a session, in the terms of the FHIR Appointment resource."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"


class Occupancy(NamedTuple):
    """Time that a session or a group takes from its practitioner.

    The buffers are the gaps to other sessions and groups. `counts`: it counts towards the
    practitioner's limits of sessions per day and week.
    """

    start: datetime
    end: datetime
    buffer_before: timedelta
    buffer_after: timedelta
    counts: bool = True


def taken_time(status: Status, whole: Occupancy, now: datetime) -> Occupancy | None:
    """Give the time that a session takes after it gets `status` at `now`; None: it takes no time.

    `whole` is the time of the session as booked. A missed session frees the rest of its time: it
    takes the time until `now`, without the buffer after it; nothing if it is marked before its
    start. It does not count towards limits.
    """
    if status is Status.CANCELLED:
        return None
    if status is not Status.NOSHOW:
        return whole
    end = min(whole.end, max(whole.start, now))
    if end == whole.start:
        return None
    return whole._replace(end=end, buffer_after=timedelta(0), counts=False)


class Format(StrEnum):
    """How the client and the practitioner meet."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Contact:
    """Name, email and phone of a practice or a practitioner, for clients to contact."""

    name: str
    email: str | None
    phone: str | None


# The contact of facts that no client is shown.
NO_CONTACT = Contact("", None, None)


def contact_for_client(practitioner: Contact, practice: Contact) -> Contact:
    """Give the contact for clients of this practitioner.

    Email and phone each fall back to the practice's. The name is the practice's if the practitioner
    has neither.
    """
    is_own = practitioner.email or practitioner.phone
    return Contact(
        practitioner.name if is_own else practice.name,
        practitioner.email or practice.email,
        practitioner.phone or practice.phone,
    )


@dataclass(frozen=True, slots=True)
class Carried:
    """The minimum cost of a cancellation, because the client moved the session late.

    Either a fee, or the credit that pays for the session (docs/decisions/0016-carried-cost.md).
    """

    fee: Money | None
    forfeits_credit: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a session that was cancelled, or missed by its client.

    `at` is when it was cancelled or marked. `by_practice`: the practice has cancelled it. `due` and
    `settled` are the fee of this end, if it still has that state. `forfeits_credit`: the end has
    forfeited the credit that paid. A cost that fell away, because others took the time, is none.
    """

    at: datetime
    by_practice: bool = False
    due: Money | None = None
    settled: Money | None = None
    forfeits_credit: bool = False

    @property
    def has_cost(self) -> bool:
        """Tell whether this end costs a fee or a credit."""
        return self.due is not None or self.settled is not None or self.forfeits_credit


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """The facts of a session that the policy depends on.

    `starts_at` and `booked_starts_at` are aware datetimes. `zone` is the practitioner's zone at the
    time of booking; wall-clock deadlines stay in it (product.md section 10). `booked_starts_at` is
    the start from which `max_days_from_original` counts. `carried` is the carried cost of earlier
    moves. `is_seat`: the session is one seat of a group.

    `moved_by_practice`: the practice has moved the session since its client last did. `answer_by`:
    the practice asks the client to move it, until that instant. `grace_from`: when it was booked,
    from which the policy's grace counts; None: it was booked again after its end, moved after the
    end of its grace, or booked before there was any.

    `ended` is set while the session is cancelled or missed. `has_paid_by_credit`: a credit paid for
    it, and was returned. `paid_before` was paid for an end after which the session was booked
    again; a later cancellation costs so much less.

    `frozen_deadlines` are the instants of the policy's deadlines in working days. Nothing else says
    when these deadlines pass.

    `allowance_uses` are the instants at which the client has used their allowance at the practice,
    and did not get it back; only read where the policy has an allowance, and at most as many of the
    latest as an allowance can have.
    """

    status: Status
    starts_at: datetime
    booked_starts_at: datetime
    zone: ZoneInfo
    price: Money
    paid_by_credit: bool
    client_moves: int
    carried: Carried | None
    contact: Contact
    is_seat: bool = False
    moved_by_practice: bool = False
    answer_by: datetime | None = None
    ended: Ended | None = None
    has_paid_by_credit: bool = False
    paid_before: Money | None = None
    grace_from: datetime | None = None
    frozen_deadlines: tuple[FrozenDeadline, ...] = ()
    allowance_uses: tuple[datetime, ...] = ()


ChangedBy = TypeAliasType("ChangedBy", Literal["client", "practice"])


# What becomes of the fee of an end, if its session is booked again.
FeeOfEnd = TypeAliasType("FeeOfEnd", Literal["stands", "credited"])


FeeStatus = TypeAliasType("FeeStatus", Literal["due", "waived", "settled", "void", "forgiven"])

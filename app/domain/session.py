"""A session: one client's booked service with one practitioner at one time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from typing_extensions import TypeAliasType

from app.domain.money import Money


class Status(StrEnum):
    """The state of a session (the FHIR Appointment words). `taken_time` says which takes time."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"


class TakenTime(NamedTuple):
    """Time that a session takes from its practitioner and its client.

    The buffers are the practitioner's: the gap to other sessions before `start` and after `end`.
    """

    start: datetime
    end: datetime
    buffer_before: timedelta
    buffer_after: timedelta


def taken_time(status: Status, whole: TakenTime, now: datetime) -> TakenTime | None:
    """Give the time that a session takes once it has this status; None: it takes no time.

    `whole` is the time of the session as booked, `now` the instant at which it gets the status.
    A missed session frees what is left of its time: it takes the time until `now`, without the
    buffer after it, and nothing where it was marked before its start.
    """
    if status is Status.CANCELLED:
        return None
    if status is not Status.NOSHOW:
        return whole
    end = min(whole.end, max(whole.start, now))
    if end == whole.start:
        return None
    return whole._replace(end=end, buffer_after=timedelta(0))


class Format(StrEnum):
    """How client and practitioner meet."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody is reached; in a session's facts: whom its client turns to."""

    name: str
    email: str | None
    phone: str | None


def contact_for_client(practitioner: Contact, practice: Contact) -> Contact:
    """Say whom a client of this practitioner turns to.

    Email and phone fall back to the practice's one by one. The name is the practice's only where
    neither is the practitioner's own.
    """
    is_own = practitioner.email or practitioner.phone
    return Contact(
        practitioner.name if is_own else practice.name,
        practitioner.email or practice.email,
        practitioner.phone or practice.phone,
    )


@dataclass(frozen=True, slots=True)
class Carried:
    """What cancelling costs at least, because the client moved the session late.

    It is a fee, or the credit that pays for the session (docs/decisions/0016-carried-cost.md).
    """

    fee: Money | None
    forfeits_credit: bool


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the policy needs to know of a session.

    `starts_at` and `booked_starts_at` are aware instants. `zone` is the practitioner's zone at the
    booking: wall-clock deadlines keep it (product.md section 10). `booked_starts_at` is the start
    that `max_days_from_original` is measured from. `carried` is what earlier moves carry along.
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


ReasonCode = TypeAliasType(
    "ReasonCode",
    Literal["feeling-better", "unwell", "transport", "work", "family", "cost", "other"],
)


ChangedBy = TypeAliasType("ChangedBy", Literal["client", "practice"])


FeeStatus = TypeAliasType("FeeStatus", Literal["due", "waived", "settled", "void"])

"""A session: one client's booked service with one practitioner at one time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.money import Money


class Status(StrEnum):
    """Where a session stands (the FHIR Appointment words). Only `booked` takes up time."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"


class Format(StrEnum):
    """How client and practitioner meet."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a client may turn to where he cannot help himself."""

    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the policy needs to know of a session.

    `starts_at` and `booked_starts_at` are aware instants. `zone` is the practitioner's zone at the
    booking: wall-clock deadlines keep it (product.md section 10). `booked_starts_at` is the start
    that `max_days_from_original` is measured from.
    """

    status: Status
    starts_at: datetime
    booked_starts_at: datetime
    zone: ZoneInfo
    price: Money
    paid_by_credit: bool
    client_moves: int
    contact: Contact

"""Whether a client can say that they are coming (product.md section 10, "I am coming")."""

from datetime import UTC, datetime

from app.domain.policy.decide import RefusalCode
from app.domain.session import SessionFacts, Status


def why_not_confirm(facts: SessionFacts, now: datetime, *, is_absent: bool) -> RefusalCode | None:
    """Tell why the client cannot say at `now` that they are coming; None: they can.

    `is_absent`: they have announced that they cannot come. The practitioner was told so at once,
    and gets no mail about a confirmation: they would wait for nobody, and nobody for the client.
    """
    if facts.status is not Status.BOOKED:
        return RefusalCode.SESSION_NOT_BOOKED
    # Converted to UTC: Python compares two datetimes of the same zone by their wall times.
    if now >= facts.starts_at.astimezone(UTC):
        return RefusalCode.SESSION_STARTED
    return RefusalCode.ABSENCE_ANNOUNCED if is_absent else None

"""Whether a client can say that they are coming (product.md section 10, "I am coming")."""

from datetime import datetime

from app.domain.policy.decide import RefusalCode, why_not_open
from app.domain.session import SessionFacts


def why_not_confirm(facts: SessionFacts, now: datetime, *, is_absent: bool) -> RefusalCode | None:
    """Tell why the client cannot say at `now` that they are coming; None: they can.

    `is_absent`: they have announced that they cannot come. The practitioner was told so at once,
    and gets no mail about a confirmation: they would wait for nobody, and nobody for the client.
    """
    absent = RefusalCode.ABSENCE_ANNOUNCED if is_absent else None
    return why_not_open(facts, now) or absent

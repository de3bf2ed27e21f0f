"""Texts of the codes that the domain returns."""

from app.domain.availability import EmptyReason
from app.domain.policy.decide import RefusalCode
from app.texts.catalogue import Texts

_REFUSALS = {
    RefusalCode.SESSION_NOT_BOOKED: "problem.session-not-booked.detail",
    RefusalCode.SESSION_STARTED: "problem.session-started.detail",
    RefusalCode.ACTION_DISABLED: "refusal.action-disabled",
    RefusalCode.NOTICE_TOO_SHORT: "refusal.notice-too-short",
    RefusalCode.CANCELLATION_OPEN: "problem.cancellation-open.detail",
    RefusalCode.ABSENCE_ANNOUNCED: "refusal.absence-announced",
    RefusalCode.RESCHEDULE_LIMIT_REACHED: "refusal.reschedule-limit-reached",
}
_EMPTY = {
    EmptyReason.FULLY_BOOKED: "empty.fully-booked",
    EmptyReason.OUTSIDE_HORIZON: "empty.outside-horizon",
    EmptyReason.NO_WORKING_HOURS: "empty.no-working-hours",
    EmptyReason.RESCHEDULE_REFUSED: "empty.reschedule-refused",
}


def refusal_text(code: RefusalCode, contact: str, texts: Texts) -> str:
    """Return why the policy refuses an action. `contact` is the name of the client's contact."""
    return texts(_REFUSALS[code], name=contact)


def empty_text(reason: EmptyReason, texts: Texts) -> str:
    """Return why no slot is offered."""
    return texts(_EMPTY[reason])

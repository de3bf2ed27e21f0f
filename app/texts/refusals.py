"""The sentences for what the domain answers with a code."""

from app.domain.policy import RefusalCode
from app.texts.catalogue import Texts

_REFUSALS = {
    RefusalCode.SESSION_NOT_BOOKED: "problem.session-not-booked.detail",
    RefusalCode.SESSION_STARTED: "problem.session-started.detail",
    RefusalCode.ACTION_DISABLED: "refusal.action-disabled",
    RefusalCode.NOTICE_TOO_SHORT: "refusal.notice-too-short",
    RefusalCode.RESCHEDULE_LIMIT_REACHED: "refusal.reschedule-limit-reached",
}


def say_refusal(code: RefusalCode, contact: str, texts: Texts) -> str:
    """Say why the policy refuses something. `contact` is the name of whom the client can ask."""
    return texts(_REFUSALS[code], name=contact)

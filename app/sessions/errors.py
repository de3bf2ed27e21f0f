"""Refusals that show the client the present decision, so that he can look and confirm."""

from datetime import datetime

from app.domain.errors import DomainError
from app.domain.policy.decide import Decision
from app.sessions.read.records import SessionRecord


class QuoteRequiredError(DomainError):
    """The action costs something, and the request does not show that the client knows it."""

    code = "quote-required"

    def __init__(self, decision: Decision, record: SessionRecord, now: datetime) -> None:
        super().__init__(decision.action)
        self.decision = decision
        self.record = record
        self.now = now


class QuoteOutdatedError(QuoteRequiredError):
    """The quote is of an earlier version of the session."""

    code = "quote-stale"

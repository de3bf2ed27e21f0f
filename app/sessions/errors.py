"""Errors that include the current decision, so that the client can review and confirm it."""

from datetime import datetime

from app.domain.errors import DomainError
from app.domain.policy.decide import Decision
from app.domain.refusals import ActionRefusedError
from app.sessions.read.records import SessionRecord


class AttemptRefusedError(ActionRefusedError):
    """The policy refuses what a client wanted to do; it is counted (app/tables)."""

    def __init__(self, decision: Decision, record: SessionRecord, now: datetime) -> None:
        super().__init__(decision, record.client_zone)
        self.record = record
        self.now = now


class QuoteRequiredError(DomainError):
    """The action has a cost, and the request has no valid quote for it."""

    code = "quote-required"

    def __init__(self, decision: Decision, record: SessionRecord, now: datetime) -> None:
        super().__init__(decision.action)
        self.decision = decision
        self.record = record
        self.now = now


class QuoteOutdatedError(QuoteRequiredError):
    """The quote is for an earlier version of the session."""

    code = "quote-stale"


class AllowanceSpentError(QuoteOutdatedError):
    """The quote shows one of the client's allowance, and none is left any more."""

"""When a quote is honoured: product.md section 2, "No fee without a quote"."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.domain.errors import QuoteInvalidError, QuoteStaleError
from app.domain.policy.costs import Cost, Promised
from app.domain.policy.decide import decide
from app.domain.policy.rules import Action, CancelRule, Credit, Policy
from app.domain.quotes import Quote, quoted_cost
from tests.domain.builders import MICROSECOND, at, hours_before, percent, session, usd

PRACTICE = UUID(int=10)
SESSION = UUID(int=11)
ANOTHER = UUID(int=12)
SHOWN_AT = at("2026-06-09T14:55Z")
EXPIRES_AT = SHOWN_AT + timedelta(minutes=10)
COST = Cost(usd(3_000), Credit.RETURNED)

QUOTE = Quote(
    practice_id=PRACTICE,
    session_id=SESSION,
    version=3,
    action=Action.CANCEL,
    expires_at=EXPIRES_AT,
    promised=Promised(COST, COST),
)
POLICY = Policy(cancel=CancelRule(fees=(percent(hours_before(24), "50"),)))


def counts(quote: Quote | None, now: datetime, *, version: int = 3) -> Cost | None:
    """Return the cost that `quote` guarantees for cancelling version 3 of the session."""
    return quoted_cost(
        quote,
        practice_id=PRACTICE,
        session_id=SESSION,
        version=version,
        action=Action.CANCEL,
        now=now,
    )


def test_without_a_quote_no_cost_is_guaranteed() -> None:
    assert counts(None, SHOWN_AT) is None


@pytest.mark.parametrize(
    ("now", "cost"),
    [
        pytest.param(SHOWN_AT, COST, id="when-shown"),
        pytest.param(EXPIRES_AT - MICROSECOND, COST, id="just-before-expiry"),
        pytest.param(EXPIRES_AT, COST, id="exactly-at-expiry"),
        pytest.param(EXPIRES_AT + MICROSECOND, None, id="just-after-expiry"),
        pytest.param(EXPIRES_AT + timedelta(days=1), None, id="long-after-expiry"),
    ],
)
def test_a_quote_is_honoured_up_to_its_expiry_and_then_ignored(
    now: datetime, cost: Cost | None
) -> None:
    assert counts(QUOTE, now) == cost


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param(replace(QUOTE, session_id=ANOTHER), id="another-session"),
        pytest.param(replace(QUOTE, practice_id=ANOTHER), id="another-practice"),
        pytest.param(replace(QUOTE, action=Action.RESCHEDULE), id="another-action"),
    ],
)
@pytest.mark.parametrize(
    ("now", "version"),
    [
        pytest.param(SHOWN_AT, 3, id="in-time"),
        pytest.param(EXPIRES_AT + MICROSECOND, 3, id="expired"),
        pytest.param(SHOWN_AT, 4, id="stale"),
    ],
)
def test_a_quote_for_another_session_or_action_is_invalid_at_any_age_and_version(
    quote: Quote, now: datetime, version: int
) -> None:
    with pytest.raises(QuoteInvalidError):
        counts(quote, now, version=version)


@pytest.mark.parametrize("version", [2, 4])
def test_a_quote_of_another_version_is_stale(version: int) -> None:
    with pytest.raises(QuoteStaleError):
        counts(QUOTE, SHOWN_AT, version=version)


def test_an_expired_quote_is_ignored_even_if_the_session_has_changed() -> None:
    assert counts(QUOTE, EXPIRES_AT + MICROSECOND, version=4) is None


def test_a_quote_shown_before_a_deadline_is_honoured_after_it() -> None:
    """Shown as free at 14:55, the tier passes at 15:00, cancelled at 15:05."""
    shown = decide(POLICY, Action.CANCEL, session(), SHOWN_AT)
    assert shown.cost == Cost(None, None)
    now = EXPIRES_AT
    quoted = counts(replace(QUOTE, promised=shown.promised), now)
    assert decide(POLICY, Action.CANCEL, session(), now).cost == Cost(usd(6_000), None)
    assert decide(POLICY, Action.CANCEL, session(), now, quoted=quoted).cost == Cost(None, None)

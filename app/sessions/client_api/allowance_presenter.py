"""Present a client's allowance."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from app.domain.policy.allowance import AllowanceChoice
from app.domain.policy.rules import Allowance, Credit
from app.domain.session import Carried
from app.sessions.client_api.allowance_schemas import AllowanceTermsView, AllowanceView
from app.sessions.client_api.carried_schemas import CarriedView
from app.sessions.client_api.reason_schemas import ReasonChoiceView
from app.web.views import present_money


def present_allowance(
    choice: AllowanceChoice | None,
    zone: ZoneInfo,
    reasons_without: list[ReasonChoiceView] | None,
) -> AllowanceView | None:
    """Present what an action has to do with the allowance, or null.

    `reasons_without` are the reasons that the client may choose if they pay.
    """
    if choice is None:
        return None
    left, instead = choice.left, choice.instead
    return {
        "left": left.left,
        "of": left.of,
        "renews_at": present_instant(left.renews_at, zone),
        "would_use": choice.would_use,
        "instead": {
            "fee": present_money(instead.fee),
            "credit": instead.credit,
            "carries": present_carried(instead.carries),
            "reasons": reasons_without,
        },
    }


def present_allowance_terms(allowance: Allowance | None) -> AllowanceTermsView | None:
    """Present the allowance of a policy, or null."""
    if allowance is None:
        return None
    return {
        "free": allowance.free,
        "days": allowance.days,
        "for": sorted(allowance.actions),
    }


def present_carried(carried: Carried | None) -> CarriedView | None:
    """Present the minimum cost of a later cancellation, or null."""
    if carried is None:
        return None
    return {
        "fee": present_money(carried.fee),
        "credit": Credit.FORFEITED if carried.forfeits_credit else None,
    }


def present_instant(instant: datetime | None, zone: tzinfo) -> datetime | None:
    """Present an instant in the viewer's zone, or null."""
    return None if instant is None else instant.astimezone(zone)

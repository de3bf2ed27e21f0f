"""Request and response schemas of trying a policy."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from app.policies.rules import PolicyRules
from app.policies.schemas import PolicyOf, PolicyProof
from app.web.json import Answer
from app.web.types import Instant, NextCursor
from app.web.views import MoneyView

MOST_DAYS = 366
TriedAction = TypeAliasType(
    "TriedAction", Literal["cancel", "reschedule", "change_format", "absence", "noshow"]
)
TriedResult = TypeAliasType("TriedResult", Literal["free", "later", "fee", "forfeited", "refused"])


class TryPolicy(PolicyOf):
    """Rules to try, for whom they would be, and the time of the decisions that they judge."""

    model_config = PolicyOf.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "rules": {"cancel": {"closes": {"before_minutes": 1440}}},
                    "from": "2026-06-01T00:00:00-04:00",
                    "to": "2026-12-01T00:00:00-05:00",
                }
            ]
        }
    }
    rules: Annotated[PolicyRules, Field(description="As for a new version.")]
    start: Annotated[
        Instant,
        Field(
            alias="from",
            description="Decisions at or after this instant; the date, in UTC, is at most 366 days "
            "back.",
        ),
    ]
    end: Annotated[Instant, Field(alias="to", description="Decisions before this instant.")]
    cursor: NextCursor = None


class JudgedView(Answer):
    """How much of the time the answer covers: at most 100,000 decisions."""

    decisions: Annotated[int, Field(description="How many were judged.")]
    until: Annotated[
        datetime, Field(description="Decisions before this instant are in the answer.")
    ]
    share: Annotated[
        float,
        Field(
            description="The share of the time that is covered, from 0 to 1. Below 1, ask again "
            "with `from` set to `until`.",
            examples=[1.0],
        ),
    ]
    not_judged: Annotated[
        int,
        Field(
            description="Decisions of that time of which nothing is claimed, because what they "
            "depended on was not recorded, or for an older engine.",
        ),
    ]


class ResultsView(Answer):
    """How many decisions had which result."""

    free: Annotated[int, Field(description="It cost nothing.")]
    later: Annotated[
        int,
        Field(description="It cost nothing, but a later cancellation costs something for it."),
    ]
    fee: Annotated[int, Field(description="It cost a fee.")]
    forfeited: Annotated[int, Field(description="It cost the package credit.")]
    refused: Annotated[
        int,
        Field(description="It was refused. Nothing that stood was: only what was done is judged."),
    ]


class TriedActionView(Answer):
    """The decisions about one action: what stood, and what the rules would have decided.

    An action of a client, or a cancellation or move by staff that they charged. `noshow`: a missed
    session that staff charged.
    """

    action: TriedAction
    changed: Annotated[int, Field(description="How many the rules change.")]
    stood: ResultsView
    tried: ResultsView


class TriedMonthView(Answer):
    """The fees of one month, as decided: also those that were waived or forgiven afterwards."""

    month: Annotated[
        str, Field(description="The month in the practitioner's zone.", examples=["2026-11"])
    ]
    stood: MoneyView
    tried: MoneyView


class TriedCostView(Answer):
    """What a decision means for the client."""

    result: TriedResult
    fee: MoneyView | None
    later: Annotated[
        MoneyView | None,
        Field(description="The fee that a later cancellation costs at least, else null."),
    ]
    code: Annotated[str | None, Field(description="Why it is refused, else null.", examples=[None])]


class ChangedDecisionView(Answer):
    """A decision that the rules change."""

    at: Annotated[datetime, Field(description="When it was decided.")]
    action: TriedAction
    session_id: UUID
    client_id: UUID
    difference: Annotated[
        MoneyView,
        Field(
            description="How much the cost for the client changes. A forfeited credit and a "
            "refusal count as the price."
        ),
    ]
    stood: TriedCostView
    tried: TriedCostView


class TrialAnswer(Answer):
    """What rules would have decided about what was done. Nothing was written."""

    judged: JudgedView
    actions: Annotated[list[TriedActionView], Field(description="Only actions that were done.")]
    months: Annotated[list[TriedMonthView], Field(description="In order; only with decisions.")]
    clients_touched: Annotated[int, Field(description="Clients with a decision that changes.")]
    changes: Annotated[
        list[ChangedDecisionView],
        Field(
            description="The 50 decisions that change most, the greatest difference first.",
            examples=[[]],
        ),
    ]
    next_cursor: Annotated[
        str | None, Field(description="For the next 50; null: there are no more.", examples=[None])
    ]
    unknown: Annotated[
        list[str],
        Field(description="What these numbers cannot say, as sentences.", examples=[[]]),
    ]
    proof: PolicyProof

"""Schemas of a client's allowance: what is left, and what an action has to do with it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.policy.rules import Action, Credit
from app.sessions.client_api.carried_schemas import CarriedView
from app.sessions.client_api.reason_schemas import ReasonChoiceView
from app.web.views import MoneyView

UseAllowance = Annotated[
    bool,
    Field(
        strict=True,
        description="Where the decision says `allowance.would_use`: false pays what the change "
        "costs without it, and keeps it. Else it does not matter.",
    ),
]


class InsteadView(TypedDict):
    """What an action costs without the allowance."""

    fee: MoneyView | None
    credit: Credit | None
    carries: CarriedView | None
    reasons: Annotated[
        list[ReasonChoiceView] | None,
        Field(
            description="The decision's `reasons` with `use_allowance: false`: a reason may then "
            "ask the practice to waive the fee. Null where the decision's are.",
            examples=[None],
        ),
    ]


class AllowanceView(TypedDict):
    """What is left of the client's allowance, where the action costs something that it lifts."""

    left: Annotated[int, Field(description="How many changes are left now.", examples=[1])]
    of: Annotated[int, Field(description="How many the policy gives.", examples=[2])]
    renews_at: Annotated[
        datetime | None,
        Field(description="When one more is left, if none is used meanwhile. Null: all are left."),
    ]
    would_use: Annotated[
        bool,
        Field(
            description="The action uses one, and costs what the decision says. False: none is "
            "left, or in a command over several sessions none is left for this one."
        ),
    ]
    instead: Annotated[
        InsteadView,
        Field(description="What it costs with `use_allowance: false`, which keeps it."),
    ]


# `for` is a keyword.
AllowanceTermsView = TypedDict(
    "AllowanceTermsView",
    {
        "free": Annotated[int, Field(description="How many changes cost nothing.", examples=[2])],
        "days": Annotated[
            int | None,
            Field(
                description="For how many days a use counts. Null: until the end of its year.",
                examples=[None],
            ),
        ],
        "for": Annotated[list[Action], Field(examples=[["cancel", "reschedule"]])],
    },
)

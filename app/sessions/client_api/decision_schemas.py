"""Schemas of what the policy allows and costs, now and over time (product.md section 9)."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.policy.decide import RefusalCode
from app.domain.policy.free import FreeBecause
from app.domain.policy.rules import Credit
from app.domain.policy.ways_out import Way
from app.domain.session import FeeOfEnd
from app.sessions.client_api.allowance_schemas import AllowanceView
from app.sessions.client_api.carried_schemas import CarriedView
from app.sessions.client_api.reason_schemas import ReasonChoiceView
from app.web.views import ContactView, MoneyView


class TermView(TypedDict):
    """The cost of an action from the end of the previous term up to and including `until`."""

    until: Annotated[datetime, Field(description="This instant is still in time.")]
    fee: MoneyView | None
    credit: Credit | None
    carries: Annotated[
        CarriedView | None,
        Field(description="For `reschedule`: the minimum cost of cancelling after such a move."),
    ]


_FreeStarts = TypedDict(
    "_FreeStarts",
    {
        "from": Annotated[datetime, Field(description="The first start that is free.")],
        "before": Annotated[datetime, Field(description="Starts before this instant are free.")],
    },
)


class FreeTargetsView(_FreeStarts):
    """The starts to which a move costs no fee, whatever the fee of other moves is."""

    carries: Annotated[
        CarriedView | None,
        Field(
            description="The minimum cost of cancelling after a move to one of these starts. It "
            "takes the place of the decision's `carries` for them."
        ),
    ]


class FreeTermsView(_FreeStarts):
    """The starts to which a move costs no fee, and what such a move costs over time."""

    terms: Annotated[
        list[TermView], Field(description="In place of `terms.reschedule` for these starts.")
    ]


class TermsView(TypedDict):
    """The costs of each action as a timeline; empty if clients may never do the action."""

    cancel: list[TermView]
    reschedule: list[TermView]
    change_format: list[TermView]


class RebookView(TypedDict):
    """For how long the client may book the session again after its end, and the fee of that end."""

    days: Annotated[
        int,
        Field(description="From the cancellation, or from the start of a missed session."),
    ]
    fee: Annotated[
        FeeOfEnd,
        Field(
            description="`stands`: the fee of the end stays. `credited`: it is forgiven, and "
            "carried: see `carries` of `actions.reschedule`."
        ),
    ]


class RefusalView(TypedDict):
    """Why the client may not do the action, and whom to contact."""

    code: RefusalCode
    message: Annotated[str, Field(description="A sentence to show to the client.")]
    deadline: Annotated[datetime | None, Field(description="The missed deadline, if any.")]
    contact: ContactView


class WayOutView(TypedDict):
    """Something that the client can do now, and its cost."""

    way: Annotated[
        Way,
        Field(
            description="`change_format`: keep the time, in another format. `release`: give up the "
            "time only if somebody takes it. `absence`: say that they cannot come."
        ),
    ]
    fee: MoneyView | None
    credit: Credit | None
    carries: CarriedView | None
    to_free_targets: Annotated[
        bool,
        Field(
            description="A move to the decision's `free_targets`; another entry has the cost of "
            "moves to other starts."
        ),
    ]
    uses_allowance: Annotated[
        bool, Field(description="It uses up one of the client's allowance.", examples=[False])
    ]


class CancelAfterView(TypedDict):
    """What cancelling the session costs right after a change, if the change is made now."""

    allowed: Annotated[
        bool, Field(description="Whether the client can still cancel after the change.")
    ]
    fee: MoneyView | None
    credit: Credit | None
    free_until: Annotated[
        datetime | None,
        Field(
            description="The end of the time in which cancelling is free after the change, also "
            "if it has passed already. Null: it is never free."
        ),
    ]
    uses_allowance: Annotated[
        bool, Field(description="It uses up one of the client's allowance.", examples=[False])
    ]


class ReleaseChoiceView(TypedDict):
    """Whether the client may give up the time only if somebody takes it: then it costs nothing."""

    available: Annotated[
        bool, Field(description="Whether `POST …/release` is possible now for this session.")
    ]
    waiting: Annotated[
        bool,
        Field(
            description="Whether anybody waits for a time with this practitioner, or of this "
            "service. Whether this time suits them is not known before they are asked."
        ),
    ]


class ReleaseView(TypedDict):
    """The time is offered to those who wait. Until somebody takes it, the session stays booked."""

    until: Annotated[
        datetime,
        Field(description="If nobody has taken it by then, the session stays. Still in time."),
    ]


class DecisionView(TypedDict):
    """The policy's current decision about one action. Send `quote` with the command."""

    allowed: Annotated[
        bool, Field(description="Whether the client may do the action now; if not, see `refusal`.")
    ]
    fee: MoneyView | None
    free_because: Annotated[
        FreeBecause | None,
        Field(
            description="What makes the action free now, whatever the policy's fees: an open move "
            "request of the practice, a move by the practice since the client last moved, or the "
            "policy's grace period after the booking. "
            "The action then does not count towards the limit. `target`, where a start was named: "
            "a move to it costs no fee, but counts and may carry a cost. `allowance`: it uses up "
            "one of the client's `allowance`, for which it needs the quote; it counts too. "
            "`reason` is not said here: see `reasons`. Null: the policy's fees hold."
        ),
    ]
    forgiven_if_refilled: Annotated[
        bool,
        Field(
            description="For `cancel`: the fee, or the forfeit of the credit, falls away if other "
            "clients take the freed time. That is known at the session's start."
        ),
    ]
    release: Annotated[
        ReleaseChoiceView | None,
        Field(
            description="For `cancel`, where it costs something or its deadline has passed: "
            "whether the client may give up the time only if somebody takes it. Else null."
        ),
    ]
    reasons: Annotated[
        list[ReasonChoiceView] | None,
        Field(
            description="The reasons from which the client chooses, in the practice's order. The "
            "quote holds for each of them; with `effect: none` no quote is needed. Null: the "
            "policy has no list, and the standard codes change nothing; or the action is refused.",
            examples=[None],
        ),
    ]
    credit: Credit | None
    carries: Annotated[
        CarriedView | None,
        Field(
            description="For `reschedule`: the minimum cost of cancelling after this move, until "
            "the practice moves the session. It is set because cancelling is not free now. Show it "
            "before the client confirms; the command needs the quote. Null: no such cost."
        ),
    ]
    free_until: Annotated[
        datetime | None,
        Field(
            description="The action is free until this instant. Null: it is never free, or never "
            "allowed."
        ),
    ]
    closes_at: Annotated[
        datetime | None, Field(description="The client cannot do the action after this instant.")
    ]
    free_targets: Annotated[
        FreeTargetsView | None,
        Field(
            description="For `reschedule`, where the policy has `free_if_within` and a fee is due: "
            "`fee` is that of other starts. The quote holds for all starts. Else null.",
            examples=[None],
        ),
    ]
    allowance: Annotated[
        AllowanceView | None,
        Field(
            description="For `cancel`, `reschedule` and `absence`, where the action costs "
            "something that the policy's allowance lifts. Else null.",
            examples=[None],
        ),
    ]
    quote: Annotated[
        str | None, Field(description="The decision, signed. Null if the action is refused.")
    ]
    quote_expires_at: datetime | None
    refusal: RefusalView | None


class UndoView(TypedDict):
    """Whether the client may take back the last change, which was their own.

    It succeeds if the time, the seat and the credit are still free then; the old time is open to
    all meanwhile.
    """

    allowed: Annotated[bool, Field(description="Whether the client may take it back now.")]
    until: Annotated[
        datetime | None,
        Field(
            description="Until this instant, which is still in time. Null: there is nothing that "
            "the client could take back.",
            examples=[None],
        ),
    ]


class ConfirmView(TypedDict):
    """Whether the client may say that they are coming."""

    allowed: Annotated[
        bool,
        Field(
            description="Whether it can be said now and has not been said: the session is booked "
            "and has not started, and the client has not announced that they cannot come."
        ),
    ]


class WishChoiceView(TypedDict):
    """Whether the client may wish for an earlier time."""

    allowed: Annotated[
        bool,
        Field(
            description="Whether `PUT …/wish` is possible now: the session is booked and has not "
            "started, and its service has a waitlist."
        ),
    ]


class ActionsView(TypedDict):
    """A decision for each action, and whether the last change can be taken back."""

    cancel: DecisionView
    reschedule: DecisionView
    change_format: DecisionView
    absence: Annotated[
        DecisionView,
        Field(
            description="Announcing that the client cannot come; allowed once cancelling has "
            "closed. Fee and credit are the cost with `free_time: true`."
        ),
    ]
    undo: UndoView
    confirm: ConfirmView
    wish: WishChoiceView

"""Schemas of the practice's own reasons, from which a client chooses."""

from typing import Annotated

from pydantic import Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.policy.reasons import ReasonEffect
from app.domain.policy.rules import Credit
from app.sessions.client_api.carried_schemas import CarriedView
from app.web.views import MoneyView, Reason

ReasonToCancel = Annotated[
    Reason | None,
    Field(
        description="Required where a session is cancelled by this. A client who needs no other "
        "time for one that the practice has cancelled may leave it out."
    ),
]


class ReasonChoiceView(TypedDict):
    """A reason of the practice's own list, and what the action costs now if the client gives it."""

    code: Annotated[str, Field(description="Send it as `reason.code`.", examples=["ill"])]
    label: Annotated[
        str,
        Field(
            description="The practice's text in the language of `Accept-Language`, else in "
            "English, else in the first language by tag.",
            examples=["I am ill"],
        ),
    ]
    effect: Annotated[
        ReasonEffect,
        Field(
            description="What the reason changes now. `usual`: nothing. `none`: the action costs "
            "something, and with this reason it does not. `ask`: the fee is due, and the practice "
            "is asked to waive it, in the words of `reason.note`."
        ),
    ]
    fee: MoneyView | None
    credit: Credit | None
    carries: CarriedView | None

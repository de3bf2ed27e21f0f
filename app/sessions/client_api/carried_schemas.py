"""The schema of what a move carries along."""

from typing import Annotated

from pydantic import Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.policy.rules import Credit
from app.web.views import MoneyView


class CarriedView(TypedDict):
    """The minimum cost of a later cancellation: a fee, or the credit that pays for the session."""

    fee: MoneyView | None
    credit: Annotated[
        Credit | None, Field(description="`forfeited` if the credit will not be returned.")
    ]

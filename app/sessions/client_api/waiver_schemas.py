"""What a client says to the practice when they ask it to waive a fee."""

from typing import Annotated

from pydantic import Field

from app.web.types import RequestBody, Text


class WaiverQuestion(RequestBody):
    """Ask the practice to waive the fee. The practitioner and staff with `write` see the words."""

    note: Annotated[Text, Field(description="In the client's words, 1 to 500 characters.")]


AskWaiver = Annotated[
    WaiverQuestion | None,
    Field(
        description="Ask the practice to waive the fee of this command, which is done at once. "
        "The fee is collected after the answer, or after seven days. Dropped if nothing is due. "
        "Refused if what is due is no fee: a credit, or the cost that a move carries along."
    ),
]

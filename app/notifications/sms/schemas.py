"""Shapes of what the gateway of text messages tells us."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.sms.incoming import NUMBER
from app.web.types import RequestBody

Number = Annotated[
    str,
    StringConstraints(strict=True, pattern=NUMBER),
    Field(description="A telephone number in the form of E.164."),
]


class Receipt(RequestBody):
    """What became of a text message."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "3f0c7f2e" * 8, "status": "delivered"}]}
    )
    id: Annotated[
        str,
        StringConstraints(strict=True, pattern="^[0-9a-f]{64}$"),
        Field(description="The `$id` with which the message was sent."),
    ]
    status: Annotated[
        str,
        StringConstraints(strict=True, min_length=1, max_length=50),
        Field(
            description="`delivered`, or `failed` if it will not be delivered. Others are ignored."
        ),
    ]


class IncomingText(RequestBody):
    """A text message that somebody has written to us."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "+12125550188", "text": "STOP"}]},
        populate_by_name=True,
    )
    number: Annotated[Number, Field(alias="from")]
    text: Annotated[
        str,
        StringConstraints(strict=True, max_length=2000),
        Field(description="What they have written. It is not stored."),
    ]

"""Shapes of what the gateway of text messages tells us."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from app.sms.incoming import NUMBER
from app.web.types import RequestBody, not_blank

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
        AfterValidator(not_blank),
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


def _header(name: str, description: str) -> dict[str, Any]:
    # Not parameters of the functions: a missing signature is a 401 and no invalid field.
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


# The headers of a call that its gateway signs.
SIGNED = {
    "parameters": [
        _header("webhook-id", "An id of this call, which is part of what is signed."),
        _header(
            "webhook-timestamp",
            "When the call was signed, in seconds since 1970. At most five minutes from now.",
        ),
        _header(
            "webhook-signature",
            "`v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`. While a secret is "
            "changed there can be several, with spaces between them.",
        ),
    ]
}

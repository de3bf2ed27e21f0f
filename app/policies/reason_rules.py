"""Request schema of the practice's own list of reasons (product.md section 10, "Reasons")."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from app.domain.policy.reasons import OTHER
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody, visible
from app.web.views import REASON_CODE

MOST_REASONS = 30
MOST_LABELS = 20
_LANGUAGE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"


def _language(value: str) -> str:
    if not re.fullmatch(_LANGUAGE, value, re.ASCII):
        raise InvalidValueError("field.language-tag")
    return value


Language = Annotated[
    str, AfterValidator(_language), WithJsonSchema({"type": "string", "pattern": _LANGUAGE})
]
Label = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(visible),
]


class ReasonRule(RequestBody):
    """A reason that clients may choose."""

    code: Annotated[
        str,
        StringConstraints(strict=True, pattern=REASON_CODE),
        Field(description="For statistics and webhooks. Unique in the list.", examples=["ill"]),
    ]
    labels: Annotated[
        dict[Language, Label],
        Field(
            min_length=1,
            max_length=MOST_LABELS,
            description="The reason in one or more languages, by BCP 47 tag (`fr`, `pt-BR`). A "
            "client reads the one that their `Accept-Language` prefers; else the English one; else "
            "the first by tag.",
            examples=[{"en": "I am ill", "fr": "Je suis malade"}],
        ),
    ]
    fee: Annotated[
        Literal["usual", "none", "ask"],
        Field(
            description="`usual`: it changes nothing. `none`: with this reason nothing is due: no "
            "fee, no credit, no carried cost. Deadlines that close an action and the limit of "
            "moves hold. `ask`: the fee is due, and the practice is asked to waive it."
        ),
    ] = "usual"


Reasons = Annotated[
    list[ReasonRule] | None,
    Field(
        min_length=1,
        max_length=MOST_REASONS,
        description="The practice's own list of reasons, in its order. The code "
        f"`{OTHER}` always exists: if it is not listed, it is the last one, with the usual cost. "
        "Absent or null: clients choose one of the standard codes, which change nothing.",
    ),
]

"""The request schema of a policy's allowance, with its bounds."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from app.domain.policy.allowance import MOST_FREE
from app.domain.policy.document import CALENDAR_YEAR
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody, distinct

_MOST_DAYS = 366
Changeable = Literal["cancel", "reschedule"]


def _per(value: object) -> object:
    """Check the time over which uses are counted: the calendar year, or a number of days."""
    if value == CALENDAR_YEAR:
        return value
    days = value.get("days") if isinstance(value, dict) and len(value) == 1 else None
    if type(days) is not int or not 1 <= days <= _MOST_DAYS:
        raise InvalidValueError("field.allowance-per")
    return value


Per = Annotated[
    str | dict[str, int],
    BeforeValidator(_per),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "string", "const": CALENDAR_YEAR},
                {
                    "type": "object",
                    "properties": {
                        "days": {"type": "integer", "minimum": 1, "maximum": _MOST_DAYS}
                    },
                    "required": ["days"],
                    "additionalProperties": False,
                },
            ],
            "examples": [CALENDAR_YEAR],
        }
    ),
]


class AllowanceRule(RequestBody):
    """So many changes of a client cost nothing, counted over all their sessions at the practice.

    Such a change needs the quote that shows it. It lifts fees, forfeits and what a move carries;
    no deadline, no limit. The client may pay instead, and keep it.
    """

    free: Annotated[
        int, Field(strict=True, ge=1, le=MOST_FREE, description="How many.", examples=[2])
    ]
    per: Annotated[
        Per,
        Field(
            description="`calendar_year`: a use counts until the end of its year. `{days: 365}`: "
            "until the start of the day so many days after its own. Both in the practitioner's "
            "zone at the time of booking, by when the client has changed the session."
        ),
    ]
    actions: Annotated[
        tuple[Changeable, ...],
        AfterValidator(distinct),
        # pydantic writes `minLength` for a list that a function has checked.
        WithJsonSchema(
            {
                "type": "array",
                "items": {"type": "string", "enum": list(get_args(Changeable))},
                "minItems": 1,
                "uniqueItems": True,
            }
        ),
        Field(
            alias="for",
            min_length=1,
            description="For what. An absence counts as `cancel`. For `reschedule` alone, a move "
            "still carries the cost of a cancellation.",
            examples=[["cancel", "reschedule"]],
        ),
    ]

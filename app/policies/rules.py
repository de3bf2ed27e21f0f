"""The rules of a policy as they are written: strict and bounded (product.md section 2).

They are stored in the shape that app/policies/stored.py reads.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from app.directory.sums import LARGEST_STORED
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody, TimeOfDay

MAX_TIERS = 20
YEAR_IN_MINUTES = 366 * 24 * 60
WHOLE_PRICE = Decimal(100)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,2})?", re.ASCII)


def _percent(value: object) -> object:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    text = str(value) if is_number else value
    if not isinstance(text, str) or not _PERCENT.fullmatch(text) or Decimal(text) > WHOLE_PRICE:
        raise InvalidValueError("field.percent")
    return Decimal(text)


Percent = Annotated[
    Decimal,
    BeforeValidator(_percent),
    # A number is taken as well; with one type, generated clients stay simple.
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})?$", "examples": ["50"]}
    ),
]


class DeadlineRule(RequestBody):
    """Until when: either `before_minutes`, or `days_before` together with `at`.

    Exactly on the deadline is still in time.
    """

    before_minutes: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=YEAR_IN_MINUTES,
            description="Elapsed minutes before the start: 1440 is 24 hours, whatever clocks do.",
        ),
    ] = None
    days_before: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=366,
            description="Calendar days before the day of the start, where the practitioner is. "
            "0 is the day itself.",
        ),
    ] = None
    at: Annotated[
        TimeOfDay | None, Field(description="The wall-clock time on that day, like `17:00`.")
    ] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        wall_clock = (self.days_before is not None, self.at is not None)
        expected = (False, False) if self.before_minutes is not None else (True, True)
        if wall_clock != expected:
            raise InvalidValueError("field.deadline-kind")
        return self


class FeeTier(RequestBody):
    """What it costs once `deadline` has passed: either `percent` or `amount_minor`.

    Of several tiers the tightest that has passed applies. With none passed it is free.
    """

    deadline: DeadlineRule
    percent: Annotated[
        Percent | None,
        Field(
            description="Of the price that the session was booked at, with up to 2 decimals. "
            "A JSON number is taken as well."
        ),
    ] = None
    amount_minor: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=LARGEST_STORED,
            description="A fixed fee in minor units of the practice's currency: at most a hundred "
            "times the price of the policy's service, or of the dearest active service where the "
            "policy is of no single one; and at most ten million of the currency.",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_fee(self) -> Self:
        if (self.percent is None) == (self.amount_minor is None):
            raise InvalidValueError("field.fee-kind")
        return self


Enabled = Annotated[
    bool, Field(strict=True, description="False: the client may never do this himself.")
]
Closes = Annotated[
    DeadlineRule | None,
    Field(description="After this the client can no longer do it. Null: open until the start."),
]
Fees = Annotated[
    tuple[FeeTier, ...], Field(max_length=MAX_TIERS, description="Empty: always free.")
]


class CancelRules(RequestBody):
    """Whether, until when and at what cost a client may cancel."""

    enabled: Enabled = True
    closes: Closes = None
    fees: Fees = ()
    late_credit: Annotated[
        Literal["returned", "forfeited"],
        Field(
            description="What becomes of the package credit that pays, once any tier has passed. "
            "A forfeited credit replaces the fee."
        ),
    ] = "returned"


class RescheduleRules(RequestBody):
    """Whether, until when, how often and at what cost a client may move a session.

    `closes` and `fees` are those of `cancel` where they are left out, each by itself, so that a
    move is no way around them. What cancelling costs at a move, less what the move charges, is
    carried along: cancelling later costs at least that.
    """

    enabled: Enabled = True
    closes: Annotated[
        DeadlineRule | None,
        Field(
            description="After this the client can no longer do it. Left out: that of `cancel`. "
            "Null: open until the start."
        ),
    ] = None
    fees: Annotated[
        list[FeeTier] | None,
        Field(
            max_length=MAX_TIERS,
            description="Left out: those of `cancel`. Null or empty: always free.",
        ),
    ] = None
    limit: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=1000,
            description="How many times one session may be moved by its client. Null: any number.",
        ),
    ] = None
    max_days_from_original: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=366,
            description="How many days away from the date it was booked for. Null: any.",
        ),
    ] = None


class ChangeFormatRules(RequestBody):
    """Whether, until when and at what cost a client may change format or place at the same time.

    While this is not possible, or not free, a move to another time keeps format and place.
    """

    enabled: Enabled = True
    closes: Closes = None
    fees: Fees = ()


class PolicyRules(RequestBody):
    """What clients may do themselves, until when, at what cost. `{}`: free until the start.

    They bind clients only: staff may do everything, and say whether a fee applies.
    """

    cancel: CancelRules = CancelRules()
    reschedule: RescheduleRules = RescheduleRules()
    change_format: ChangeFormatRules = ChangeFormatRules()

    def document(self) -> dict[str, Any]:
        """Give the rules as they are stored: what was said, without what was left open.

        Null is left open too, but where it stands for something else than a field left out.
        """
        document = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        for name in ("closes", "fees"):
            if name in self.reschedule.model_fields_set and getattr(self.reschedule, name) is None:
                document["reschedule"][name] = None
        return document

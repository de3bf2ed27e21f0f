"""Request schemas of a policy's rules, with their bounds (product.md section 2).

app/policies/stored.py describes the shape in which they are stored.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from app.directory.sums import LARGEST_STORED
from app.policies.allowance_rules import AllowanceRule
from app.policies.reason_rules import Reasons
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody, TimeOfDay

MAX_TIERS = 20
YEAR_IN_MINUTES = 366 * 24 * 60
LONGEST_GRACE = 30 * 24 * 60
# Within a year, even for a practice that works on one day a week.
MOST_WORKING_DAYS = 50
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
    # A number is accepted too; a single documented type keeps generated clients simple.
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})?$", "examples": ["50"]}
    ),
]


class DeadlineRule(RequestBody):
    """A deadline: `before_minutes`, or `days_before` or `working_days` together with `at`.

    The exact instant of the deadline is still in time.
    """

    before_minutes: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=YEAR_IN_MINUTES,
            description="Elapsed minutes before the start, independent of DST: 1440 is 24 hours.",
        ),
    ] = None
    days_before: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=366,
            description="Calendar days before the date of the start, in the practitioner's zone. "
            "0 is the date itself.",
        ),
    ] = None
    working_days: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=MOST_WORKING_DAYS,
            description="Working days of the practice before the date of the start: all days but "
            "its closed weekdays and its holidays. 0 is the date itself. The instant is calculated "
            "when a session is booked and when its start changes; holidays that are written later "
            "do not change it. It lies 366 days before the date at most.",
        ),
    ] = None
    at: Annotated[
        TimeOfDay | None, Field(description="The wall-clock time on that day, for example `17:00`.")
    ] = None

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        kinds = (self.before_minutes, self.days_before, self.working_days)
        is_one = sum(kind is not None for kind in kinds) == 1
        if not is_one or (self.at is None) != (self.before_minutes is not None):
            raise InvalidValueError("field.deadline-kind")
        return self


class FeeTier(RequestBody):
    """The fee after `deadline` has passed: either `percent` or `amount_minor`.

    The last tier that has passed applies. Before the first tier has passed, the action is free.
    """

    deadline: DeadlineRule
    percent: Annotated[
        Percent | None,
        Field(
            description="Percentage of the session's price at booking, with up to 2 decimals. "
            "A JSON number is accepted too."
        ),
    ] = None
    amount_minor: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=LARGEST_STORED,
            description="A fixed fee in minor units of the practice's currency: at most a hundred "
            "times the price of the policy's service, or of the most expensive active service if "
            "the policy is not a service's; and at most ten million of the currency.",
        ),
    ] = None

    @model_validator(mode="after")
    def _check_one_fee(self) -> Self:
        if (self.percent is None) == (self.amount_minor is None):
            raise InvalidValueError("field.fee-kind")
        return self


Enabled = Annotated[
    bool, Field(strict=True, description="False: clients may never do this themselves.")
]
Closes = Annotated[
    DeadlineRule | None,
    Field(description="Clients cannot do this after the deadline. Null: open until the start."),
]
Fees = Annotated[
    tuple[FeeTier, ...], Field(max_length=MAX_TIERS, description="Empty: always free.")
]


class RefilledRule(RequestBody):
    """How much of a freed time other clients must take."""

    covered_percent: Annotated[
        int,
        Field(
            strict=True,
            ge=1,
            le=100,
            description="The share of the freed minutes in which other clients have sessions with "
            "the practitioner, as of the freed start.",
            examples=[80],
        ),
    ]


class CancelRules(RequestBody):
    """Rules for cancelling: whether, until when and at what cost clients may do it."""

    enabled: Enabled = True
    closes: Closes = None
    fees: Fees = ()
    late_credit: Annotated[
        Literal["returned", "forfeited"],
        Field(
            description="What happens to a package credit that pays for the session, after the "
            "first tier has passed. A forfeited credit replaces the fee."
        ),
    ] = "returned"
    refilled: Annotated[
        RefilledRule | None,
        Field(
            description="If other clients take the freed time, the fee of the cancellation is "
            "forgiven and a forfeited credit is returned. Null: never."
        ),
    ] = None
    release: Annotated[
        bool | None,
        Field(
            strict=True,
            description="Where cancelling costs something, whether clients may give up their time "
            "only if somebody who waits takes it: then cancelling costs nothing. Absent or null: "
            "yes if `refilled` is set, else no.",
        ),
    ] = None


class FreeIfWithinRule(RequestBody):
    """To which targets a move costs no fee: either `days`, or `same_iso_week`.

    Both count from the date for which the session was booked, in the practitioner's zone.
    """

    days: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=366,
            description="At most so many days before or after that date. 0 is the date itself.",
            examples=[7],
        ),
    ] = None
    same_iso_week: Annotated[
        Literal[True] | None,
        Field(description="In the ISO week of that date, Monday to Sunday.", examples=[None]),
    ] = None

    @model_validator(mode="after")
    def _check_one_kind(self) -> Self:
        if (self.days is None) == (self.same_iso_week is None):
            raise InvalidValueError("field.free-if-within")
        return self


class RescheduleRules(RequestBody):
    """Rules for moving: whether, until when, how often and at what cost clients may do it.

    If `closes` or `fees` is absent, the value of `cancel` applies, so that a move cannot circumvent
    it. The cost of cancelling at the time of a move, minus the fee of the move, is carried: a later
    cancellation costs at least that.
    """

    enabled: Enabled = True
    closes: Annotated[
        DeadlineRule | None,
        Field(
            description="Clients cannot do this after the deadline. Absent: as for `cancel`. "
            "Null: open until the start."
        ),
    ] = None
    fees: Annotated[
        list[FeeTier] | None,
        Field(
            max_length=MAX_TIERS,
            description="Absent: as for `cancel`. Null or empty: always free.",
        ),
    ] = None
    limit: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=1000,
            description="How many times a client may move one session. Null: no limit.",
        ),
    ] = None
    max_days_from_original: Annotated[
        int | None,
        Field(
            strict=True,
            ge=0,
            le=366,
            description="Maximum distance in days of a new date from the booked date. Null: no "
            "limit.",
        ),
    ] = None
    free_if_within: Annotated[
        FreeIfWithinRule | None,
        Field(
            description="Targets to which a move costs no fee. Such a move counts towards the "
            "limit, is refused after the deadline, and carries the cost of a cancellation. Null: "
            "all targets have the same fee."
        ),
    ] = None


class ChangeFormatRules(RequestBody):
    """Rules for a change of format or location at the same time.

    While such a change is refused or not free, a move to another time must keep the format and the
    location.
    """

    enabled: Enabled = True
    closes: Closes = None
    fees: Fees = ()


class RebookRules(RequestBody):
    """After a cancelled or missed session clients may book it again for so many days."""

    days: Annotated[
        int,
        Field(
            strict=True,
            ge=1,
            le=366,
            description="How many elapsed days after the cancellation, or after the start of a "
            "missed session.",
        ),
    ]
    fee: Annotated[
        Literal["stands", "credited"],
        Field(
            description="What becomes of the fee of that end. `stands`: it stays as it is, and so "
            "does a forfeited credit. `credited`: a fee that is due is forgiven, and the session "
            "carries it: a later cancellation costs at least that. A settled fee is deducted from "
            "what a later cancellation costs. A forfeited credit pays again."
        ),
    ] = "stands"


class PolicyRules(RequestBody):
    """What clients may do themselves, until when, and at what cost. `{}`: free until the start.

    The rules bind clients only. Staff may always act, and decide whether a fee applies.
    """

    cancel: CancelRules = CancelRules()
    reschedule: RescheduleRules = RescheduleRules()
    change_format: ChangeFormatRules = ChangeFormatRules()
    free_after_practice_move: Annotated[
        Literal["until_start"] | None,
        Field(
            description="After staff have moved a session to another start, the client's next "
            "cancellation or move is free until the start and does not count; no deadline closes "
            "it. Null: the rules above hold."
        ),
    ] = "until_start"
    grace_minutes: Annotated[
        int | None,
        Field(
            strict=True,
            ge=1,
            le=LONGEST_GRACE,
            description="For so many elapsed minutes after the booking, at most until two hours "
            "before the start, cancelling and moving are free and do not count. No deadline that "
            "closes an action is lifted. Absent or null: no grace.",
            examples=[60],
        ),
    ] = None
    rebook: Annotated[
        RebookRules | None,
        Field(
            description="Whether clients may book a cancelled or missed session again, at an "
            "available time. Null: they may not."
        ),
    ] = None
    reasons: Reasons = None

    allowance: Annotated[
        AllowanceRule | None,
        Field(description="Changes of a client that cost nothing. Null: there are none."),
    ] = None

    def document(self) -> dict[str, Any]:
        """Give the rules as the document to store, without absent fields.

        Null counts as absent, except for the fields for which it has a meaning.
        """
        document = self.model_dump(
            mode="json", exclude_unset=True, exclude_none=True, by_alias=True
        )
        for name in ("closes", "fees"):
            if name in self.reschedule.model_fields_set and getattr(self.reschedule, name) is None:
                document["reschedule"][name] = None
        if self.free_after_practice_move is None:
            document["free_after_practice_move"] = None
        return document

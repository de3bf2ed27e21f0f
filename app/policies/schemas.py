"""Request and response schemas of policy versions."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from typing_extensions import TypeAliasType

from app.policies.records import Level, level_of
from app.policies.rules import PolicyRules
from app.texts.errors import InvalidValueError
from app.web.json import Answer
from app.web.pagination import ListQuery, PageAnswer
from app.web.types import Id, NextCursor, PageLimit, QueryParameters, RequestBody, no_nul, not_blank

PolicyLevel = TypeAliasType("PolicyLevel", Literal["service", "practitioner", "practice", "none"])
PolicyWarningCode = TypeAliasType(
    "PolicyWarningCode",
    Literal[
        "move-cheaper",
        "tier-never-applies",
        "reminder-too-late",
        "fee-above-price",
        "deadline-on-closed-day",
        "allowance-never-applies",
        "every-reason-free",
    ],
)
_SERVICE_ID = "5d7f6c0a-54a5-4c63-a3c0-1a0d4c9f7e21"
_PRACTITIONER_ID = "e8b7a5d2-0f9c-4e3b-9d41-7c5b2a1f6e05"
DAY_AHEAD: dict[str, Any] = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}],
        "late_credit": "forfeited",
    },
    "reschedule": {"closes": {"before_minutes": 120}, "limit": 2},
}
EVENING_BEFORE: dict[str, Any] = {
    "cancel": {
        "fees": [
            {"deadline": {"days_before": 1, "at": "17:00"}, "amount_minor": 2500},
            {"deadline": {"before_minutes": 120}, "amount_minor": 4500},
        ]
    },
    "reschedule": {"fees": [], "max_days_from_original": 30},
    "change_format": {"enabled": False},
}


def _empty_or_visible(value: str) -> str:
    return not_blank(value) if value else value


class PolicyOf(RequestBody):
    """Whose policy it is: a service's, a practitioner's, or the whole practice's."""

    service_id: Annotated[Id | None, Field(description="Set for the policy of this service.")] = (
        None
    )
    practitioner_id: Annotated[
        Id | None,
        Field(description="Set for the policy of this practitioner. Neither: the practice's."),
    ] = None

    @field_validator("practitioner_id")
    @classmethod
    def _check_one_level(cls, practitioner_id: UUID | None, info: ValidationInfo) -> UUID | None:
        if practitioner_id is not None and info.data.get("service_id") is not None:
            raise InvalidValueError("field.one-policy-level")
        return practitioner_id

    @property
    def level(self) -> Level:
        """Give the level: service, practitioner or practice."""
        return level_of(self.service_id, self.practitioner_id)


class NewPolicy(PolicyOf):
    """The next version of a policy: of a service, of a practitioner, or of the whole practice."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Please tell us a day ahead.", "rules": DAY_AHEAD},
                {
                    "service_id": _SERVICE_ID,
                    "text": "By five o'clock the day before it is free.",
                    "rules": EVENING_BEFORE,
                },
                {"practitioner_id": _PRACTITIONER_ID, "text": "Just tell me.", "rules": {}},
            ]
        }
    )
    text: Annotated[
        str,
        StringConstraints(strict=True, max_length=5000),
        AfterValidator(no_nul),
        AfterValidator(_empty_or_visible),
        Field(
            description="Text for clients, shown to them as written. Empty, or with at least one "
            "visible character."
        ),
    ] = ""
    rules: Annotated[
        PolicyRules | None,
        Field(description="Null: this level has no policy from here on; the next level's applies."),
    ]

    def document(self) -> dict[str, Any] | None:
        """Give the rules as the document to store; None: no policy from here on."""
        return None if self.rules is None else self.rules.document()


class PoliciesQuery(ListQuery):
    """Filters and page of a list of versions."""

    service: Annotated[Id | None, Field(description="Filter by service.")] = None
    practitioner: Annotated[Id | None, Field(description="Filter by practitioner.")] = None
    level: Annotated[
        Level | None,
        Field(description="Filter by level: service, practitioner or practice."),
    ] = None
    limit: PageLimit = 20
    cursor: NextCursor = None


class ResolveQuery(QueryParameters):
    """The service and the practitioner of a possible booking."""

    service: Annotated[Id, Field(description="The service's id.")]
    practitioner: Annotated[Id, Field(description="The practitioner's id.")]


class PolicyVersionView(Answer):
    """One version of a policy. It never changes."""

    id: UUID
    level: Level
    service_id: UUID | None
    practitioner_id: Annotated[UUID | None, Field(examples=[None])]
    version: Annotated[int, Field(description="Counts from 1 for each policy.", examples=[2])]
    text: Annotated[str, Field(examples=["Please tell us a day ahead."])]
    rules: Annotated[
        dict[str, Any] | None,
        Field(
            description="The rules in the shape of `PolicyRules`; absent fields have their "
            "defaults. Null: the level has no policy from this version on.",
            examples=[DAY_AHEAD],
        ),
    ]
    created_at: datetime


class PolicyWarningView(Answer):
    """What may not be meant by the rules."""

    code: PolicyWarningCode
    pointer: Annotated[
        str,
        Field(description="The part of the request.", examples=["/rules/cancel/fees/1"]),
    ]
    service_id: Annotated[UUID | None, Field(examples=[None])]
    sentence: Annotated[str, Field(examples=["This tier never applies: another one does."])]


class PolicyProof(Answer):
    """The rules in sentences, and what may not be meant by them, in the reader's language."""

    sentences: Annotated[
        list[str],
        Field(
            description="In the order of the rules. A tier is told as for a start at noon.",
            examples=[["Cancel free of charge until 24 hours before the start."]],
        ),
    ]
    warnings: list[PolicyWarningView]


class NewPolicyVersion(PolicyVersionView):
    """The version that was added. `proof` is null if it has no rules."""

    proof: PolicyProof | None


class PolicyVersionPage(PageAnswer[PolicyVersionView]):
    """A page of versions, newest first. `next_cursor` is null on the last page."""


class ResolvedPolicy(Answer):
    """The version that applies to a new booking. `policy` null: free until the start."""

    policy: PolicyVersionView | None
    level: Annotated[
        PolicyLevel,
        Field(description="The level of the policy."),
    ]
    reason: Annotated[
        str,
        Field(
            description="A sentence that explains the choice.",
            examples=["The service has a policy of its own, in version 2."],
        ),
    ]

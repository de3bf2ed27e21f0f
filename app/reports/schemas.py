"""Request and response schemas of reports."""

from datetime import date
from typing import Annotated

from pydantic import Field

from app.reports.records import GroupBy
from app.web.json import Answer
from app.web.types import Day, QueryParameters
from app.web.views import MoneyView


class ReportQuery(QueryParameters):
    """The days of a report, and by what it adds up."""

    first: Annotated[
        Day, Field(alias="from", description="First day, a local date of each practitioner.")
    ]
    last: Annotated[
        Day, Field(alias="to", description="Last day, inclusive; at most 366 days in total.")
    ]
    group_by: Annotated[GroupBy, Field(description="By what the report adds up.")]


class ReportFees(Answer):
    """The fees that were recorded in that time, by what has become of them since.

    A fee that was taken back with its cause is in none of them.
    """

    due: Annotated[MoneyView, Field(description="Still to be collected.")]
    waived: Annotated[MoneyView, Field(description="The practice no longer asks for them.")]
    forgiven: Annotated[MoneyView, Field(description="A rule of the policy lifted them.")]
    settled: Annotated[MoneyView, Field(description="Paid.")]


class ReportRefills(Answer):
    """Cancellations whose cost falls away if others take the freed time."""

    judged: Annotated[int, Field(description="Those whose time has come.")]
    refilled: Annotated[int, Field(description="Of these, those whose time others took.")]
    share: Annotated[
        float | None,
        Field(description="`refilled / judged`; null if there are none.", examples=[0.75]),
    ]


class ReportSums(Answer):
    """What has happened. What was taken back is not counted."""

    cancellations: Annotated[int, Field(description="By clients.", examples=[4])]
    moves: Annotated[int, Field(description="By clients, accepted offers included.", examples=[7])]
    no_shows: Annotated[int, Field(description="Missed sessions.", examples=[1])]
    refused_attempts: Annotated[
        int,
        Field(
            description="How often the policy refused clients something. Their reason and notice "
            "are not known.",
            examples=[2],
        ),
    ]
    fees: Annotated[ReportFees, Field(description="Fees by their present status.")]
    refills: Annotated[ReportRefills, Field(description="Freed times that others took.")]
    offers_accepted: Annotated[
        int, Field(description="Times that clients who waited have taken.", examples=[2])
    ]


class ReportRowView(ReportSums):
    """The sums of one reason, notice, practitioner, service or month."""

    key: Annotated[
        str | None,
        Field(
            description="By `group_by`: a reason's code; a notice (`over_7d`, `48h_to_7d`, "
            "`24h_to_48h`, `2h_to_24h`, `under_2h`, `after_start`); an id; or a month such as "
            "`2026-11`. Null: not known, or without a reason.",
            examples=["2026-11"],
        ),
    ]
    name: Annotated[
        str | None,
        Field(description="Of a practitioner or a service, else null.", examples=[None]),
    ]


class ReportAnswer(Answer):
    """What has changed in a time. Rows without anything are left out."""

    first: Annotated[date, Field(serialization_alias="from", description="As asked for.")]
    last: Annotated[date, Field(serialization_alias="to", description="As asked for.")]
    group_by: Annotated[GroupBy, Field(description="As asked for.")]
    rows: Annotated[list[ReportRowView], Field(description="By name, else by key; null last.")]
    total: Annotated[ReportSums, Field(description="The sum of all rows.")]

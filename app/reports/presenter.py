"""Present a report as JSON, or as a table for spreadsheets."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO

from app.domain.money import Money
from app.reports.records import MEASURES, ReportRow, total_of
from app.reports.schemas import (
    ReportAnswer,
    ReportFees,
    ReportQuery,
    ReportRefills,
    ReportRowView,
    ReportSums,
)
from app.standards.currencies import decimals_of
from app.web.views import present_amount

_FEES = ("due", "waived", "forgiven", "settled")
# A spreadsheet reads a cell that begins with one of these as a formula.
_BEGIN_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# Without it, spreadsheets read the file in an encoding of the reader's country.
_BYTE_ORDER_MARK = "\ufeff"


def present_report(query: ReportQuery, rows: Sequence[ReportRow], currency: str) -> ReportAnswer:
    """Present the rows of a report, and their sum."""
    return ReportAnswer(
        first=query.first,
        last=query.last,
        group_by=query.group_by,
        rows=[
            ReportRowView(key=row.key, name=row.name, **_sums(row.sums, currency)) for row in rows
        ],
        total=ReportSums(**_sums(total_of(rows).sums, currency)),
    )


def write_csv(query: ReportQuery, rows: Sequence[ReportRow], currency: str) -> str:
    """Write the rows as comma-separated values (RFC 4180), with fees as decimal numbers."""
    decimals = decimals_of(currency)
    text = StringIO()
    table = csv.writer(text)
    table.writerow([query.group_by.value, "name", *MEASURES, "currency"])
    for row in rows:
        sums = [
            f"{number / 10**decimals:.{decimals}f}" if name.startswith("fees_") else number
            for name, number in row.sums.items()
        ]
        table.writerow([_cell(row.key), _cell(row.name), *sums, currency])
    return _BYTE_ORDER_MARK + text.getvalue()


def _sums(sums: Mapping[str, int], currency: str) -> dict[str, object]:
    judged, refilled = sums["refills_judged"], sums["refilled"]
    fees = {name: present_amount(Money(sums[f"fees_{name}"], currency)) for name in _FEES}
    return {
        **{name: sums[name] for name in ("cancellations", "moves", "no_shows")},
        "refused_attempts": sums["refused_attempts"],
        "fees": ReportFees(**fees),
        "refills": ReportRefills(
            judged=judged, refilled=refilled, share=round(refilled / judged, 4) if judged else None
        ),
        "offers_accepted": sums["offers_accepted"],
    }


def _cell(text: str | None) -> str:
    """Write a text so that no spreadsheet takes it for a formula."""
    if text is None:
        return ""
    return f"'{text}" if text.startswith(_BEGIN_A_FORMULA) else text

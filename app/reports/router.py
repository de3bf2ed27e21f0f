"""`GET /v1/practice/reports/changes`: what clients cancel and move, and what it costs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from app.directory.practice.queries import currency_of
from app.identity.staff_dependencies import StaffReader
from app.reports.presenter import present_report, write_csv
from app.reports.queries import read_report
from app.reports.schemas import ReportAnswer, ReportQuery
from app.web.dependencies import Reading
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1/practice/reports", tags=["Practice: reports"])

JSON, CSV = "application/json", "text/csv"
_CSV_EXAMPLE = (
    "month,name,cancellations,moves,no_shows,refused_attempts,fees_due,fees_waived,fees_forgiven,"
    "fees_settled,refills_judged,refilled,offers_accepted,currency\r\n"
    "2026-11,,4,7,1,2,60.00,0.00,120.00,60.00,3,2,2,USD\r\n"
)
_AS_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report.",
        "content": {CSV: {"schema": {"type": "string"}, "example": _CSV_EXAMPLE}},
    }
}


@router.get(
    "/changes",
    summary="Report changes",
    response_model=ReportAnswer,
    responses=_AS_CSV | responses(*READING_BY_STAFF),
)
async def get_practice_change_report(
    query: Annotated[ReportQuery, Query()], request: Request, staff: StaffReader, db: Reading
) -> Response:
    """Add up cancellations, moves, no-shows, fees, refills and offers of a time.

    Each counts on the local day of its practitioner on which it happened. With `Accept: text/csv`
    the answer is a table for spreadsheets: UTF-8 with a byte order mark, one line for each row with
    the names of its columns in the first, fees as decimal numbers. A text that a spreadsheet would
    take for a formula begins with `'`. For an API key with the scope `read`, all that a reason was
    given for has the key null by `reason`.
    """
    rows = await read_report(
        db,
        staff.practice_id,
        query.first,
        query.last,
        query.group_by,
        with_reasons=staff.scope.sees_reasons,
    )
    currency = await currency_of(db, staff.practice_id)
    accepted = parse_accept_header(request.headers.get("Accept", JSON), MIMEAccept)
    if accepted.best_match([JSON, CSV]) != CSV:
        answer = json_answer(present_report(query, rows, currency))
    else:
        name = f"changes-{query.first}-{query.last}.csv"
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        answer = Response(write_csv(query, rows, currency), headers=headers, media_type=CSV)
    answer.headers.add_vary_header("Accept")
    return answer

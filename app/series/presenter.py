"""Present series to staff, with times in the series' zone."""

from app.series import schemas
from app.series.commands import BookedSeries, SeriesPlan
from app.series.queries import SeriesRecord
from app.sessions.client_api.reasons import ReasonVisibility
from app.sessions.staff_api.presenter import present_staff_summary
from app.web.views import present_conflicts


def present_series(record: SeriesRecord, reasons: ReasonVisibility) -> schemas.SeriesView:
    """Present a series with its sessions."""
    return {
        "id": record.id,
        "client_id": record.client_id,
        "time_zone": record.zone.key,
        "created_at": record.created_at,
        "sessions": [
            present_staff_summary(found, record.zone, reasons=reasons) for found in record.sessions
        ],
    }


def present_preview(plan: SeriesPlan) -> schemas.SeriesAnswer:
    """Present the dates of a series that is not booked."""
    return {
        "series": None,
        "dates": [
            {
                "session_id": None,
                "starts_at": meeting.starts_at.astimezone(plan.zone),
                "ends_at": meeting.ends_at.astimezone(plan.zone),
            }
            for meeting in plan.meetings
        ],
        "conflicts": present_conflicts(plan.conflicts, plan.zone),
        "command_id": None,
    }


def present_booked_series(booked: BookedSeries) -> schemas.SeriesAnswer:
    """Present a series that was just booked, and the dates that were left out."""
    series = present_series(booked.series, ReasonVisibility.ALL_NOTES)
    return {
        "series": series,
        "dates": [
            {
                "session_id": session["id"],
                "starts_at": session["starts_at"],
                "ends_at": session["ends_at"],
            }
            for session in series["sessions"]
        ],
        "conflicts": present_conflicts(booked.plan.conflicts, booked.plan.zone),
        "command_id": booked.command_id,
    }

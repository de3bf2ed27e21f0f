"""Presents hours, and booked sessions that do not fit."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any

from app.domain.availability import HoursInterval
from app.schedule.hours.commands import NewDate, NewWeek
from app.schedule.hours.misfits import MisfitGroup, MisfitRecord, Misfits
from app.schedule.hours.records import DayHours, clock_of
from app.schedule.hours.schemas import (
    IntervalView,
    MisfitGroupView,
    MisfitReport,
    MisfitView,
    OverrideAnswer,
    OverridePage,
    OverrideView,
    WeeklyIntervalView,
    WorkingHoursAnswer,
    WorkingHoursPage,
)


def present_week(week: Sequence[DayHours]) -> WorkingHoursPage:
    """Present the weekly hours."""
    return WorkingHoursPage(items=_week(week), next_cursor=None)


def present_new_week(found: NewWeek) -> WorkingHoursAnswer:
    """Present the weekly hours after a change, with the sessions that do not fit."""
    return WorkingHoursAnswer(items=_week(found.week), misfits=present_misfits(found.misfits))


def present_overrides(overrides: Mapping[date, Sequence[HoursInterval]]) -> OverridePage:
    """Present the overridden dates."""
    items = [
        OverrideView(date=day, intervals=_intervals(intervals))
        for day, intervals in overrides.items()
    ]
    return OverridePage(items=items, next_cursor=None)


def present_new_date(found: NewDate) -> OverrideAnswer:
    """Present a date after a change, with the sessions that do not fit."""
    return OverrideAnswer(
        date=found.day,
        intervals=_intervals(found.intervals),
        misfits=present_misfits(found.misfits),
    )


def present_misfits(misfits: Misfits) -> MisfitReport:
    """Present the sessions that do not fit, with times in UTC."""
    return MisfitReport(
        count=misfits.count,
        items=[_misfit(found) for found in misfits.first],
        groups=[MisfitGroupView(**_fields(found)) for found in misfits.groups],
    )


def _misfit(record: MisfitRecord) -> MisfitView:
    return MisfitView(
        **_fields(record),
        client_id=record.client_id,
        group_id=record.group_id,
        move_request_id=record.move_request_id,
    )


def _fields(record: MisfitRecord | MisfitGroup) -> dict[str, Any]:
    return {
        "id": record.id,
        "practitioner_id": record.practitioner_id,
        "starts_at": record.starts_at.astimezone(UTC),
        "ends_at": record.ends_at.astimezone(UTC),
        "format": record.format,
        "location_id": record.location_id,
        "reasons": record.reasons,
    }


def _week(week: Sequence[DayHours]) -> list[WeeklyIntervalView]:
    return [
        WeeklyIntervalView(
            weekday=weekday,
            start=clock_of(interval.start_minute),
            end=clock_of(interval.end_minute),
            format=interval.format,
            location_id=interval.location_id,
        )
        for weekday, interval in week
    ]


def _intervals(intervals: Sequence[HoursInterval]) -> list[IntervalView]:
    return [
        IntervalView(
            start=clock_of(interval.start_minute),
            end=clock_of(interval.end_minute),
            format=interval.format,
            location_id=interval.location_id,
        )
        for interval in intervals
    ]

"""Presents holidays."""

from app.schedule.holidays.commands import NewHolidays
from app.schedule.holidays.records import ClosedTimes
from app.schedule.holidays.schemas import HolidaysAnswer, HolidaysView, HolidayView
from app.schedule.hours.presenter import present_misfits


def present_holidays(closed: ClosedTimes) -> HolidaysView:
    """Present the holidays and the closed weekdays."""
    return HolidaysView(dates=_dates(closed), closed_weekdays=closed.weekdays)


def present_new_holidays(found: NewHolidays) -> HolidaysAnswer:
    """Present the holidays and the closed weekdays after a change, with the misfits."""
    return HolidaysAnswer(
        dates=_dates(found.closed),
        closed_weekdays=found.closed.weekdays,
        misfits=present_misfits(found.misfits),
    )


def _dates(closed: ClosedTimes) -> list[HolidayView]:
    return [HolidayView(date=holiday.date, name=holiday.name) for holiday in closed.holidays]

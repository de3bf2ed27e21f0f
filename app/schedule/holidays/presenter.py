"""Presents holidays."""

from collections.abc import Sequence

from app.schedule.holidays.commands import NewHolidays
from app.schedule.holidays.records import Holiday
from app.schedule.holidays.schemas import HolidaysAnswer, HolidaysView, HolidayView
from app.schedule.hours.presenter import present_misfits


def present_holidays(holidays: Sequence[Holiday]) -> HolidaysView:
    """Present the holidays."""
    return HolidaysView(dates=_dates(holidays))


def present_new_holidays(found: NewHolidays) -> HolidaysAnswer:
    """Present the holidays after a change, with the sessions that do not fit."""
    return HolidaysAnswer(dates=_dates(found.holidays), misfits=present_misfits(found.misfits))


def _dates(holidays: Sequence[Holiday]) -> list[HolidayView]:
    return [HolidayView(date=holiday.date, name=holiday.name) for holiday in holidays]

"""Presents the practice itself to staff."""

from collections.abc import Mapping
from typing import Any

from app.directory.practice.schemas import PracticeRecord
from app.standards.currencies import decimals_of


def present_practice(practice: Mapping[str, Any]) -> PracticeRecord:
    """Present the practice, with the decimals of its currency."""
    return PracticeRecord(**practice, currency_decimals=decimals_of(practice["currency"]))

"""Presents the practice itself to staff."""

from collections.abc import Mapping
from typing import Any

from app.directory.practice.schemas import PracticeRecord
from app.standards.currencies import decimals_of
from app.web.pictures import picture_path_if_any


def present_practice(practice: Mapping[str, Any]) -> PracticeRecord:
    """Present the practice, with the decimals of its currency and the path of its logo."""
    return PracticeRecord(
        **practice,
        currency_decimals=decimals_of(practice["currency"]),
        logo_url=picture_path_if_any(practice["id"], practice["logo"]),
    )

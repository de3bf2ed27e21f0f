"""Practitioners of a practice. They have no rules beyond those of all records."""

from typing import Any

from sqlalchemy import Select

from app.directory.records import Records
from app.directory.repository import RecordRepository
from app.tables.practices import Practitioner


class PractitionerRepository(RecordRepository):
    """Reads practitioners with the id of their practice, which is in the paths of photos."""

    def __init__(self) -> None:
        super().__init__(Practitioner)

    def shown(self) -> Select[*tuple[Any, ...]]:
        """Select what an answer contains of a practitioner."""
        return super().shown().add_columns(Practitioner.practice_id)


PRACTITIONERS = Records(PractitionerRepository(), "practitioner")

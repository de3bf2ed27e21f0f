"""Practitioners of a practice. They have no rules beyond those of all records."""

from app.directory.records import Records
from app.directory.repository import RecordRepository
from app.tables.practices import Practitioner

PRACTITIONERS = Records(RecordRepository(Practitioner), "practitioner")

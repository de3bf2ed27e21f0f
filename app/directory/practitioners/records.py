"""The practitioners of a practice: no rules of their own."""

from app.directory.records import Records
from app.directory.repository import RecordRepository
from app.tables.practices import Practitioner

PRACTITIONERS = Records(RecordRepository(Practitioner), "practitioner")

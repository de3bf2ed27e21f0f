"""The locations of a practice: no rules of their own."""

from app.directory.records import Records
from app.directory.repository import RecordRepository
from app.tables.practices import Location

LOCATIONS = Records(RecordRepository(Location), "location")

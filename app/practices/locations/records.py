"""The locations of a practice: no rules of their own."""

from app.practices.models import Location
from app.practices.records import Records
from app.practices.repository import RecordRepository

LOCATIONS = Records(RecordRepository(Location), "location")

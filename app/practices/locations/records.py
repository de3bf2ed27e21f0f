"""The locations of a practice: nothing is special about how they are kept."""

from app.practices.models import Location
from app.practices.records import Records

LOCATIONS = Records(Location, "location")

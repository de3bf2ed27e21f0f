"""The practitioners of a practice: nothing is special about how they are kept."""

from app.practices.models import Practitioner
from app.practices.records import Records

PRACTITIONERS = Records(Practitioner, "practitioner")

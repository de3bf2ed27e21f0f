"""The practitioners of a practice: no rules of their own."""

from app.practices.models import Practitioner
from app.practices.records import Records
from app.practices.repository import RecordRepository

PRACTITIONERS = Records(RecordRepository(Practitioner), "practitioner")

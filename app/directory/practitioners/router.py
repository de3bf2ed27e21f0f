"""`/v1/practice/practitioners`: the people who give sessions."""

from app.directory.fields import RecordQuery
from app.directory.practitioners.records import PRACTITIONERS
from app.directory.practitioners.schemas import (
    ChangePractitioner,
    NewPractitioner,
    PractitionerRecord,
    PractitionerRecordPage,
    PutPractitioner,
)
from app.directory.record_router import Descriptions, RecordApi, record_router

_DESCRIPTIONS = Descriptions(
    list="""
    List the practice's practitioners by name, in pages, including inactive ones.

    Follow `next_cursor` until it is null.
    """,
    get="Show a practitioner of the practice, active or not.",
    create="""
    Create a practitioner. They have no slots until their working hours are set.
    """,
    update="""
    Change the given fields of a practitioner. Other fields keep their values.

    With `active: false` the practitioner has no slots and cannot be booked; with `true` they can be
    booked again. Booked sessions never change, even if a new `time_zone` moves the working hours
    or a new limit is below the number of booked sessions. Clients can still cancel sessions of an
    inactive practitioner, but find no slot to reschedule them to.
    """,
    put="""
    Create or replace a practitioner by your own id: 201 if it is new, 200 if it exists.

    The call can be repeated: if nothing differs, nothing is written. A missing optional field is
    cleared, but a missing `active` keeps its value.
    """,
)
router = record_router(
    RecordApi(
        one="practitioner",
        many="practitioners",
        records=PRACTITIONERS,
        query=RecordQuery,
        record=PractitionerRecord,
        page=PractitionerRecordPage,
        new=NewPractitioner,
        change=ChangePractitioner,
        put=PutPractitioner,
        descriptions=_DESCRIPTIONS,
    )
)

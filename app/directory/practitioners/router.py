"""`/v1/practice/practitioners`: who gives sessions."""

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
    List the practice's practitioners by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """,
    get="Show a practitioner of the practice, active or not.",
    create="""
    Make a practitioner. Working hours are given to him afterwards: before, he has no slots.
    """,
    update="""
    Change what is named of a practitioner, and leave the rest as it is.

    `active: false` takes all his slots off offer, and he cannot be booked any more; `true` brings
    them back. Sessions that are booked stay as they are, always: also where a new `time_zone`
    puts his working hours elsewhere, or a new limit is below what is booked already. They can
    still be cancelled; their clients find no slot to move them to.
    """,
    put="""
    Write the whole practitioner under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. What may be empty
    and is left out is cleared, but `active` stays as it is where it is left out.
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

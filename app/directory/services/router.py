"""`/v1/practice/services`: what can be booked."""

from app.directory.fields import RecordQuery
from app.directory.record_router import Descriptions, RecordApi, record_router
from app.directory.services.records import SERVICES
from app.directory.services.schemas import (
    ChangeService,
    NewService,
    PutService,
    ServiceRecord,
    ServiceRecordPage,
)

_DESCRIPTIONS = Descriptions(
    list="""
    List the practice's services by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """,
    get="Show a service of the practice with its formats, active or not.",
    create="Make a service. It needs a format at least; the price is in the practice's currency.",
    update="""
    Change what is named of a service, and leave the rest as it is; `formats` come whole.

    Sessions that are booked keep their duration, price, buffers and format for life. Step, minimum
    notice, horizon and formats count as they are now, also where a booked session is moved.
    `active: false`: the service cannot be booked any more; sessions that are booked stay, and can
    still be moved.
    """,
    put="""
    Write the whole service under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. What is left
    out gets its default, but `active` stays as it is where it is left out.
    """,
)
router = record_router(
    RecordApi(
        one="service",
        many="services",
        records=SERVICES,
        query=RecordQuery,
        record=ServiceRecord,
        page=ServiceRecordPage,
        new=NewService,
        change=ChangeService,
        put=PutService,
        descriptions=_DESCRIPTIONS,
    )
)

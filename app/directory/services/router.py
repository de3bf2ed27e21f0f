"""`/v1/practice/services`: the kinds of session that can be booked."""

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
    List the practice's services by name, in pages, including inactive ones.

    Follow `next_cursor` until it is null.
    """,
    get="Show a service of the practice with its formats, active or not.",
    create="""
    Create a service. It needs at least one format. The price is in the practice's currency.
    """,
    update="""
    Change the given fields of a service. Other fields keep their values. `formats` replaces the
    whole list.

    Booked sessions keep their duration, price, buffers and format. When a booked session is
    rescheduled, the service's current step, minimum notice, horizon and formats apply. With
    `active: false` the service cannot be booked; booked sessions stay and can be rescheduled.
    """,
    put="""
    Create or replace a service by your own id: 201 if it is new, 200 if it exists.

    The call can be repeated: if nothing differs, nothing is written. A missing field gets its
    default, but a missing `active` keeps its value.
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

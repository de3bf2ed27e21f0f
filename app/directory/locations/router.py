"""`/v1/practice/locations`: locations where in-person sessions take place."""

from app.directory.fields import RecordQuery
from app.directory.locations.records import LOCATIONS
from app.directory.locations.schemas import (
    ChangeLocation,
    LocationRecord,
    LocationRecordPage,
    NewLocation,
    PutLocation,
)
from app.directory.record_router import Descriptions, RecordApi, record_router

_DESCRIPTIONS = Descriptions(
    list="""
    List the practice's locations by name, in pages, including inactive ones.

    Follow `next_cursor` until it is null.
    """,
    get="Show a location of the practice, active or not.",
    create="Create a location. A service is offered there when one of its formats names it.",
    update="""
    Change the given fields of a location. Other fields keep their values.

    With `active: false` no format at this location is offered; with `true` they are offered again.
    Booked sessions stay there, and show the location's current address.
    """,
    put="""
    Create or replace a location by your own id: 201 if it is new, 200 if it exists.

    The call can be repeated: if nothing differs, nothing is written. If `active` is missing, it
    keeps its value.
    """,
)
router = record_router(
    RecordApi(
        one="location",
        many="locations",
        records=LOCATIONS,
        query=RecordQuery,
        record=LocationRecord,
        page=LocationRecordPage,
        new=NewLocation,
        change=ChangeLocation,
        put=PutLocation,
        descriptions=_DESCRIPTIONS,
    )
)

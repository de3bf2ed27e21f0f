"""`/v1/practice/locations`: where in-person sessions take place."""

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
    List the practice's locations by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """,
    get="Show a location of the practice, active or not.",
    create="Make a location. Services are on offer there once one of their formats names it.",
    update="""
    Change what is named of a location, and leave the rest as it is.

    `active: false` takes the formats at this location off offer; `true` brings them back. Sessions
    that are booked there stay, and show the address as it is now.
    """,
    put="""
    Write the whole location under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. `active`
    stays as it is where it is left out.
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

"""`/v1/practice/packages`: prepaid sessions of clients."""

from app.directory.packages.records import PACKAGES
from app.directory.packages.schemas import (
    ChangePackage,
    NewPackage,
    PackageQuery,
    PackageRecord,
    PackageRecordPage,
    PutPackage,
)
from app.directory.record_router import Descriptions, RecordApi, record_router

_DESCRIPTIONS = Descriptions(
    list="""
    List the packages of the practice's clients by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """,
    get="Show a package with the credits left in it, active or not.",
    create="""
    Make a package: credits of a client for one service. One that is booked takes a credit.
    """,
    update="""
    Change what is named of a package, and leave the rest as it is.

    Client and service cannot change, and `credits` cannot go below those in use. `active: false`:
    no credit of it pays for a new session; sessions that it has paid for stay paid, and a credit
    that comes back counts as left. A new `expires_at` counts from now on, for new sessions.
    """,
    put="""
    Write the whole package under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. Without
    `expires_at` it does not expire; `active` stays as it is where it is left out.
    """,
)
router = record_router(
    RecordApi(
        one="package",
        many="packages",
        records=PACKAGES,
        query=PackageQuery,
        record=PackageRecord,
        page=PackageRecordPage,
        new=NewPackage,
        change=ChangePackage,
        put=PutPackage,
        descriptions=_DESCRIPTIONS,
    )
)

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
    List the packages of the practice's clients by name, in pages, including inactive ones.

    Follow `next_cursor` until it is null.
    """,
    get="Show a package with the credits that are left, active or not.",
    create="""
    Create a package: prepaid sessions (credits) of a client for one service.
    """,
    update="""
    Change the given fields of a package. Other fields keep their values.

    The client and the service cannot change, and `credits` cannot be below the credits in use.
    With `active: false` the package pays for no new session; sessions that it has paid for stay
    paid, and a returned credit counts as left. A new `expires_at` applies to new sessions.
    """,
    put="""
    Create or replace a package by your own id: 201 if it is new, 200 if it exists.

    The call can be repeated: if nothing differs, nothing is written. If `expires_at` is missing,
    the package does not expire; if `active` is missing, it keeps its value.
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
        problems_of_change=("client-erased",),
    )
)

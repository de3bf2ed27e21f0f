"""`/v1/practice/clients`: who receives sessions."""

from app.directory.clients.records import CLIENTS
from app.directory.clients.schemas import (
    ChangeClient,
    ClientQuery,
    ClientRecord,
    ClientRecordPage,
    NewClient,
    PutClient,
)
from app.directory.record_router import Descriptions, RecordApi, record_router

_DESCRIPTIONS = Descriptions(
    list="""
    List the practice's clients by name, a page at a time, the inactive ones too.

    An `email` may be that of several clients; `name` is a part of the name. Follow `next_cursor`
    until it is null.
    """,
    get="Show a client of the practice, active or not.",
    create="Make a client. Nothing is mailed to him; several clients may share an address.",
    update="""
    Change what is named of a client, and leave the rest as it is.

    A new `email` ends the links that were mailed to the old address, and signs the client out
    everywhere; other capitals, or the other spelling of its domain (Unicode or punycode), make no
    new address. `active: false` signs the client out too: they can neither sign in nor be booked
    until it is `true` again. Sessions that are booked stay, and so do the links in emails.
    """,
    put="""
    Write the whole client under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. A phone that
    is left out is cleared, but `active` stays as it is where it is left out.
    """,
)
router = record_router(
    RecordApi(
        one="client",
        many="clients",
        records=CLIENTS,
        query=ClientQuery,
        record=ClientRecord,
        page=ClientRecordPage,
        new=NewClient,
        change=ChangeClient,
        put=PutClient,
        descriptions=_DESCRIPTIONS,
    )
)

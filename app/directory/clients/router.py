"""`/v1/practice/clients`: the people who receive sessions."""

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
    List the practice's clients by name, in pages, including inactive ones.

    Several clients may have the same `email`. `name` is a part of the name. Follow `next_cursor`
    until it is null.
    """,
    get="Show a client of the practice, active or not.",
    create="Create a client. No email is sent to them. Several clients may have the same address.",
    update="""
    Change the given fields of a client. Other fields keep their values.

    A new `email` revokes the links that were sent to the old address, and signs the client out
    everywhere. A change of capitals, or of the spelling of the domain (Unicode or Punycode), is not
    a new address. `active: false` also signs the client out: they cannot sign in and cannot be
    booked until it is `true` again. Booked sessions and links in emails stay valid.
    """,
    put="""
    Create or replace a client by your own id: 201 if it is new, 200 if it exists.

    The call can be repeated: if nothing differs, nothing is written. If `phone` is missing, it is
    cleared; if `active`, `texts` or `texts_agreed_at` is missing, it keeps its value. `texts` that
    a client has ended with STOP stays `off` until they agree again.
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
        problems_of_change=("client-erased",),
    )
)

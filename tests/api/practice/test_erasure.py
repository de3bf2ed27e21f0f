"""A client is handed over and erased (product.md section 10, "Erasing a client")."""

import json
from datetime import timedelta
from ipaddress import IPv6Address
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client import generate_latest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.identity.api_keys.keys import Scope
from app.identity.short_links.repository import store_link
from app.identity.tokens.link import Link
from app.identity.tokens.offer import OfferLink, OfferTokens
from app.tables.changes import Change, ChangeNote
from app.tables.feeds import Feed
from app.tables.identity import SignIn, SignInFamily, SignInRequest
from app.tables.notifications import Notification
from app.tables.practices import Client, Package
from app.tables.sessions import Fee, Session
from app.tables.short_links import ShortLink
from app.tables.taken_times import TakenTime
from app.tables.waitlist import Offer, Wish
from tests.groups import add_group, add_seat
from tests.holds import put_hold
from tests.waiting import wait
from tests.walls import add_offer
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LATE_FEE: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]},
    "reschedule": {"closes": {"before_minutes": 0}, "fees": []},
}
REASON = {"reason": {"note": "Asked for by letter."}}


def path(world: World, what: str) -> str:
    return f"/v1/practice/clients/{world.client_id}/{what}"


async def erase(staff: Api, world: World, *, force: bool = False) -> Any:
    answer = await staff.post(path(world, "erase"), REASON | {"force": force})
    assert answer.status_code == 200, answer.text
    return answer.json()


def from_elsewhere(api: Api, token: str, origin: str) -> Api:
    """Call from another network address than that of the tests."""
    app = api.http._transport.app  # type: ignore[attr-defined] # noqa: SLF001 - the same application
    transport = ASGITransport(app, raise_app_exceptions=False, client=(origin, 123))
    other = Api(AsyncClient(transport=transport, base_url="https://reslot.example"), api.clock)
    other.token = token
    return other


class Canaries:
    """Texts that occur nowhere else, by where they were written."""

    def __init__(self) -> None:
        self._of_test = uuid4().hex[:10]
        # A network address that no other test leaves in the database.
        self.origin = str(IPv6Address("2001:db8::") + (uuid4().int >> 64))
        self.all: list[str] = [self.origin]

    def new(self, where: str) -> str:
        canary = f"canary-{where}-{self._of_test}"
        self.all.append(canary)
        return canary

    def note(self, where: str) -> dict[str, str]:
        return {"note": f"Says {self.new(where)}."}


async def found_in_database(engine: AsyncEngine, canaries: list[str]) -> list[str]:
    """Look for texts in every column of every table, in bytes as well."""
    found = []
    async with engine.connect() as db:
        tables = await db.scalars(
            text(
                # Without the shards of a cluster, whose tables give their rows.
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename !~ '_[0-9]{6}$' ORDER BY 1"
            )
        )
        for table in tables.all():
            for canary in canaries:
                patterns = [f"%{canary}%", f"%{canary.encode().hex()}%"]
                rows = await db.scalar(
                    text(
                        f'SELECT count(*) FROM "{table}" AS t '  # noqa: S608 - names of our tables
                        "WHERE to_jsonb(t)::text ILIKE ANY(:patterns)"
                    ),
                    {"patterns": patterns},
                )
                if rows:
                    found.append(f"{table}: {canary}")
            # A node of a cluster ends a transaction that has not asked it anything for a while.
            await db.rollback()
    return found


async def live(api: Api, staff: Api, world: World, canaries: Canaries) -> None:
    """Let the client do, and be subject to, everything that leaves something."""
    await world.add_policy(LATE_FEE)
    await world.change(
        Client,
        world.client_id,
        name=canaries.new("name"),
        email=f"{canaries.new('address')}@client.example",
        phone=canaries.new("phone"),
        external_ref=canaries.new("ref"),
        texts_agreed_at=NOW,
        texts_number=canaries.new("number"),
        texts_stopped="all",
        texts_stopped_at=NOW,
    )
    mine = from_elsewhere(api, world.token(), canaries.origin)
    await staff.post(
        "/v1/practice/webhook-endpoints", {"url": "https://hooks.example/", "include_reason": True}
    )
    package = await world.add_package(name=canaries.new("package"), external_ref=canaries.new("p"))
    booking = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "format": "video",
        "external_ref": canaries.new("session-ref"),
        "package_id": str(package),
        "start": START.isoformat(),
    }
    key = {"Idempotency-Key": canaries.new("key-of-staff")}
    booked = await staff.post("/v1/practice/sessions", booking, key)
    assert booked.status_code == 201, booked.text
    canaries.all.remove(key["Idempotency-Key"])  # the staff's own; its answer is looked for below
    first = UUID(booked.json()["session"]["id"])
    # A late cancellation, with a question; a move; a wish with an offer; a hold.
    second = await world.book(START + DAY)
    # As an import may bring it.
    await world.change(
        Session,
        second,
        join_url=f"https://video.example/{canaries.new('join')}",
        instructions=canaries.new("instructions"),
    )
    quote = (await mine.session(second))["actions"]["cancel"]["quote"]
    mine_key = {"Idempotency-Key": canaries.new("key-of-client")}
    cancelled = await mine.cancel(
        second,
        mine_key,
        quote=quote,
        reason=canaries.note("reason"),
        ask_waiver=canaries.note("waiver"),
    )
    assert cancelled.status_code == 200, cancelled.text
    third = await world.book(START + 2 * HOUR)
    quote = (await mine.session(third))["actions"]["reschedule"]["quote"]
    moved = await mine.reschedule(
        third, START + 4 * HOUR, quote=quote, reason=canaries.note("move")
    )
    assert moved.status_code == 200, moved.text
    wish = {"session_id": str(first), "urgent": True}
    wish_id = UUID((await staff.post("/v1/practice/wishes", wish)).json()["id"])
    offer_id = await add_offer(world, wish_id, first)
    await _text(
        world, Link(world.practice_id, first, 0, 0), OfferLink(world.practice_id, offer_id, 0, 0)
    )
    await put_hold(world, third, START + 2 * DAY)
    asked = {
        "sessions": [str(third)],
        "answer_by": (NOW + DAY).isoformat(),
        "meanwhile": "keep",
        **canaries.note("move-request"),
    }
    assert (await staff.post("/v1/practice/move-requests", asked)).status_code == 201
    await staff.post(
        f"/v1/practice/clients/{world.client_id}/allowance/adjust",
        {"uses": 1, "reason": canaries.note("allowance")},
    )
    missed = await world.book(NOW - DAY, now=NOW - 2 * DAY)
    ended = {"charge_fee": True, "reason": canaries.note("missed")}
    assert (await staff.post(f"/v1/practice/sessions/{missed}/noshow", ended)).is_success
    await add_seat(world, await add_group(world, START + 3 * DAY))
    assert (await mine.post("/v1/feeds", None)).status_code == 201
    await _sign_in(world, canaries)
    await world.change_all(Notification, last_error=canaries.new("mail-error"))


async def _text(world: World, *links: Link | OfferLink) -> None:
    """Write the short links of text messages."""
    async with world.engine.begin() as db:
        for number, link in enumerate(links):
            await store_link(db, f"{number:016}", world.settings.keys[-1], link, NOW)


async def _sign_in(world: World, canaries: Canaries) -> None:
    """Write a sign-in, and a request for a link."""
    address = next(one for one in canaries.all if one.startswith("canary-address"))
    of_client = {"practice_id": world.practice_id, "client_id": world.client_id}
    async with world.engine.begin() as db:
        await db.execute(
            insert(SignInRequest).values(
                id=uuid4(), address=f"{address}@Client.example", requested_at=NOW, attempt_at=NOW
            )
        )
        later = {"id": uuid4(), "token_generation": 0, "expires_at": NOW + DAY}
        await db.execute(insert(SignIn).values(**of_client, **later))
        await db.execute(
            insert(SignInFamily).values(**of_client, **later, number=1, rotated_at=NOW)
        )


@pytest.mark.slow
async def test_an_erased_client_is_found_nowhere(
    api: Api, staff: Api, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in any column of any table, nor in the logs, nor in the metrics."""
    canaries = Canaries()
    await live(api, staff, world, canaries)
    everywhere = await found_in_database(world.engine, canaries.all)
    assert len(everywhere) >= len(canaries.all) > 12
    assert len(await world.rows(ShortLink)) == 2
    erased = await erase(staff, world, force=True)
    assert (erased["sessions_cancelled"], erased["fees_waived"]) == (3, 2)
    assert await found_in_database(world.engine, canaries.all) == []
    assert await world.rows(ShortLink) == []
    (row,) = await world.rows(Client)
    consent = (row.texts_agreed_at, row.texts_number, row.texts_stopped, row.texts_stopped_at)
    assert (row.texts, *consent) == ("off", None, None, None, None)
    told = capsys.readouterr()
    assert "/v1/practice/clients/{client_id}/erase" in told.out + told.err
    for canary in canaries.all:
        assert canary not in told.out + told.err
        assert canary not in generate_latest().decode()


async def test_erasing_twice_changes_nothing(api: Api, staff: Api, world: World) -> None:
    await live(api, staff, world, Canaries())
    first = await erase(staff, world, force=True)
    entries = await world.rows(Change)
    assert await erase(staff, world) == first
    assert await world.rows(Change) == entries
    (entry,) = await world.rows(Change, kind="erased")
    assert str(entry.command_id) == first["command_id"]
    (note,) = await world.rows(ChangeNote, change_id=entry.id)
    assert note.note == "Asked for by letter."


async def test_sums_times_and_statuses_stay(api: Api, staff: Api, world: World) -> None:
    await live(api, staff, world, Canaries())
    times = {(row.id, row.starts_at) for row in await world.rows(Session)}
    sums = sorted(row.amount_minor for row in await world.rows(Fee))
    ended = [row.id for row in await world.rows(Session) if row.status != "booked"]
    kept = {entry.id for entry in await world.rows(Change)}
    await erase(staff, world, force=True)
    after = await world.rows(Session)
    assert {(row.id, row.starts_at) for row in after} == times
    assert sorted(row.amount_minor for row in await world.rows(Fee)) == sums
    statuses = {row.id: row.status for row in after}
    assert {statuses.pop(one) for one in ended} == {"cancelled", "noshow"}
    assert set(statuses.values()) == {"cancelled"}
    assert kept < {entry.id for entry in await world.rows(Change)}
    (client,) = await world.rows(Client, id=world.client_id)
    assert (client.name, client.email, client.phone) == (
        "(erased)",
        "erased@erased.invalid",
        None,
    )
    shown = (await staff.get(f"/v1/practice/sessions/{ended[0]}")).json()
    assert shown["client"]["name"] == "(erased)"


async def test_cancelled_sessions_free_their_times_and_return_their_credits(
    staff: Api, world: World
) -> None:
    package = await world.add_package()
    await world.book(START, package_id=package)
    await erase(staff, world, force=True)
    assert await world.rows(TakenTime) == []
    other = await world.book(START, client_id=await world.add_client(name="Ben"))
    assert other
    shown = (await staff.get(f"/v1/practice/packages/{package}")).json()
    assert (shown["credits_left"], shown["active"], shown["name"]) == (6, False, "(erased)")


@pytest.mark.parametrize("what", ["session", "fee"])
async def test_booked_sessions_and_due_fees_refuse_it(
    api: Api, staff: Api, world: World, what: str
) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await world.book(START)
    if what == "fee":
        quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
        assert (await api.cancel(session_id, quote=quote)).status_code == 200
    before = await world.rows(Client), await world.rows(Change)
    refused = await staff.post(path(world, "erase"), REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "erase-refused")
    counted = (refused.json()["booked_sessions"], refused.json()["due_fees"])
    assert counted == ((1, 0) if what == "session" else (0, 1))
    assert (await world.rows(Client), await world.rows(Change)) == before


async def test_a_session_that_has_ended_is_no_obstacle(
    staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START + timedelta(minutes=50)
    assert (await erase(staff, world))["sessions_cancelled"] == 0
    (session,) = await world.rows(Session, id=session_id)
    assert session.status == "booked"


async def test_nobody_is_mailed_and_webhooks_name_no_person(staff: Api, world: World) -> None:
    """What waited is dropped; the cancellation is one event, and mails to nobody."""
    await staff.post("/v1/practice/webhook-endpoints", {"url": "https://hooks.example/"})
    await world.change(Client, world.client_id, external_ref="crm-7")
    session_id = await world.book(START)
    waiting = {row.id for row in await world.rows(Notification, status="pending")}
    assert waiting
    await erase(staff, world, force=True)
    rows = await world.rows(Notification)
    assert {row.status for row in rows if row.id in waiting} == {"dropped"}
    told = [(row.kind, row.recipient) for row in rows if row.id not in waiting]
    assert told == [("session.cancelled", "webhook")]
    (client,) = await world.rows(Client, id=world.client_id)
    assert client.external_ref is None
    assert session_id


async def test_access_of_the_client_ends(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    link = world.link_token(session_id)
    opened = (await api.open_link(link)).json()["access_token"]
    feed = (await api.post("/v1/feeds", None)).json()["url"]
    await erase(staff, world, force=True)
    assert (await api.get("/v1/me")).status_code == 401
    assert (await api.signed_in(opened).get(f"/v1/sessions/{session_id}")).status_code == 401
    assert (await api.open_link(link)).json()["code"] == "link-invalid"
    assert (await api.http.get(feed)).status_code == 404
    assert await world.rows(Feed) == []


async def test_the_link_of_an_offer_ends(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    wish = {"session_id": str(session_id), "urgent": True}
    wish_id = UUID((await staff.post("/v1/practice/wishes", wish)).json()["id"])
    offer_id = await add_offer(world, wish_id, session_id)
    await erase(staff, world, force=True)
    assert [row.state for row in await world.rows(Wish)] == ["withdrawn"]
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]
    assert await world.rows(Notification, kind="offer_gone") == []
    token = OfferTokens(world.settings.keys).sign(OfferLink(world.practice_id, offer_id, 0, 0))
    answer = await api.post("/v1/offers/open", {"token": token})
    assert answer.json()["code"] == "link-invalid"


async def test_the_reference_of_an_erased_client_may_be_used_again(
    staff: Api, world: World
) -> None:
    await world.change(Client, world.client_id, external_ref="crm-7")
    await erase(staff, world)
    body = {
        "name": "Ana Ruiz",
        "email": "ana@client.example",
        "time_zone": "America/New_York",
        "locale": "en-US",
    }
    made = await staff.put("/v1/practice/clients/by-ref/crm-7", body)
    assert made.status_code == 201
    assert made.json()["id"] != str(world.client_id)


async def test_an_erased_client_stays_as_they_are(staff: Api, world: World) -> None:
    await erase(staff, world)
    client = f"/v1/practice/clients/{world.client_id}"
    assert (await staff.get(client)).json()["active"] is False
    for change in ({"active": True}, {"name": "Ana"}, {"email": "ana@client.example"}):
        refused = await staff.patch(client, change)
        assert (refused.status_code, refused.json()["code"]) == (409, "client-erased")
    package = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "name": "Six",
        "credits": 6,
    }
    refused = await staff.post("/v1/practice/packages", package)
    assert refused.json()["errors"][0]["pointer"] == "/client_id"
    booking = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "format": "video",
        "start": START.isoformat(),
    }
    refused = await staff.post("/v1/practice/sessions", booking)
    assert refused.json()["errors"][0]["pointer"] == "/client_id"
    refused = await staff.post(path(world, "export"), None)
    assert (refused.status_code, refused.json()["code"]) == (409, "client-erased")


async def test_a_package_of_an_erased_client_stays_as_it_is(staff: Api, world: World) -> None:
    package_id = await world.add_package(client_id=world.client_id)
    await erase(staff, world)
    before = await world.rows(Package)
    refused = await staff.patch(f"/v1/practice/packages/{package_id}", {"name": "Ana, six visits"})
    assert (refused.status_code, refused.json()["code"]) == (409, "client-erased")
    assert await world.rows(Package) == before


async def test_nothing_brings_an_erased_client_back(staff: Api, world: World) -> None:
    """A session of theirs is not booked again or moved, and opens to nobody."""
    cancelled, ended = await world.book(START), await world.book(NOW - timedelta(days=3))
    group = await add_group(world, NOW - timedelta(days=2))
    seat = await add_seat(world, group)
    await erase(staff, world, force=True)
    client, sessions = f"/v1/practice/clients/{world.client_id}", "/v1/practice/sessions"
    moved = {"start": START.isoformat(), "format": "video", "force": True, "charge_fee": False}
    all_of_it = moved | {"scope": "this_and_following"}
    for call, body in (
        (f"{sessions}/{cancelled}/undo", {}),
        (f"{sessions}/{ended}/reschedule", moved),
        (f"{sessions}/{ended}/reschedule", all_of_it),
        (f"/v1/practice/groups/{group}/move", {"start": START.isoformat(), "force": True}),
        (f"{client}/allowance/adjust", {"uses": 1}),
    ):
        refused = await staff.post(call, body | REASON)
        assert (refused.status_code, refused.json()["code"]) == (409, "client-erased"), call
    refused = await staff.post(f"{sessions}/{cancelled}/links", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "client-erased")
    statuses = {row.id: row.status for row in await world.rows(Session)}
    assert statuses == {cancelled: "cancelled", ended: "booked", seat: "booked"}
    assert (await staff.post(f"{sessions}/{ended}/fulfilled", {})).status_code == 200


async def test_others_keep_everything(api: Api, staff: Api, world: World) -> None:
    """Also those with whom the client shared a class, a move request and an address."""
    ben = await world.add_client(name="Ben", email="ana@client.example")
    theirs = api.signed_in(world.token(ben))
    group = await add_group(world)
    await add_seat(world, group)
    seat = await add_seat(world, group, client_id=ben)
    note = {"note": "Canary of Ben."}
    asked = {
        "sessions": [str(seat), str(await world.book(START))],
        "answer_by": (NOW + DAY).isoformat(),
        "meanwhile": "keep",
        "note": "The room is being painted.",
    }
    assert (await staff.post("/v1/practice/move-requests", asked)).status_code == 201
    assert (await theirs.cancel(seat, {"Idempotency-Key": "one"}, reason=note)).status_code == 200
    await erase(staff, world, force=True)
    shown = (await staff.get(f"/v1/practice/sessions/{seat}")).json()
    assert shown["client"]["name"] == "Ben"
    assert shown["cancellation"]["reason"]["note"] == "Canary of Ben."
    again = await theirs.cancel(seat, {"Idempotency-Key": "one"}, reason=note)
    assert again.headers["Idempotency-Replayed"] == "true"
    requests = (await staff.get("/v1/practice/move-requests")).json()["items"]
    assert requests[0]["note"] == "The room is being painted."


async def test_an_export_has_everything_that_is_held(api: Api, staff: Api, world: World) -> None:
    """All that erasing removes, but for stored answers, secrets and requests for a link."""
    canaries = Canaries()
    await live(api, staff, world, canaries)
    answer = await staff.post(path(world, "export"), None)
    assert answer.status_code == 200, answer.text
    told = answer.text
    for canary in canaries.all:
        assert (canary in told) == ("key-of-client" not in canary), canary
    (feed,) = answer.json()["feeds"]
    assert "secret_hash" not in feed
    assert answer.json()["client"]["texts_stopped"] == "all"
    (entry,) = await world.rows(Change, kind="exported")
    assert (entry.subject, entry.subject_id) == ("client", world.client_id)


async def test_an_export_has_the_mails_about_offers(api: Api, world: World) -> None:
    """They are about no session."""
    waiting = await wait(world, api)
    await waiting.offered()
    answer = await waiting.staff.post(path(world, "export"), None)
    kinds = [row["kind"] for row in answer.json()["notifications"]]
    assert "offer" in kinds


async def test_an_export_has_nothing_of_others(api: Api, staff: Api, world: World) -> None:
    ben = await world.add_client(name="Ben Canary", email="ben@client.example")
    session_id = await world.book(START, client_id=ben)
    theirs = api.signed_in(world.token(ben))
    assert (await theirs.cancel(session_id, reason={"note": "Of Ben."})).status_code == 200
    told = (await staff.post(path(world, "export"), None)).text
    for word in ("Ben", str(session_id), str(ben)):
        assert word not in told
    assert json.loads(told)["sessions"] == []


def test_the_export_reads_each_table_that_refers_to_a_client_or_a_session() -> None:
    """Stored answers and the rest of the service's own tables are left out on purpose."""
    from app.erasure.schemas import ClientExport  # noqa: PLC0415
    from app.tables.all import metadata  # noqa: PLC0415

    names = {"credit_redemptions": "credits", "held_times": "holds"}
    names |= {"move_request_sessions": "asked_to_move"}
    # Only the hashes of secrets.
    left_out = {"short_links"}
    for table in metadata.sorted_tables:
        if table.name in left_out:
            continue
        if {"client_id", "session_id"} & {column.name for column in table.c}:
            assert names.get(table.name, table.name) in ClientExport.model_fields, table.name


@pytest.mark.parametrize("what", ["export", "erase"])
async def test_an_admin_key_of_the_practice_is_needed(
    api: Api, world: World, engine: AsyncEngine, what: str
) -> None:
    writer = api.signed_in(await world.key(Scope.WRITE))
    body = None if what == "export" else REASON
    assert (await writer.post(path(world, what), body)).status_code == 403
    theirs = await World(engine, world.settings).build()
    stranger = api.signed_in(await theirs.key())
    assert (await stranger.post(path(world, what), body)).status_code == 404
    assert [row.name for row in await world.rows(Client)] == ["Ana Ruiz"]

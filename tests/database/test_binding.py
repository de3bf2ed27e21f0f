"""The tenancy check of SQL statements: what it accepts and refuses, and its exemptions."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.engine import connect
from app.database.statements import Read
from app.database.transactions import transact
from app.demo.guide import prepare
from app.domain.errors import LinkInvalidError
from app.erasure.retention import delete_what_is_old
from app.fees.announcing import announce_fees
from app.fees.lapsing import lapse_waivers
from app.fees.refilling import judge_due_refills
from app.groups.judging import judge_due_groups
from app.identity.oidc.queries import find_providers, find_users
from app.identity.oidc.repository import is_taken
from app.identity.short_links.queries import read_session_link
from app.identity.sign_in.find_clients import find_clients
from app.identity.tokens.link import LinkTokens
from app.move_requests.closing import close_due_requests
from app.notifications.sms.replies import hear
from app.observability.metrics.queries import read_outbox
from app.operations.links import issue_access_token, print_link
from app.operations.practices import list_practice_keys, list_practices
from app.tables.all import metadata
from app.tables.identity import SignInRequest
from app.tables.practices import Client
from app.waitlist.tasks import run_waitlists
from app.worker.run import _Driver, sweep, tidy
from tests import statements
from tests.binding import TABLES, read_statement
from tests.statements import EXEMPTIONS, INSPECTOR, Inspector
from tests.world import NOW, World

BOUND = [
    "",
    "SELECT 1",
    "SELECT x FROM pgqueuer WHERE id = $1",
    "SELECT x FROM clients WHERE practice_id = $1",
    "SELECT x FROM clients AS c WHERE c.practice_id = $1::UUID AND (c.x = $2 OR c.y = $3)",
    "SELECT x FROM clients WHERE ((practice_id = $1) AND active)",
    (
        "SELECT x FROM clients AS c JOIN sessions AS s ON s.practice_id = c.practice_id "
        "WHERE c.practice_id = $1"
    ),
    (
        "SELECT x FROM clients AS c, sessions AS s WHERE s.practice_id = $1 "
        "AND c.practice_id = s.practice_id"
    ),
    (
        "SELECT x FROM clients AS c LEFT JOIN sessions AS s ON s.practice_id = c.practice_id "
        "LEFT JOIN fees AS f ON f.practice_id = s.practice_id WHERE c.practice_id = $1"
    ),
    (
        "SELECT x FROM clients AS c LEFT JOIN LATERAL (SELECT s.practice_id AS practice_id "
        "FROM sessions AS s WHERE s.practice_id = c.practice_id LIMIT $2) AS page ON true "
        "LEFT JOIN services AS v ON v.practice_id = page.practice_id WHERE c.practice_id = $1"
    ),
    (
        "SELECT (SELECT count(*) FROM fees AS f WHERE f.practice_id = c.practice_id) "
        "FROM clients AS c WHERE c.practice_id = $1"
    ),
    (
        "SELECT x FROM clients AS c WHERE c.practice_id = $1 AND NOT EXISTS "
        "(SELECT FROM fees AS f WHERE f.practice_id = c.practice_id)"
    ),
    (
        "SELECT x FROM fees WHERE practice_id = $1 UNION ALL SELECT x FROM clients "
        "WHERE practice_id = $1"
    ),
    (
        "WITH w AS (SELECT id FROM fees WHERE practice_id = $1 FOR UPDATE SKIP LOCKED) "
        "UPDATE fees SET x = $2 FROM w WHERE fees.practice_id = $1 AND fees.id = w.id"
    ),
    "SELECT x FROM fees WHERE practice_id = $1 FOR NO KEY UPDATE OF fees",
    "UPDATE fees SET x = $1 WHERE practice_id = $2 RETURNING id",
    "DELETE FROM fees WHERE practice_id = $1",
    "INSERT INTO fees (practice_id, id) VALUES ($1, $2) RETURNING id",
    (
        "WITH f AS (INSERT INTO fees (practice_id) VALUES ($1)) UPDATE clients SET id = $2"
        " WHERE practice_id = $1"
    ),
    (
        "WITH f AS (DELETE FROM fees WHERE practice_id = $1) UPDATE clients SET id = $2"
        " WHERE practice_id = $1"
    ),
    "INSERT INTO fees (practice_id, id) SELECT $1, c.id FROM clients AS c WHERE c.practice_id = $1",
    "GRANT SELECT ON clients TO somebody",
]
INDIRECT = [
    (
        "sessions",
        (
            "SELECT x FROM clients AS c JOIN sessions AS s ON s.practice_id = c.practice_id "
            "WHERE c.practice_id = $1"
        ),
    ),
    (
        "fees",
        (
            "SELECT x FROM clients WHERE practice_id = $1 AND EXISTS (SELECT FROM fees AS f "
            "WHERE f.practice_id = clients.practice_id)"
        ),
    ),
    (
        "fees",
        (
            "SELECT x FROM clients AS c LEFT JOIN fees AS f ON f.practice_id = c.practice_id "
            "AND f.id = $2 WHERE c.practice_id = $1"
        ),
    ),
]
DIRECT = [
    "SELECT x FROM clients AS c LEFT JOIN fees AS f ON f.practice_id = $1 WHERE c.practice_id = $1",
    (
        "SELECT x FROM clients WHERE practice_id = $1 AND EXISTS (SELECT FROM fees AS f "
        "WHERE f.practice_id = $1 AND f.id = clients.id)"
    ),
    (
        "WITH w AS (SELECT id FROM fees WHERE practice_id = $1) "
        "UPDATE fees SET x = $2 FROM w WHERE fees.practice_id = $1 AND fees.id = w.id"
    ),
    "INSERT INTO fees (practice_id, id) VALUES ($1, $2)",
]
NOT_BOUND = [
    ("clients", "SELECT x FROM clients"),
    ("clients", "SELECT x FROM clients WHERE id = $1"),
    ("clients", "SELECT x FROM clients WHERE practice_id <> $1"),
    ("clients", "SELECT x FROM clients WHERE practice_id = id"),
    ("clients", "SELECT x FROM clients WHERE practice_id IN ($1, $2)"),
    ("clients", "SELECT x FROM clients WHERE practice_id = $1 OR active"),
    ("clients", "SELECT x FROM clients WHERE NOT (practice_id = $1)"),
    ("fees", "SELECT x FROM fees, clients AS c WHERE c.practice_id = $1 AND fees.id = c.id"),
    ("clients", ("SELECT x FROM clients LEFT JOIN fees ON clients.practice_id = $1"
     " AND fees.practice_id = $1")),
    ("fees", ("SELECT x FROM clients AS c FULL JOIN fees ON fees.practice_id = c.practice_id "
     "WHERE c.practice_id = $1")),
    ("fees", ("SELECT x FROM fees RIGHT JOIN clients AS c ON fees.practice_id = c.practice_id "
     "WHERE c.practice_id = $1")),
    ("sessions", ("SELECT x FROM clients AS c LEFT JOIN LATERAL (SELECT s.id AS practice_id "
     "FROM sessions AS s WHERE s.client_id = c.id) AS page ON true WHERE c.practice_id = $1")),
    ("services", ("SELECT x FROM (SELECT id AS practice_id FROM fees WHERE practice_id = $1) AS f "
     "JOIN services AS v ON v.practice_id = f.practice_id")),
    ("fees", "SELECT (SELECT count(*) FROM fees) FROM clients AS c WHERE c.practice_id = $1"),
    ("fees", ("SELECT x FROM clients AS c WHERE c.practice_id = $1 AND EXISTS "
     "(SELECT FROM fees WHERE fees.client_id = c.id)")),
    ("clients", "SELECT x FROM fees WHERE practice_id = $1 UNION SELECT x FROM clients"),
    ("fees", ("WITH w AS (SELECT id FROM fees FOR UPDATE) UPDATE fees SET x = $2 FROM w "
     "WHERE fees.practice_id = $1 AND fees.id = w.id")),
    ("clients", "WITH w AS (DELETE FROM clients RETURNING id) SELECT id FROM w"),
    ("clients", "DELETE FROM fees WHERE practice_id = $1 RETURNING (SELECT max(id) FROM clients)"),
    (
        "notifications",
        "DELETE FROM pgqueuer USING notifications WHERE dedupe_key = notifications.id::text",
    ),
    ("fees", "UPDATE fees SET practice_id = $1 WHERE id = $2"),
    ("fees", "DELETE FROM fees"),
    ("fees", "INSERT INTO fees (id) VALUES ($1)"),
    (
        "fees",
        ("WITH f AS (INSERT INTO fees (id) VALUES ($1)) UPDATE clients SET id = $1"
        " WHERE practice_id = $1"),
    ),
    ("fees", "WITH f AS (DELETE FROM fees) UPDATE clients SET id = $1 WHERE practice_id = $1"),
    ("fees", "INSERT INTO fees VALUES ($1, $2)"),
    ("clients", "INSERT INTO fees (practice_id, id) SELECT practice_id, id FROM clients"),
    ("clients", "INSERT INTO fees (practice_id) VALUES ((SELECT max(id) FROM clients))"),
    ("clients", "TRUNCATE pgqueuer, clients"),
    ("clients", "COPY clients TO STDOUT"),
    ("clients", "LOCK TABLE clients"),
    ("clients", "EXPLAIN ANALYZE SELECT x FROM clients"),
    ("clients", "MERGE INTO clients USING pgqueuer ON true WHEN MATCHED THEN DELETE"),
    # The check does not parse parentheses around a join; a statement with them is refused.
    ("fees", ("SELECT x FROM clients AS c JOIN (fees JOIN pgqueuer ON true) "
     "ON fees.practice_id = c.practice_id WHERE c.practice_id = $1")),
]  # fmt: skip


def test_all_tables_of_a_practice_are_known() -> None:
    assert len(TABLES) > 15
    assert set(metadata.tables) - TABLES == {"sign_in_requests", "sign_in_counters"}


@pytest.mark.parametrize(("table", "sql"), INDIRECT)
def test_a_table_bound_through_another_is_named(table: str, sql: str) -> None:
    verdict = read_statement(sql)
    assert verdict.unbound == set()
    assert verdict.indirect == {table}


@pytest.mark.parametrize("sql", DIRECT)
def test_a_parameter_for_each_table_is_enough(sql: str) -> None:
    assert read_statement(sql).indirect == set()


@pytest.mark.parametrize("sql", BOUND)
def test_a_statement_that_names_its_practice_is_accepted(sql: str) -> None:
    assert not read_statement(sql).unbound


@pytest.mark.parametrize(("table", "sql"), NOT_BOUND)
def test_a_statement_that_does_not_is_refused(table: str, sql: str) -> None:
    assert read_statement(sql).unbound == {table}


async def test_statements_of_the_application_are_checked(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent through the engine from its own function, without its exemption."""
    monkeypatch.setattr(statements, "EXEMPTIONS", {})
    async with engine.connect() as db:
        await find_clients(db, "ana@client.example")
    (found,) = INSPECTOR.take()
    assert found.startswith(
        "app/identity/sign_in/find_clients.py find_clients names no practice for ['clients', '"
    )


async def test_statements_sent_to_the_driver_are_checked(engine: AsyncEngine) -> None:
    await Read(select(Client.name).where(Client.active)).rows(engine, {})
    (found,) = INSPECTOR.take()
    assert found.startswith("app/database/statements.py _fetch names no practice for ['clients']: ")


async def test_statements_of_the_worker_are_checked(settings: Settings) -> None:
    """On the job library's connection."""
    db = await connect(settings.service_url)
    driver = _Driver(db)
    await driver.fetch("SELECT 1 FROM pgqueuer")
    assert INSPECTOR.take() == []
    await driver.execute("DELETE FROM change_notes")
    await db.close()
    (found,) = INSPECTOR.take()
    assert found.startswith("app/worker/run.py execute names no practice for ['change_notes']")


async def test_an_exemption_is_for_its_tables_only(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = statements.Exemption(frozenset({"clients"}), "for this test")
    monkeypatch.setattr(
        statements, "EXEMPTIONS", {"app/identity/sign_in/find_clients.py find_clients": less}
    )
    async with engine.connect() as db:
        await find_clients(db, "ana@client.example")
    assert len(INSPECTOR.take()) == 1


@pytest.mark.parametrize("before", ["", "WITH one AS (SELECT 1) "])
def test_a_query_among_the_values_of_an_insert_is_found(before: str) -> None:
    into = f"{before}INSERT INTO feeds (practice_id, client_id, token_generation) "
    one = "SELECT token_generation FROM clients WHERE practice_id = $1 AND id = $2"
    assert read_statement(f"{into}VALUES ($1, $2, ({one}))").nests
    assert read_statement(f"{into}VALUES ($1, $2, coalesce(({one}), 0))").nests
    assert not read_statement(f"{into}VALUES ($1, $2, $3)").nests
    assert not read_statement(f"{into}SELECT $1, $2, ({one})").nests


def test_an_insert_in_a_with_is_read_too() -> None:
    of_client = "(SELECT name FROM clients WHERE practice_id = $1)"
    made = f"INSERT INTO feeds (practice_id, label) VALUES ($1, {of_client})"  # noqa: S608
    assert read_statement(f"WITH made AS ({made} RETURNING id) SELECT id FROM made").nests  # noqa: S608


def test_a_join_of_a_tenant_table_with_another_is_found() -> None:
    due = "SELECT id FROM notifications WHERE practice_id = $1"
    jobs = "SELECT dedupe_key FROM pgqueuer"
    assert read_statement(f"{due} AND EXISTS (SELECT FROM pgqueuer)").mixes is False
    assert read_statement("SELECT 1 FROM notifications JOIN pgqueuer ON practice_id = $1").mixes
    assert read_statement("SELECT 1 FROM clients, sign_in_requests WHERE practice_id = $1").mixes
    known = f"WITH due AS MATERIALIZED ({due}), pgqueuer AS ({jobs})"
    joined = f"{known} SELECT id FROM due, pgqueuer"  # noqa: S608
    assert not read_statement(joined).mixes


async def test_what_a_cluster_refuses_is_refused(engine: AsyncEngine) -> None:
    """Sent by the application, with its practice named."""
    requests = Client.__table__.join(SignInRequest, true())
    own = select(Client.name).select_from(requests).where(Client.practice_id == uuid4())
    await Read(own).rows(engine, {})
    (found,) = INSPECTOR.take()
    assert found.startswith("app/database/statements.py _fetch sends what a cluster refuses: ")


def test_no_exemption_lets_a_statement_lock_rows_of_several_practices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cluster refuses it."""
    sender = "app/identity/sign_in/find_clients.py find_clients"
    monkeypatch.setattr(statements, "_sender", lambda: sender)
    inspector = Inspector()
    inspector.inspect("SELECT name FROM clients")
    assert inspector.take() == []
    inspector.inspect("SELECT name FROM clients FOR UPDATE SKIP LOCKED")
    (found,) = inspector.take()
    assert found.startswith(f"{sender} locks rows of several practices: ")


def test_a_statement_names_one_practice_only() -> None:
    inspector = Inspector()
    sql = "SELECT x FROM fees JOIN clients ON clients.practice_id = $1 WHERE fees.practice_id = $2"
    one = uuid4()
    inspector.inspect(sql, [(one, one), (other := uuid4(), other)])
    assert inspector.take() == []
    inspector.inspect(sql, [(one, one), (one, uuid4())])
    assert len(inspector.take()) == 1


def test_statements_of_a_test_are_accepted() -> None:
    inspector = Inspector()
    inspector.inspect("DELETE FROM fees")
    assert inspector.take() == []


@pytest.mark.slow
async def test_every_exemption_is_used(world: World, settings: Settings) -> None:
    """An unused exemption must be removed. Each is run here, so that one test can tell."""
    session_id = await world.book(NOW)
    INSPECTOR.used.clear()
    engine = world.engine
    agreed = {"texts": "all", "texts_agreed_at": NOW, "texts_number": "+12125550188"}
    await world.change(Client, world.client_id, **agreed)
    async with engine.begin() as db:
        await hear(db, "+12125550188", "other", NOW)
        with pytest.raises(LinkInvalidError):
            await read_session_link(db, "aB3" * 5 + "x", LinkTokens(settings.keys))
        await find_clients(db, "ana@client.example")
        await find_providers(db, "https://login.example", ["reslot"])
        await find_users(db, "https://login.example", "reslot")
        await is_taken(db, world.practice_id, issuer="https://login.example", audience="reslot")
    await transact(engine, partial(tidy, now=NOW, links=timedelta(days=30)))
    await transact(engine, partial(sweep, now=NOW))
    await judge_due_groups(engine, NOW, credit_grace=timedelta(days=14))
    await close_due_requests(engine, NOW)
    await announce_fees(engine, NOW)
    await lapse_waivers(engine, NOW)
    await judge_due_refills(engine, NOW, credit_grace=timedelta(days=14))
    await run_waitlists(engine, NOW, undo=timedelta(minutes=5))
    await delete_what_is_old(engine, settings.model_copy(update={"keep_notes_days": 1}), NOW)
    await read_outbox(engine, NOW)
    await list_practices(settings)
    await list_practice_keys(settings, "Harbor Wellness")
    await issue_access_token(settings, "ana@client.example", None, NOW)
    await print_link(settings, session_id, NOW)
    await prepare(settings, NOW, reset=False)
    assert INSPECTOR.used == EXEMPTIONS.keys()
    assert all(exemption.reason for exemption in EXEMPTIONS.values())

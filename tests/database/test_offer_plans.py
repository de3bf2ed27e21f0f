"""Lists of offers and wishes read few rows, however many offers and policy versions there are.

The plans are generic: those of prepared statements, for unknown values.
"""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.write import OPERATOR
from app.configuration.settings import Settings
from app.database.embedded import EmbeddedServer
from app.database.transactions import transact
from app.identity.api_keys.keys import Scope, create_key
from app.identity.tokens.access import AccessTokens, Caller
from tests.bench.data import fill, named
from tests.bench.recording import Statement, Target, record
from tests.bench.subjects import HOUR, PRACTICE, Booked, booked_sessions
from tests.database.test_plans import executed, rows_of, served
from tests.world import NOW

pytestmark = [pytest.mark.slow, pytest.mark.own_database]

SESSIONS = 20_000
OFFERS = 20_000
OPEN = 400
VERSIONS = 300
PAGE = 20
CLIENTS = 50
# Half of the offers are for new sessions, which get the latest of many versions of the rules. Only
# the latest offers are open.
_FILL = f"""
SET session_replication_role = replica;
INSERT INTO policy_versions (practice_id, id, number, text, rules, created_at)
 SELECT v.practice_id, gen_random_uuid(), 1 + n, v.text, v.rules, v.created_at
 FROM policy_versions v, generate_series(1, {VERSIONS}) n WHERE v.practice_id = '{PRACTICE}';
CREATE TEMP TABLE waited AS
 SELECT n, s.practice_id, s.client_id, s.service_id, s.practitioner_id, s.starts_at, s.ends_at,
  CASE WHEN n % 2 = 0 THEN s.id END AS session_id, md5('wish/' || n)::uuid AS wish_id,
  n <= {OPEN} AS is_open, '{NOW}'::timestamptz - n * interval '1 second' AS made_at
 FROM generate_series(1, {OFFERS}) n JOIN (
  SELECT *, row_number() OVER (ORDER BY starts_at, id) AS place
  FROM sessions WHERE practice_id = '{PRACTICE}' AND status = 'booked') s ON s.place = n % 900 + 1;
INSERT INTO wishes (practice_id, id, client_id, session_id, service_id, practitioner_id, state,
  weekdays, formats, notice_hours, made_at, ended_at, unanswered)
 SELECT practice_id, wish_id, client_id, session_id, service_id, practitioner_id,
  CASE WHEN is_open THEN 'offered' ELSE 'withdrawn' END,
  '{{}}', '{{}}', 0, made_at,
  CASE WHEN NOT is_open THEN made_at END, 0 FROM waited;
INSERT INTO offers (practice_id, id, wish_id, freed_time_id, client_id, session_id, service_id,
  practitioner_id, price_minor, state, holds, starts_at, ends_at, format, made_at, answer_by,
  ended_at)
 SELECT practice_id, md5('offer/' || n)::uuid, wish_id, gen_random_uuid(), client_id, session_id,
  service_id, practitioner_id, 12000, CASE WHEN is_open THEN 'open' ELSE 'expired' END, false,
  starts_at, ends_at, 'video', made_at, '{NOW + HOUR}', CASE WHEN NOT is_open THEN made_at END
 FROM waited;
"""  # noqa: S608 - constants only


@pytest.fixture
async def waited(server: EmbeddedServer, database: str, engine: AsyncEngine) -> Booked:
    """A client of a practice with 20,000 offers, a few of them open, and 300 policy versions."""
    del engine
    admin_url = server.url("postgres", database)
    await fill(admin_url, SESSIONS, NOW.date())
    db = await asyncpg.connect(admin_url)
    try:
        await db.execute(_FILL)
        await db.execute("VACUUM ANALYZE")
        client_id = await db.fetchval("SELECT client_id FROM offers WHERE state = 'open' LIMIT 1")
    finally:
        await db.close()
    return next(one for one in await booked_sessions(admin_url) if one.client_id == client_id)


@pytest.fixture
async def client(waited: Booked, settings: Settings) -> AsyncIterator[tuple[Any, AsyncClient]]:
    del waited
    async with served(settings) as both:
        yield both


async def rows_read(engine: AsyncEngine, statement: Statement) -> Counter[str]:
    """Count what a statement reads of each table."""
    read: Counter[str] = Counter()
    for node in await executed(engine, statement):
        if "Relation Name" in node:
            read[node["Relation Name"]] += round(rows_of(node))
    return read


async def test_lists_of_offers_and_wishes_read_few_rows(
    client: tuple[Any, AsyncClient], waited: Booked, subtests: pytest.Subtests
) -> None:
    app, http = client
    _, staff = await transact(
        app.state.engine,
        lambda db: create_key(db, PRACTICE, "Desk", Scope.READ, actor=OPERATOR, now=NOW),
    )
    caller = Caller(PRACTICE, waited.client_id, 0)
    own = AccessTokens(app.state.settings.keys).sign(caller, NOW + 24 * HOUR)
    target = Target(waited.session_id, waited.client_id, waited.practitioner_id, "none", NOW)
    # The offers that are shown, and those whose rules are shown as well.
    asked = {
        "/v1/practice/offers": (staff, PAGE + 1),
        "/v1/practice/offers?state=open": (staff, PAGE + 1),
        "/v1/practice/offers?state=expired": (staff, 0),
        f"/v1/practice/offers/{named('offer', 1)}": (staff, 1),
        f"/v1/practice/offers/{named('offer', OFFERS)}": (staff, 0),
        "/v1/practice/wishes": (staff, PAGE + 1),
        "/v1/offers": (own, OPEN // CLIENTS * 2),
    }
    for path, (token, most_open) in asked.items():
        headers = {"Authorization": f"Bearer {token}"}
        made = await record(
            app.state.read_engine,
            target,
            lambda path=path, headers=headers: (  # type: ignore[misc]
                http.get(path, headers=headers)
            ),
        )
        read: Counter[str] = Counter()
        for statement in made.statements:
            read += await rows_read(app.state.read_engine, statement)
        with subtests.test(path):
            assert read["policy_versions"] <= most_open * (VERSIONS + 1)
            assert read["offers"] <= OPEN + PAGE + 1
            assert max(read["wishes"], read["sessions"]) <= PAGE + 1

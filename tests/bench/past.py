"""Measures what is answered about 100,000 changes of one practice: a tried policy, and a report."""

import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import asyncpg

from app.audit.write import OPERATOR
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.identity.api_keys.keys import Scope, create_key
from tests.bench.load import Measured, get, load, post
from tests.bench.subjects import PRACTICE, Window

CHANGES = 100_000
DAYS = 200
RULES = {"cancel": {"fees": [{"deadline": {"before_minutes": 2880}, "percent": "50"}]}}

_MADE = """
    SELECT judgement FROM changes
     WHERE practice_id = $1 AND judgement IS NOT NULL AND kind = 'cancelled'
"""
# Two or more of each session, as if it had been restored in between.
_REPEAT = """
    INSERT INTO changes (practice_id, id, command_id, subject, subject_id, kind, actor, at,
                         session_id, session_version, calendar_sequence, reason_code,
                         old_starts_at, old_ends_at, old_format, starts_at, ends_at, format,
                         currency, credit, judgement)
    SELECT own.practice_id, gen_random_uuid(), gen_random_uuid(), 'session', own.id,
           'cancelled', 'client', now() - make_interval(secs => n * $3::int * 86400.0 / $2::int),
           own.id, n, n, 'work', own.starts_at, own.ends_at, own.format, own.starts_at,
           own.ends_at, own.format, own.currency, 'returned', $4
      FROM generate_series(1, $2::int) AS n
      JOIN (SELECT row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS of, *
              FROM sessions WHERE practice_id = $1) AS own
        ON own.number = n % own.of + 1
"""


async def repeat_a_cancellation(made_in: str, repeated_in: str) -> None:
    """Write 100,000 cancellations of the last 200 days, judged like one that was made by a request.

    Both are addresses of databases, for a superuser.
    """
    db = await asyncpg.connect(made_in)
    judgement = await db.fetchval(_MADE, PRACTICE)
    await db.close()
    db = await asyncpg.connect(repeated_in)
    await db.execute("SET session_replication_role = replica")
    await db.execute(_REPEAT, PRACTICE, CHANGES, DAYS, judgement)
    await db.execute("VACUUM ANALYZE changes")
    await db.close()


async def key_of_staff(service_url: str, scope: Scope = Scope.READ) -> str:
    """Create an API key of the practice."""
    now = datetime.now(UTC)  # noqa: TID251 - a real server is asked
    async with brief_engine(service_url) as engine:
        _, key = await transact(
            engine,
            lambda db: create_key(db, PRACTICE, "Bench", scope, actor=OPERATOR, now=now),
        )
    return key


def trial(port: int, key: str) -> Window:
    """Try other rules on all of the changes, in one request."""
    today = _today()
    body = {"rules": RULES, "from": _midnight(today - timedelta(days=DAYS + 1))}
    body["to"] = _midnight(today + timedelta(days=1))
    path = "/v1/practice/policies/try"

    async def window() -> Measured:
        return await load(port, [post(path, key, json.dumps(body), uuid4().hex)], connections=1)

    return window


def report(port: int, key: str) -> Window:
    """Ask for the report of all of the changes, by month."""
    first, last = _today() - timedelta(days=DAYS + 1), _today()
    path = f"/v1/practice/reports/changes?from={first}&to={last}&group_by=month"

    async def window() -> Measured:
        return await load(port, [get(path, key)], connections=1)

    return window


def _today() -> date:
    return datetime.now(UTC).date()  # noqa: TID251 - a real server is asked


def _midnight(day: date) -> str:
    return f"{day}T00:00:00Z"

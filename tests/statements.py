"""Checks that every statement that the application sends during the tests names one practice.

tests/fixtures/run.py switches it on for every test. A statement is inspected when SQLAlchemy sends
it to the driver, or when it is given to the driver directly, as hot reads and the job library do.
Statements that a test itself sends are not checked. Neither are those of processes that a test
starts: other tests send the same statements from their own process.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg
import greenlet  # type: ignore[import-untyped] # has no types of its own
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.binding import Verdict, read_statement

ROOT = Path(__file__).parents[1]
_OURS = tuple(f"{ROOT / folder}/" for folder in ("app", "tests", "migrations"))


@dataclass(frozen=True, slots=True)
class Exemption:
    """The tables that a function may use without naming a practice, and the reason."""

    tables: frozenset[str]
    reason: str


def _of(*tables: str, reason: str) -> Exemption:
    return Exemption(frozenset(tables), reason)


EXEMPTIONS: Mapping[str, Exemption] = {
    "app/identity/short_links/queries.py _find": _of(
        "practices",
        "short_links",
        reason="a code of 16 characters says only by its hash whose link it is",
    ),
    "app/identity/short_links/repository.py delete_links_until": _of(
        "short_links",
        "sessions",
        "offers",
        reason="the worker deletes the links of all practices that open nothing any more",
    ),
    "app/notifications/sms/repository.py _practices_with": _of(
        "practices",
        "clients",
        reason="a text message to us says nothing but the number that it came from",
    ),
    "app/notifications/sms/repository.py was_answered_since": _of(
        "practices",
        "notifications",
        "sessions",
        "clients",
        reason="a number gets one answer a day, whatever practices have it",
    ),
    "app/notifications/sms/repository.py find_texted_session": _of(
        "practices",
        "notifications",
        "sessions",
        "clients",
        reason="the only session of all practices about which a number got a text message",
    ),
    "app/identity/oidc/queries.py find_providers": _of(
        "practices",
        "sign_in_providers",
        reason="a token names its issuer and audience, which say whose client calls",
    ),
    "app/identity/oidc/queries.py find_users": _of(
        "sign_in_providers", reason="the operator releases an issuer, whichever practice has it"
    ),
    "app/identity/oidc/repository.py is_taken": _of(
        "sign_in_providers", reason="an issuer and audience belong to one practice of all"
    ),
    "app/identity/sign_in/find_clients.py find_clients": _of(
        "practices",
        "clients",
        "sign_in_providers",
        reason="who signs in does not say where: the address is looked for at every practice",
    ),
    "app/identity/sign_in/repository.py delete_old_sign_ins": _of(
        "sign_ins", "sign_in_families", reason="the worker's sweep, by age alone"
    ),
    "app/web/idempotency_repository.py delete_answers_until": _of(
        "idempotency_keys", reason="the worker's cleanup, by age alone"
    ),
    "app/outbox/sweeping.py sweep_notifications": _of(
        "practices", "notifications", reason="the worker's sweep, by what is due and has no wake"
    ),
    "app/fees/refill_queries.py list_due_refills": _of(
        "practices", "refills", reason="the worker's task, by whose freed start has passed"
    ),
    "app/fees/queries.py list_fees_to_announce": _of(
        "practices",
        "fees",
        "refills",
        "waivers",
        reason="the worker's task, by whose `collect_after` has passed",
    ),
    "app/fees/waiver_queries.py list_waivers_to_lapse": _of(
        "practices", "waivers", reason="the worker's task, by whose last instant has passed"
    ),
    "app/erasure/retention_repository.py list_practices": _of(
        "practices", reason="the worker's task, which then does one practice after the other"
    ),
    "app/groups/queries.py list_due_groups": _of(
        "practices", "groups", reason="the worker's task, by whose minimum is due"
    ),
    "app/move_requests/queries.py list_due_requests": _of(
        "practices",
        "move_requests",
        "move_request_sessions",
        "sessions",
        reason="the worker's task, by what is over",
    ),
    "app/waitlist/due_queries.py _list": _of(
        "practices",
        "wishes",
        "offers",
        "freed_times",
        "services",
        "sessions",
        "groups",
        "taken_times",
        "busy_intervals",
        reason="the worker's task, by what is due in any waitlist",
    ),
    "app/waitlist/due_queries.py list_waiting_practices": _of(
        "practices", "wishes", reason="the worker's task, by where somebody waits"
    ),
    "app/observability/metrics/queries.py read_outbox": _of(
        "practices", "notifications", reason="the operator's figures, numbers only"
    ),
    "app/operations/practice_queries.py all_practices": _of(
        "practices", reason="the operator lists the practices, and names one by its name"
    ),
    "app/operations/links.py issue_access_token": _of(
        "practices", "clients", reason="the operator names a client by the email address"
    ),
    "app/operations/links.py _practice_of": _of(
        "practices", "sessions", reason="the operator names a session by its id alone"
    ),
    "app/demo/guide.py _practices": _of(
        "practices", reason="the demo asks whether the database holds nothing but its own"
    ),
    "app/demo/mails.py send_mails": _of(
        "notifications", reason="the demo's database is all its own"
    ),
    "app/demo/mails.py _drop_mails": _of(
        "notifications", reason="the demo's database is all its own"
    ),
    "app/demo/mails.py _delete_wakes": _of(
        "notifications", reason="the demo's database is all its own"
    ),
    "app/demo/guide.py _facts": _of(
        "practices", "clients", "sessions", reason="the demo's database is all its own"
    ),
}


@dataclass
class Inspector:
    """The violations found since the last `take`, and the exemptions that were used."""

    found: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def inspect(self, sql: str, rows: Sequence[Sequence[Any]] = ()) -> None:
        """Inspect one statement with its rows of parameters."""
        verdict = read_statement(sql)
        if (verdict.nests or verdict.mixes) and (sender := _sender()).startswith("app/"):
            self.found.append(f"{sender} sends what a cluster refuses: {sql}")
        if verdict.indirect:
            self._judge(sql, verdict)
        elif len(verdict.parameters) > 1 and not all(_of_one(verdict, row) for row in rows):
            self.found.append(f"{_sender()} names several practices: {sql}")

    def take(self) -> list[str]:
        """Return the violations found so far, and clear the list."""
        found, self.found = self.found, []
        return found

    def _judge(self, sql: str, verdict: Verdict) -> None:
        sender = _sender()
        if not sender.startswith("app/"):
            return
        exemption = EXEMPTIONS.get(sender)
        if verdict.locks:
            # A cluster refuses it. Find the practices first, then lock the rows of each.
            self.found.append(f"{sender} locks rows of several practices: {sql}")
        elif exemption is not None and verdict.indirect <= exemption.tables:
            self.used.add(sender)
        elif verdict.unbound:
            self.found.append(f"{sender} names no practice for {sorted(verdict.unbound)}: {sql}")
        else:
            # Each table needs a parameter, so that a statement of one practice goes to one shard.
            indirect = sorted(verdict.indirect)
            self.found.append(f"{sender} gives no parameter for the practice of {indirect}: {sql}")


def _of_one(verdict: Verdict, row: Sequence[Any]) -> bool:
    return len({row[number - 1] for number in verdict.parameters}) == 1


def _sender() -> str:
    """Return file and name of the function of this project that sends the current statement."""
    for frame in _frames():
        file = frame.f_code.co_filename
        if file.startswith(_OURS) and file != __file__:
            return f"{Path(file).relative_to(ROOT)} {frame.f_code.co_name}"
    return "nobody"


def _frames() -> Iterator[FrameType]:
    """Walk up the stack. SQLAlchemy runs the driver in a greenlet, which has a stack of its own."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what `inspect` would do, slowly
    current: greenlet.greenlet | None = greenlet.getcurrent()
    while current is not None:
        while frame is not None:
            yield frame
            frame = frame.f_back
        current = current.parent
        frame = None if current is None else current.gr_frame


INSPECTOR = Inspector()


def watch() -> None:
    """Inspect every statement from now on."""
    event.listen(Engine, "before_cursor_execute", _before)
    for name in ("execute", "executemany", "fetch", "fetchmany", "fetchrow", "fetchval"):
        _watch_driver(name)


def _before(*arguments: Any) -> None:
    _, _, sql, parameters, _, is_many = arguments
    INSPECTOR.inspect(sql, parameters if is_many else [parameters])


def _watch_driver(name: str) -> None:
    """Inspect the statements sent by this method of the driver. SQLAlchemy does not use it."""
    send = getattr(asyncpg.Connection, name)

    async def watched(self: asyncpg.Connection, sql: str, *values: Any, **options: Any) -> Any:
        INSPECTOR.inspect(sql, values[0] if name.endswith("many") else [values])
        return await send(self, sql, *values, **options)

    setattr(asyncpg.Connection, name, watched)

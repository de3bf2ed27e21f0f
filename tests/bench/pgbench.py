"""The upper limit: `pgbench` runs the recorded statements of a command, without the service.

Each transaction is for another session and has its own ids and idempotency key. The script has
variables for the values of the recorded session. All other values are as they were sent.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from app.database.programs import program
from tests.bench.load import CONNECTIONS
from tests.bench.recording import NEAR, Recording
from tests.bench.subjects import PRACTICE

SECONDS = 5
_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
# Ids are evenly distributed: the next id after a random value is a random id.
_PICK = """
SELECT id AS session_id, client_id, practitioner_id, booked_starts_at AS base,
       gen_random_uuid() AS key{made}
  FROM (SELECT * FROM sessions WHERE practice_id = '{practice}'
           AND id >= (SELECT gen_random_uuid()) ORDER BY id LIMIT 1) AS picked
 UNION ALL (
SELECT id, client_id, practitioner_id, booked_starts_at, gen_random_uuid(){more}
  FROM sessions WHERE practice_id = '{practice}' ORDER BY id LIMIT 1)
 LIMIT 1
\\gset
"""


async def transactions(
    url: str, folder: Path, recordings: Sequence[Recording], seconds: int = SECONDS
) -> float:
    """Run the recordings in turn, with the clients of the load; return transactions per second."""
    files = []
    for number, recording in enumerate(recordings):
        file = folder / f"pgbench-{number}.sql"
        file.write_text(_Script(recording).text())
        files.append(f"--file={file}")
    process = await asyncio.create_subprocess_exec(
        program("pgbench"),
        *files,
        "--no-vacuum",
        "--protocol=prepared",
        f"--client={CONNECTIONS}",
        f"--time={seconds}",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaint = await process.communicate()
    found = _RATE.search(told.decode())
    # pgbench continues with the remaining clients when some fail.
    assert found is not None, complaint.decode()
    assert "aborted" not in complaint.decode(), complaint.decode()
    return float(found[1])


class _Script:
    """Writes a recording as a script in which only `:name` is a variable."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        target = recording.target
        self._made = {id_: f"made_{number}" for number, id_ in enumerate(recording.made_up)}
        self._ids = self._made | {
            target.session_id: "session_id",
            target.client_id: "client_id",
            target.practitioner_id: "practitioner_id",
        }
        self._texts = {str(id_): name for id_, name in self._ids.items()} | {target.key: "key"}

    def text(self) -> str:
        names = [f", gen_random_uuid() AS {name}" for name in self._made.values()]
        more = ", gen_random_uuid()" * len(names)
        lines = [_PICK.format(practice=PRACTICE, made="".join(names), more=more), "BEGIN;"]
        for sent in self._recording.statements:
            rows = sent.parameters if sent.many else [sent.parameters]
            lines += [self._statement(sent.text, row) for row in rows]
        return "\n".join([*lines, "COMMIT;"])

    def _statement(self, text: str, row: Sequence[Any]) -> str:
        return re.sub(r"\$(\d+)", lambda found: self._value(row[int(found[1]) - 1]), text) + ";"

    def _value(self, value: Any) -> str:  # noqa: PLR0911 - whatever a parameter is
        match value:
            case UUID():
                name = self._ids.get(value)
                return f"'{value}'::uuid" if name is None else f":{name}::uuid"
            case str():
                return self._replaced(_text(value.encode()), value)
            case bytes():
                shown = value.decode("latin-1")
                text = self._replaced(_text(value), shown)
                return f"convert_to({text}, 'utf8')" if "replace" in text else _bytes(value)
            case date() | timedelta():
                return self._time(value)
            case asyncpg.Range():
                return f"tstzrange({self._value(value.lower)}, {self._value(value.upper)})"
            case list() | tuple():
                return f"ARRAY[{', '.join(map(self._value, value))}]"
            case None:
                return "NULL"
            case _:
                return f"({value})"

    def _time(self, value: date | timedelta) -> str:
        match value:
            case timedelta():
                return f"make_interval(secs => {value.total_seconds()})"
            case datetime() if abs(value - self._recording.target.base) < NEAR:
                distance = self._time(value - self._recording.target.base)
                return f"(:base::timestamptz + {distance})"
            case datetime():
                return f"to_timestamp({value.timestamp()})"
            case _:
                return f"'{value}'::date"

    def _replaced(self, expression: str, shown: str) -> str:
        for old, name in self._texts.items():
            if old in shown:
                expression = f"replace({expression}, '{old}', :{name}::text)"
        return expression


def _text(value: bytes) -> str:
    # Without COLLATE, the text has another collation, and no index of a column is used.
    return f"(convert_from({_bytes(value)}, 'utf8') COLLATE \"default\")"


def _bytes(value: bytes) -> str:
    # pgbench would also read a colon within quotes as the start of a variable.
    return f"'\\x{value.hex()}'::bytea"

"""Answer with lines: the results of an import, and the lines of an export."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from app.transfer.batch import as_ref
from app.transfer.lines import LineResult
from app.web.problems.handlers import MAX_ERRORS, on_domain_error, on_invalid_request

MEDIA_TYPE = "application/x-ndjson"
PART_BYTES = 64 * 1024


async def write_results(
    request: Request, results: AsyncIterator[list[LineResult]]
) -> AsyncIterator[bytes]:
    """Write a line for each line of an import, in the order of the import."""
    async for part in results:
        yield b"".join([as_line(await _present(request, result)) for result in part])


async def _present(request: Request, result: LineResult) -> dict[str, Any]:
    done = result.done
    return {
        "line": result.number,
        "kind": result.kind,
        "external_ref": result.external_ref,
        "result": "failed" if done is None else done.outcome,
        "id": None if done is None else done.record_id,
        "problem": None if result.error is None else await _problem(request, result.error),
    }


async def _problem(request: Request, error: Exception) -> orjson.Fragment:
    """Present why a line was not written, as the same request alone would be answered."""
    if isinstance(error, ValidationError):
        errors = error.errors(include_url=False, include_input=False)[:MAX_ERRORS]
        found = [one | {"loc": ("body", *_of_line(one["loc"]))} for one in errors]
        return orjson.Fragment(
            (await on_invalid_request(request, RequestValidationError(found))).body
        )
    return orjson.Fragment((await on_domain_error(request, error)).body)


def _of_line(path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Name a field as the line does: `client_ref`, not `client_id`."""
    if not path or not isinstance(path[-1], str):
        return path
    return (*path[:-1], as_ref(f"/{path[-1]}")[1:])


async def write_lines(lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    """Write lines in parts of about `PART_BYTES`."""
    part = bytearray()
    async with aclosing(lines) as all_lines:  # type: ignore[type-var] # it is a generator
        async for line in all_lines:
            part += as_line(line)
            if len(part) >= PART_BYTES:
                yield bytes(part)
                part.clear()
    yield bytes(part)


def as_line(value: dict[str, Any]) -> bytes:
    """Write a JSON object as one line."""
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


class _Streamed(StreamingResponse):
    """An answer with lines, which are closed also if the reader goes away before the last one."""

    def __init__(self, first: bytes, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines
        super().__init__(
            self._all(first), headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE
        )

    async def _all(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        async for part in self._lines:
            yield part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines."""
        async with aclosing(self._lines):  # type: ignore[type-var] # it is a generator
            await super().__call__(scope, receive, send)


async def streamed(lines: AsyncIterator[bytes]) -> Response:
    """Answer with lines. What fails before the first of them is a problem, as of other calls."""
    return _Streamed(await anext(lines, b""), lines)

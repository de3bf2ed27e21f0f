"""Responses of reads and commands: JSON, and the headers that all answers have."""

from http import HTTPStatus

from fastapi import Response

from app.texts.catalogue import Texts
from app.web.idempotency import StoredAnswer
from app.web.json import Body, as_json
from app.web.languages import language_headers


def json_answer(
    model: Body,
    *,
    etag: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    texts: Texts | None = None,
) -> Response:
    """Respond with JSON. `texts`: the language of the answer's sentences, if it has any."""
    language = None if texts is None else texts.language
    return _respond(StoredAnswer(status, etag, as_json(model), language=language))


def no_content() -> Response:
    """Respond with 204 and no body."""
    return _respond(StoredAnswer(HTTPStatus.NO_CONTENT, None, b""))


def answered(model: Body) -> StoredAnswer:
    """Return the 200 answer of a command that changed something."""
    return StoredAnswer(HTTPStatus.OK, None, as_json(model))


def created(model: Body, *, texts: Texts | None = None) -> StoredAnswer:
    """Return the 201 answer of a command that created something; `texts` as for `json_answer`."""
    language = None if texts is None else texts.language
    return StoredAnswer(HTTPStatus.CREATED, None, as_json(model), language=language)


def done(_: object) -> StoredAnswer:
    """Return the 204 answer of a command, whatever its result is."""
    return StoredAnswer(HTTPStatus.NO_CONTENT, None, b"")


def _respond(answer: StoredAnswer) -> Response:
    headers = {"Cache-Control": "no-store"}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    if answer.language is not None:
        headers |= language_headers(answer.language)
    return Response(
        answer.body, answer.status, headers, "application/json" if answer.body else None
    )

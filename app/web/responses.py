"""Responses of reads and commands: JSON with the headers that all answers have."""

from http import HTTPStatus

from fastapi import Response

from app.texts.catalogue import Texts
from app.web.idempotency import StoredAnswer
from app.web.json import Answer, as_json
from app.web.languages import mark_language


def json_answer(
    model: Answer,
    *,
    etag: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    texts: Texts | None = None,
) -> Response:
    """Send a model that we built ourselves. `texts` are those that its sentences are of, if any."""
    language = None if texts is None else texts.language
    return _respond(StoredAnswer(status, etag, as_json(model), language=language))


def no_content() -> Response:
    """Say that it is done, where there is nothing to show."""
    return _respond(StoredAnswer(HTTPStatus.NO_CONTENT, None, b""))


def answered(model: Answer) -> StoredAnswer:
    """Answer a command with what it made of something, to be sent and to be kept with its key."""
    return StoredAnswer(HTTPStatus.OK, None, as_json(model))


def created(model: Answer) -> StoredAnswer:
    """Answer a command with what it has made."""
    return StoredAnswer(HTTPStatus.CREATED, None, as_json(model))


def done(_: object) -> StoredAnswer:
    """Answer a command that leaves nothing to show: a 204 without a body."""
    return StoredAnswer(HTTPStatus.NO_CONTENT, None, b"")


def _respond(answer: StoredAnswer) -> Response:
    headers = {"Cache-Control": "no-store"}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    response = Response(
        answer.body, answer.status, headers, "application/json" if answer.body else None
    )
    if answer.language is not None:
        mark_language(response, answer.language)
    return response

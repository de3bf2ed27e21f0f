"""What the endpoints of all records share: the problems they answer, and how a push is answered."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from app.context import answered, created
from app.database.idempotency import StoredAnswer
from app.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses

LIST_PROBLEMS = responses(*READING_BY_STAFF)
GET_PROBLEMS = responses(*READING_BY_STAFF, "not-found")
CREATE_PROBLEMS = responses(*WRITING_BY_STAFF)
CHANGE_PROBLEMS = responses(*WRITING_BY_STAFF, "not-found")


def push_answers(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Document what a push answers besides its 200."""
    new = {"model": model, "description": "There was none with this `external_ref`: it was made."}
    return {HTTPStatus.CREATED.value: new} | responses(*WRITING_BY_STAFF)


def pushed(model: BaseModel, *, is_new: bool) -> StoredAnswer:
    """Answer a push: 201 where the record was made, 200 where it was there."""
    return created(model) if is_new else answered(model)

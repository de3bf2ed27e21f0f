"""Validation errors use the terms of JSON, not of Python."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError

# Not a public API. If a release removes it, this import fails and another list is needed.
from pydantic_core._pydantic_core import list_all_errors

from app.configuration.settings import Settings
from app.main import create_app
from app.texts.catalogue import ENGLISH, LANGUAGES, Texts
from app.texts.errors import InvalidValueError
from app.web.problems.messages import describe_error
from tests.world import Api

PYTHON = re.compile(
    r"\b(dict|dictionary|frozendict|OrderedDict|Counter|mapping|tuple|list|deque|set|frozenset|"
    r"iterable|iterating|hashable|instance|subclass|class|callable|None|NoneType|valid bytes|"
    r"bytes or|bytearray|float|decimal input|valid decimal|complex|UUID object|"
    r"datetimes?|timezone info|"
    r"timedelta|finite|python|arguments?|attributes?|sentinel|literal|after validation|"
    r"Value error|Assertion)\b",
    re.IGNORECASE,
)
OUR_OWN = {"error": InvalidValueError("field.time-of-day")}
WRONG: list[Any] = [None, True, -1, 1.5, float("inf"), "", "x", "\ud800", [], [None], {}, {"x": 1}]


@pytest.mark.parametrize("known", list_all_errors(), ids=lambda known: known["type"])
def test_every_error_of_the_library_is_worded_without_python(known: Any) -> None:
    own = known["type"] in {"value_error", "assertion_error"}
    context = OUR_OWN if own else known.get("example_context")
    error = PydanticKnownError(known["type"], context)
    found = {"type": error.type, "msg": error.message(), "ctx": context}
    said = describe_error(found, ENGLISH)
    assert said
    assert not PYTHON.search(said)


def bodies() -> Iterator[type[BaseModel]]:
    """Give the model of each request body."""
    settings = Settings(
        database_url="postgresql://role@/reslot", secret_keys=("k" * 32,), _env_file=None
    )
    for context in iter_route_contexts(create_app(settings).routes):
        dependant = getattr(context.original_route, "dependant", None)
        for parameter in dependant.body_params if dependant is not None else ():
            yield parameter.field_info.annotation


@pytest.mark.slow
def test_every_body_of_the_api_is_refused_without_python(subtests: pytest.Subtests) -> None:
    models = set(bodies())
    assert len(models) > 20
    for model in models:
        with subtests.test(model.__name__):
            names = [info.alias or name for name, info in model.model_fields.items()]
            tried = [*WRONG, *({name: value} for name in names for value in WRONG)]
            said = {message for value in tried for message in refusals(model, value, ENGLISH)}
            assert said
            # The values of an enumeration are words of the API.
            plain = [re.sub(r"'[^']*'", "", message) for message in said]
            assert [message for message in plain if PYTHON.search(message)] == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
@pytest.mark.slow
def test_every_body_of_the_api_is_refused_in_the_readers_language(
    subtests: pytest.Subtests, language: str
) -> None:
    for model in set(bodies()):
        with subtests.test(model.__name__):
            names = [info.alias or name for name, info in model.model_fields.items()]
            for value in [*WRONG, *({name: value} for name in names for value in WRONG)]:
                english = refusals(model, value, ENGLISH)
                said = refusals(model, value, LANGUAGES[language])
                assert len(said) == len(english)
                assert not set(said) & set(english)


def refusals(model: type[BaseModel], value: Any, texts: Texts) -> list[str]:
    try:
        TypeAdapter(model).validate_python(value)
    except ValidationError as error:
        return [describe_error(found, texts) for found in error.errors()]
    return []


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ([], "", "Input should be an object"),
        ({"reason": []}, "/reason", "Input should be an object"),
        ({"reason": "ill"}, "/reason", "Input should be an object"),
        ({"reason": {"note": 5}}, "/reason/note", "Input should be a valid string"),
    ],
)
async def test_errors_are_worded_in_json_terms(
    api: Api, body: Any, pointer: str, detail: str
) -> None:
    path = "/v1/sessions/5f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f/cancel"
    [entry] = (await api.post(path, body)).json()["errors"]
    assert (entry["pointer"], entry["in"], entry["detail"]) == (pointer, "body", detail)

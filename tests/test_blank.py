"""A text without a visible character is refused wherever a text is required."""

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.configuration.settings import Settings
from app.directory.fields import RefInPath
from app.main import create_app
from app.policies.schemas import NewPolicy
from app.schedule.time_off.schemas import Source
from app.web.types import RequestBody, is_blank

INVISIBLE = [
    "\u200b",
    "\u2060\u00ad",
    " \u200e\u202e ",
    "\ufeff",
    "\u034f",
    "\u115f\u1160",
    "\u3164",
    "\uffa0",
    "\u2800\u2800",
    "\u180e\u180b",
    "\ufe0f",
    "\U000e0001\U000e0020",
    "\u2028\u2029\x1c",
    "\u17b4",
]
NAMES = ["Ana", "ක්\u200dෂ", "👩\u200d⚕\ufe0f", "ᄀ\u1160", "é", "\u200bA"]
# These fields hold no text for people: the value is looked up, or parsed by code that refuses it.
OPAQUE = {"quote", "token", "refresh_token", "url"}


@pytest.mark.parametrize("text", ["", " \t\n\u2003", *INVISIBLE])
def test_a_text_without_a_visible_character_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", NAMES)
def test_a_name_may_contain_invisible_characters(text: str) -> None:
    assert not is_blank(text)


def test_every_format_character_and_space_is_invisible() -> None:
    categories = {"Cf", "Zs", "Zl", "Zp"}
    chars = [chr(point) for point in range(0x110000)]
    found = [char for char in chars if unicodedata.category(char) in categories]
    assert all(map(is_blank, found))
    assert len(found) > 150


def texts() -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """List every field of a request body that takes a text and refuses an empty one."""
    for body in every(RequestBody):
        for name, field in body.model_fields.items():
            whole: Any = Annotated[(field.annotation, "field", *field.metadata)]
            kind: TypeAdapter[Any] = TypeAdapter(whole)
            if takes(kind, "x") and not takes(kind, "") and name not in OPAQUE:
                yield f"{body.__name__}.{name}", kind


def every(kind: type[RequestBody]) -> Iterator[type[RequestBody]]:
    for body in kind.__subclasses__():
        yield body
        yield from every(body)


def takes(kind: TypeAdapter[Any], value: object) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("text", INVISIBLE)
def test_no_field_of_a_request_accepts_a_blank_text(settings: Settings, text: str) -> None:
    create_app(settings)  # Imports every router with its schemas.
    found = dict(texts())
    assert len(found) > 20
    assert [name for name, kind in found.items() if takes(kind, text)] == []


@pytest.mark.parametrize("text", INVISIBLE)
def test_no_reference_accepts_a_blank_text(text: str) -> None:
    for kind in (RefInPath, Source):
        assert not takes(TypeAdapter(kind), text)


def test_the_text_of_a_policy_is_visible_or_absent() -> None:
    policy = TypeAdapter(NewPolicy)
    assert takes(policy, {"text": "", "rules": {}})
    for text in (" ", *INVISIBLE):
        assert not takes(policy, {"text": text, "rules": {}})

"""Serialises answers as JSON."""

from collections.abc import Mapping
from typing import TypeVar, cast

import orjson
from pydantic import BaseModel, ConfigDict

# A model, or a typed dictionary, which is serialised without validation.
Body = BaseModel | Mapping[str, object]
Part = TypeVar("Part", bound=Mapping[str, object])


class Answer(BaseModel):
    """Base of the models of answers. Endpoints serialise them without a second validation."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


def as_json(answer: Body) -> bytes:
    """Serialise an answer as JSON."""
    if isinstance(answer, BaseModel):
        return answer.model_dump_json(by_alias=True).encode()
    return _dumps(answer)


def serialise_part(part: Part) -> Part:
    """Serialise a part that many answers contain. The result can only be put into an answer."""
    return cast(Part, orjson.Fragment(_dumps(part)))


def _dumps(value: object) -> bytes:
    # asyncpg has its own UUID class, which orjson does not know: `str` converts it.
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)

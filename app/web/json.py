"""How answers are written to the wire."""

from collections.abc import Mapping
from typing import TypeVar, cast

import orjson
from pydantic import BaseModel

# What we built ourselves: a model, or a typed dictionary, which goes out as it is.
Answer = BaseModel | Mapping[str, object]
Part = TypeVar("Part", bound=Mapping[str, object])


def as_json(answer: Answer) -> bytes:
    """Write an answer as JSON."""
    if isinstance(answer, BaseModel):
        return answer.model_dump_json(by_alias=True).encode()
    return _dumps(answer)


def written(part: Part) -> Part:
    """Write a part of many answers once. It can be put into an answer, and not be read any more."""
    return cast(Part, orjson.Fragment(_dumps(part)))


def _dumps(value: object) -> bytes:
    # The driver's ids are a kind of UUID of its own, which only `str` knows to spell.
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)

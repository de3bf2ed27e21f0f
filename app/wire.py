"""How answers are written to the wire."""

from collections.abc import Mapping

import orjson
from pydantic import BaseModel

# What we built ourselves: a model, or a typed dictionary, which goes out as it is.
Answer = BaseModel | Mapping[str, object]


def as_json(answer: Answer) -> bytes:
    """Write an answer as JSON."""
    if isinstance(answer, BaseModel):
        return answer.model_dump_json(by_alias=True).encode()
    # The driver's ids are a kind of UUID of its own, which only `str` knows to spell.
    return orjson.dumps(answer, default=str, option=orjson.OPT_UTC_Z)

"""Messages for invalid fields, in terms of JSON. Pydantic's own are in terms of Python's types."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.texts.catalogue import Texts
from app.texts.errors import InvalidValueError

# Keys of texts by Pydantic's error type. Any other type keeps Pydantic's message, which names no
# Python type; no request of the API causes them.
_KEYS = {
    "arguments_type": "input.not-valid",
    "bool_parsing": "input.boolean-text",
    "bool_type": "input.boolean",
    "bytes_type": "input.string",
    "callable_type": "input.not-valid",
    "complex_str_parsing": "input.not-valid",
    "complex_type": "input.not-valid",
    "counter_type": "input.object",
    "dataclass_exact_type": "input.object",
    "dataclass_type": "input.object",
    "date_from_datetime_inexact": "input.date",
    "date_from_datetime_parsing": "input.date",
    "date_type": "input.date",
    "datetime_from_date_parsing": "input.date-time",
    "datetime_object_invalid": "input.date-time",
    "datetime_parsing": "input.date-time",
    "datetime_type": "input.date-time",
    "decimal_max_digits": "input.max-digits",
    "decimal_max_places": "input.max-decimals",
    "decimal_parsing": "input.number",
    "decimal_type": "input.number",
    "decimal_whole_digits": "input.whole-digits",
    "default_factory_not_called": "input.not-valid",
    "deque_type": "input.array",
    "dict_type": "input.object",
    "ellipsis_error": "input.not-valid",
    "enum": "input.one-of",
    "extra_forbidden": "input.extra",
    "finite_number": "input.number",
    "float_parsing": "input.number",
    "fraction_type": "input.number",
    "frozen_dict_type": "input.object",
    "frozen_instance": "input.not-valid",
    "frozen_set_type": "input.array",
    "get_attribute_error": "input.not-valid",
    "greater_than_equal": "input.at-least",
    "int_from_float": "input.integer-fraction",
    "int_parsing": "input.integer-text",
    "int_parsing_size": "input.integer-size",
    "int_type": "input.integer",
    "is_instance_of": "input.not-valid",
    "is_subclass_of": "input.not-valid",
    "iterable_type": "input.array",
    "iteration_error": "input.array",
    "json_invalid": "input.json-syntax",
    "json_type": "input.string-of-json",
    "less_than_equal": "input.at-most",
    "list_type": "input.array",
    "literal_error": "input.one-of",
    "mapping_type": "input.object",
    "missing": "input.missing",
    "missing_argument": "input.missing",
    "missing_keyword_only_argument": "input.missing",
    "missing_positional_only_argument": "input.missing",
    "missing_sentinel_error": "input.not-valid",
    "model_attributes_type": "input.object",
    "model_type": "input.object",
    "multiple_argument_values": "input.not-valid",
    "named_tuple_type": "input.array",
    "needs_python_object": "input.not-valid",
    "no_such_attribute": "input.not-valid",
    "none_required": "input.null",
    "ordered_dict_type": "input.object",
    "set_item_not_hashable": "input.not-valid",
    "set_type": "input.array",
    "string_pattern_mismatch": "input.string-pattern",
    "string_too_long": "input.string-too-long",
    "string_too_short": "input.string-too-short",
    "string_type": "input.string",
    "string_unicode": "input.string",
    "time_delta_parsing": "input.duration",
    "time_delta_type": "input.duration",
    "timezone_aware": "input.offset-needed",
    "timezone_naive": "input.offset-refused",
    "timezone_offset": "input.offset-other",
    "too_long": "input.too-many",
    "too_short": "input.too-few",
    "tuple_type": "input.array",
    "unexpected_keyword_argument": "input.extra",
    "unexpected_positional_argument": "input.extra",
    "url_type": "input.url",
    "uuid_type": "input.uuid",
}
# The number that selects singular or plural, by the text's key.
_COUNTED = {
    "input.max-decimals": "decimal_places",
    "input.max-digits": "max_digits",
    "input.string-too-long": "max_length",
    "input.string-too-short": "min_length",
    "input.too-few": "min_length",
    "input.too-many": "max_length",
}


def pointer_to(path: Iterable[object]) -> str:
    """Write where a value is as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def member_of(error: Mapping[str, Any]) -> str | None:
    """Return which member of an object is wrong, if a check of the whole object named one."""
    own = (error.get("ctx") or {}).get("error")
    return own.member if isinstance(own, InvalidValueError) else None


def describe_error(error: Mapping[str, Any], texts: Texts) -> str:
    """Describe an error that Pydantic reported, in the reader's language."""
    context: Mapping[str, Any] = error.get("ctx") or {}
    own = context.get("error")
    if isinstance(own, InvalidValueError):
        return texts.explain(own.explanation)
    key = _KEYS.get(error["type"])
    if key is None:
        return str(error["msg"])
    if key in _COUNTED:
        return texts.counted(key, context[_COUNTED[key]], **context)
    if key == "input.one-of":
        # Pydantic joins the values with the English word "or".
        listed = context["expected"].replace("' or '", f"' {texts('input.or')} '")
        return texts(key, expected=listed)
    return texts(key, **context)

"""What is wrong with a field, in the words of JSON where the library speaks of Python's types."""

from collections.abc import Mapping
from typing import Any

_OBJECT = "Input should be an object"
_ARRAY = "Input should be an array"
_TIME = "Input should be a date and time"
_NOT_VALID = "Input is not valid"

# By the library's error type; types that are not here have a message without Python in it.
_MESSAGES = {
    "arguments_type": _NOT_VALID,
    "bytes_type": "Input should be a valid string",
    "callable_type": _NOT_VALID,
    "complex_str_parsing": _NOT_VALID,
    "complex_type": _NOT_VALID,
    "counter_type": _OBJECT,
    "dataclass_exact_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "date_from_datetime_inexact": "Input should be a valid date",
    "date_from_datetime_parsing": "Input should be a valid date",
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
    "decimal_max_digits": "Number should have no more digits than {max_digits}",
    "decimal_max_places": "Number should have no more decimal places than {decimal_places}",
    "decimal_parsing": "Input should be a number",
    "decimal_type": "Input should be a number",
    "decimal_whole_digits": "Number should have fewer digits before its point",
    "default_factory_not_called": _NOT_VALID,
    "deque_type": _ARRAY,
    "dict_type": _OBJECT,
    "ellipsis_error": _NOT_VALID,
    "finite_number": "Input should be a number",
    "float_parsing": "Input should be a number",
    "fraction_type": "Input should be a number",
    "frozen_dict_type": _OBJECT,
    "frozen_instance": _NOT_VALID,
    "frozen_set_type": _ARRAY,
    "get_attribute_error": _NOT_VALID,
    "is_instance_of": _NOT_VALID,
    "is_subclass_of": _NOT_VALID,
    "iterable_type": _ARRAY,
    "iteration_error": _ARRAY,
    "json_type": "Input should be a string of JSON",
    "list_type": _ARRAY,
    "mapping_type": _OBJECT,
    "missing_argument": "Field required",
    "missing_keyword_only_argument": "Field required",
    "missing_positional_only_argument": "Field required",
    "missing_sentinel_error": _NOT_VALID,
    "model_attributes_type": _OBJECT,
    "model_type": _OBJECT,
    "multiple_argument_values": _NOT_VALID,
    "named_tuple_type": _ARRAY,
    "needs_python_object": _NOT_VALID,
    "no_such_attribute": _NOT_VALID,
    "none_required": "Input should be null",
    "ordered_dict_type": _OBJECT,
    "set_item_not_hashable": _NOT_VALID,
    "set_type": _ARRAY,
    "string_unicode": "Input should be a valid string",
    "time_delta_parsing": "Input should be a valid duration",
    "time_delta_type": "Input should be a valid duration",
    "timezone_aware": "Input should have an offset from UTC",
    "timezone_naive": "Input should have no offset from UTC",
    "timezone_offset": "Input should have another offset from UTC",
    "too_long": "Too many items: at most {max_length} are allowed",
    "too_short": "Too few items: at least {min_length} are needed",
    "tuple_type": _ARRAY,
    "unexpected_keyword_argument": "Extra inputs are not permitted",
    "unexpected_positional_argument": "Extra inputs are not permitted",
    "url_type": "Input should be a URL",
    "uuid_type": "Input should be a UUID",
}
# The library puts these before the messages of our own checks.
_PREFIXES = ("Value error, ", "Assertion failed, ")


def describe_error(error: Mapping[str, Any]) -> str:
    """Say what is wrong, of an error as the library reports it."""
    template = _MESSAGES.get(error["type"])
    if template is not None:
        return template.format(**error.get("ctx") or {})
    message: str = error["msg"]
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message

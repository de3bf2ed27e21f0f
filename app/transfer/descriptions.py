"""What the API description says of lines of JSON."""

from typing import Any

from app.transfer.presenter import MEDIA_TYPE

_LINES_EXAMPLE = (
    '{"kind":"location","external_ref":"room-2","name":"Harbor Street",'
    '"address":"1 Harbor Street, Denver, CO 80202"}\n'
    '{"kind":"client","external_ref":"crm-1042","name":"Ana Ruiz",'
    '"email":"ana@client.example","phone":null,"time_zone":"America/New_York","locale":"en-US"}\n'
)
_RESULTS_EXAMPLE = (
    '{"line":1,"kind":"location","external_ref":"room-2","result":"created",'
    '"id":"9a4f0f63-1c7d-4b55-8f0e-3f3d0b6a7c94","problem":null}\n'
    '{"line":2,"kind":"client","external_ref":"crm-1042","result":"failed","id":null,'
    '"problem":{"type":"https://reslot.example/problems/validation-failed",'
    '"title":"The request is not valid","status":422,"code":"validation-failed",'
    '"detail":"Something in the request is missing or wrong.","request_id":"4f1c0a2b9d3e4f5a",'
    '"errors":[{"pointer":"/email","in":"body",'
    '"detail":"must be an email address, like ana@client.example"}]}}\n'
)


def _lines(description: str, example: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string", "description": description},
                "example": example,
            }
        },
    }


RESULTS: dict[int | str, dict[str, Any]] = {
    200: _lines(
        "One JSON object a line: `line` (its number, from 1), `kind`, `external_ref`, `result` "
        "(`created`, `updated`, `unchanged` or `failed`), `id` of the record, and `problem`, "
        "null unless it failed.",
        _RESULTS_EXAMPLE,
    )
}


EXPORTED: dict[int | str, dict[str, Any]] = {
    200: _lines("One JSON object a line, in the form that the import takes.", _LINES_EXAMPLE)
}

LINES: dict[str, Any] = {
    "required": True,
    **_lines("One JSON object a line, in the form of the export.", _LINES_EXAMPLE),
}

"""A gateway that takes text messages as JSON, in the form of the operator's template."""

from collections.abc import Mapping
from string import Template
from typing import Any

import orjson

from app.sms.message import TextMessage
from app.sms.posting import (
    TIMEOUT_SECONDS,
    GatewayConnection,
    basic_authorization,
    without_user,
)


class GatewaySender:
    """Posts each text message as JSON. The header `Idempotency-Key` is the message's id."""

    def __init__(
        self,
        url: str,
        sender: str,
        template: str,
        *,
        token: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._url = without_user(url)
        self._sender = sender
        self._template = orjson.loads(template)
        authorization = basic_authorization(url)
        if token is not None:
            authorization = {"Authorization": f"Bearer {token}"}
        self._headers = {"Content-Type": "application/json", **authorization}
        self._connection = GatewayConnection(timeout_seconds=timeout_seconds)

    async def send(self, message: TextMessage) -> None:
        """Post a text message (app/sms/senders.py)."""
        values = {
            "id": message.id,
            "from": self._sender,
            "to": message.to,
            "text": message.text,
        }
        body = orjson.dumps(_filled(self._template, values))
        headers = {**self._headers, "Idempotency-Key": message.id}
        await self._connection.post(self._url, headers, body)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._connection.close()


def _filled(part: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """Replace the names in all strings of the template."""
    if isinstance(part, str):
        return Template(part).safe_substitute(values)
    if isinstance(part, list):
        return [_filled(one, values) for one in part]
    if isinstance(part, dict):
        return {name: _filled(one, values) for name, one in part.items()}
    return part

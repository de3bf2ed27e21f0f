"""The client's address of a request, as servers and proxies report it."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.web.origins import plain_address


@pytest.mark.parametrize(
    ("forwarded", "origin"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["192.0.2.7:x"], None),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["2001:DB8:0::1"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["[2001:db8::1"], None),
        (["fe80::1%eth0"], "fe80::1"),
        (["fe80::1%<script>"], "fe80::1"),
        (["unknown"], None),
        (["_hidden"], None),
        (["ana@client.example"], None),
        (["192.0.2.007"], None),
        (["192.0.2.7 "], "192.0.2.7"),
        (["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, 10.0.0.1"], "192.0.2.7"),
    ],
)
async def test_a_value_that_is_not_an_address_is_ignored(
    forwarded: list[str], origin: str | None
) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI
        assert scope["client"] is not None
        seen.append(scope["client"][0])

    scope: Any = {
        "type": "http",
        "client": ("127.0.0.1", 5000),
        "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
    }
    unused: Any = None
    server: Any = ProxyHeadersMiddleware(app, trusted_hosts=["127.0.0.1", "10.0.0.0/8"])  # type: ignore[arg-type]
    await server(scope, unused, unused)
    assert plain_address(seen[0]) == origin

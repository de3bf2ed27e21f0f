"""`HEAD` for every `GET` (RFC 9110 section 9.3.2): the same headers without a body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadByGet:
    """ASGI middleware: runs a HEAD request as a GET and drops the body of the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        # A copy, because the server reads the method from its own scope when it responds.
        asked = {**scope, "method": "GET"}

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                await send({"type": "http.response.body", "body": b""})

        try:
            await self._app(asked, receive, send_head)
        finally:
            # The log reads the matched route from the scope.
            scope.update({**asked, "method": "HEAD"})

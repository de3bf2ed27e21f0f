"""`HEAD` wherever there is `GET` (RFC 9110 section 9.3.2): the same answer, without its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadByGet:
    """Lets the application answer a HEAD like a GET, and sends the head of that answer alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        # A copy: the server looks at the method in its own scope when it writes the answer.
        asked = {**scope, "method": "GET"}

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                await send({"type": "http.response.body", "body": b""})

        try:
            await self._app(asked, receive, send_head)
        finally:
            # The log names the route that was found.
            scope.update({**asked, "method": "HEAD"})

"""An OpenID Connect issuer for the tests: it publishes keys and signs tokens."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

AUDIENCE = "reslot"
HOUR = timedelta(hours=1)
# Made once: an RSA key takes longer than most tests.
RSA = RSAKey.generate_key(2048, {"kid": "rsa"}, private=True)
EC = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"}, private=True)
OTHER = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)


@dataclass
class Issuer:
    """Publishes `keys`, and counts the documents that were read. `broken` makes it answer a 500."""

    url: str
    keys: list[Key] = field(default_factory=lambda: [RSA, EC, ED])
    documents: dict[str, Any] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    broken: bool = False

    def document(self, path: str) -> Any:
        """Give what is published at a path; None: nothing."""
        self.read.append(path)
        if self.broken:
            return None
        known = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": [key.as_dict(private=False) for key in self.keys]},
        }
        return (known | self.documents).get(path)

    async def fetch(self, url: str) -> Any:
        """Read a document as the application does, without HTTP."""
        return self.document(url.removeprefix(self.url))

    def claims(self, now: datetime, **changed: Any) -> dict[str, Any]:
        """Give the claims of a good token. A claim that is None is left out."""
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + HOUR).timestamp()),
        } | changed
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        now: datetime,
        *,
        key: Key = EC,
        algorithm: str = "ES256",
        header: Mapping[str, Any] | None = None,
        **changed: Any,
    ) -> str:
        """Sign a token, good but for what is changed."""
        head: dict[str, Any] = {"alg": algorithm, "kid": key.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, self.claims(now, **changed), key, algorithms=[algorithm])


@asynccontextmanager
async def serving_issuer() -> AsyncIterator[Issuer]:
    """Serve an issuer over HTTP on loopback."""
    issuer = Issuer("")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = issuer.document(head.split()[1].decode())
        status = "200 OK" if found is not None else "500 Internal Server Error"
        body = json.dumps(found).encode()
        head_lines = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close"
        writer.write(f"{head_lines}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield issuer

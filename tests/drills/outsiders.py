"""All callers who may not read a practice's data, and the expected refusal of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from app.audit.write import OPERATOR
from app.database.transactions import transact
from app.identity.api_keys.keys import Scope, revoke_key
from app.identity.tokens.access import AccessTokens, Caller
from app.tables.practices import Client
from app.tables.sessions import Session
from tests.walls import START, Theirs, scope_of
from tests.world import NOW, World

LATER = NOW + timedelta(days=3650)
# What the holder of a link may call, besides operations on its session.
OF_A_LINK = {"/v1/me", "/v1/fees/{fee_id}/ask-waiver"}


@dataclass(frozen=True)
class Outsider:
    """A caller: the token, and whether it is valid.

    `session_id` is set for a link; `is_the_client` where the link belongs to the client itself.
    `asks`: ask only operations with this security scheme, as the caller may use the others.
    """

    name: str
    token: str | None
    scheme: str | None = None
    session_id: UUID | None = None
    scope: Scope | None = None
    is_good: bool = True
    is_elsewhere: bool = False
    is_the_client: bool = False
    asks: str | None = None


def expected(method: str, path: str, operation: dict[str, Any], caller: Outsider) -> str | None:
    """Give the problem code that a caller gets, or None where they get only their own data."""
    (security,) = operation["security"]
    if caller.scheme not in security:
        return "unauthorized"
    is_of_link = "{session_id}" in path or "{offer_id}" in path or path in OF_A_LINK
    if caller.session_id is not None and not is_of_link:
        return "forbidden"
    if not caller.is_good:
        return "unauthorized"
    if caller.scope is not None and not caller.scope.allows(scope_of(method, path)):
        return "forbidden"
    names_something = any(part.endswith("_id}") for part in path.split("/"))
    if names_something and (caller.scheme == "AccessToken" or caller.is_elsewhere):
        return "not-found"
    return None


class Cast:
    """All callers who may not read a practice's data. Some of them had access before."""

    def __init__(self, theirs: Theirs, elsewhere: World) -> None:
        self.world, self.elsewhere = theirs.world, elsewhere
        self.session_id = UUID(theirs.ids["session_id"])
        self._access = AccessTokens(self.world.settings.keys)

    async def gather(self) -> list[Outsider]:
        """Increase every token generation, and list the callers."""
        world = self.world
        await world.change(Client, world.client_id, token_generation=1, address_generation=1)
        await world.change(Session, self.session_id, link_generation=1)
        return [*self._strangers(), *self._ended(), *await self._others(), *await self._keys()]

    def _strangers(self) -> list[Outsider]:
        nobodys_key = f"rk_{uuid4().hex}{uuid4().hex}_{'A' * 43}"
        return [
            Outsider("nobody", None),
            Outsider("nonsense", "nonsense"),
            Outsider("a key of nobody", nobodys_key),
            Outsider("the client, for staff", self._client(1), asks="ApiKey"),
        ]

    def _ended(self) -> list[Outsider]:
        """Credentials that were valid earlier."""
        link = partial(self._link, self.world, self.session_id)
        found = {
            "signed out everywhere": self._client(0),
            "signed in too long ago": self._client(1, until=NOW),
            "a link opened too long ago": link(1, 1, until=NOW),
        }
        return [
            *(Outsider(name, token, "AccessToken", is_good=False) for name, token in found.items()),
            self._of_link("a revoked link", link(1, 0), is_good=False),
            self._of_link("a link to an old address", link(0, 1), is_good=False),
        ]

    async def _others(self) -> list[Outsider]:
        """Clients whose credentials are valid for other data."""
        world, elsewhere = self.world, self.elsewhere
        ben = await world.add_client(name="Ben", email="ben@client.example")
        second = await world.book(START + timedelta(days=6))
        there = await elsewhere.book(START)
        kinds = {
            "another client of the practice": Caller(world.practice_id, ben, 0),
            "a client of another practice": Caller(elsewhere.practice_id, elsewhere.client_id, 0),
        }
        return [
            *(
                Outsider(name, self._access.sign(caller, LATER), "AccessToken")
                for name, caller in kinds.items()
            ),
            self._of_link(
                "a link of the client's other session",
                self._link(world, second, 1, 0),
                is_the_client=True,
            ),
            self._of_link("a link of another practice", self._link(elsewhere, there, 0, 0)),
        ]

    async def _keys(self) -> list[Outsider]:
        world = self.world
        revoked = await world.key(Scope.ADMIN, name="Revoked")
        key_id = UUID(revoked.removeprefix("rk_")[32:64])
        end = partial(revoke_key, practice_id=world.practice_id, key_id=key_id)
        await transact(world.engine, partial(end, actor=OPERATOR, now=NOW))
        weak = [(scope, await world.key(scope, name=scope)) for scope in Scope]
        theirs = await self.elsewhere.key()
        return [
            Outsider("a revoked key", revoked, "ApiKey", is_good=False),
            *(Outsider(f"a key to {scope}", key, "ApiKey", scope=scope) for scope, key in weak),
            Outsider("the practice's key, for a client", weak[-1][1], asks="AccessToken"),
            Outsider("another's key", theirs, "ApiKey", scope=Scope.ADMIN, is_elsewhere=True),
        ]

    def _client(self, generation: int, until: datetime = LATER) -> str:
        caller = Caller(self.world.practice_id, self.world.client_id, generation)
        return self._access.sign(caller, until)

    def _link(
        self, of: World, opens: UUID, address: int, generation: int, until: datetime = LATER
    ) -> str:
        caller = Caller(of.practice_id, of.client_id, address, opens, generation)
        return self._access.sign(caller, until)

    def _of_link(self, name: str, token: str, **more: bool) -> Outsider:
        # The rule only checks whether there is a session, not which.
        return Outsider(name, token, "AccessToken", session_id=self.session_id, **more)  # type: ignore[arg-type]

"""The clients of a practice, and what ends their access."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select

from app.addresses import mailbox_key
from app.practices.models import Client
from app.practices.queries import has_address
from app.practices.records import Record, Records, Statement


class _Clients(Records):
    def shown(self) -> Statement:
        return select(
            Client.id,
            Client.external_ref,
            Client.active,
            Client.name,
            Client.email,
            Client.phone,
            Client.time_zone,
            Client.locale,
        )

    def matching(self, filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        found = super().matching(filters)
        if "email" in filters:
            found.append(has_address(filters["email"]))
        return found

    def columns(self, before: Record | None, changed: Record) -> dict[str, Any]:
        """End the tokens of a client who is deactivated or has another address, and his old links.

        Another spelling of the same mailbox is the same address (`mailbox_key`).
        """
        columns = super().columns(before, changed)
        if before is None:
            return columns | {"token_generation": 0, "address_generation": 0}
        address = changed.get("email", before["email"])
        has_moved = mailbox_key(address) != mailbox_key(before["email"])
        if has_moved:
            columns["address_generation"] = Client.address_generation + 1
        if has_moved or changed.get("active") is False:
            columns["token_generation"] = Client.token_generation + 1
        return columns


CLIENTS = _Clients(Client, "client")

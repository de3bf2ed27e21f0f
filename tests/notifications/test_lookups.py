"""Hosts are looked up at the system's name servers; a silent server delays no other lookup."""

import asyncio
import socket
from collections.abc import AsyncIterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.asyncresolver import Resolver

from app.outbound import lookups
from app.outbound.lookups import DnsLookups, SystemLookups
from tests.patience import PATIENCE_SECONDS

HANGING = 200
ZONE = {
    ("both.example.", "A"): ["93.184.215.14"],
    ("both.example.", "AAAA"): ["2606:4700::1111"],
    ("four.example.", "A"): ["93.184.215.14"],
    ("six.example.", "AAAA"): ["2606:4700::1111"],
    ("empty.example.", "A"): [],
}


class NameServer(asyncio.DatagramProtocol):
    """Answers from ZONE; does not answer for names that begin with "silent"."""

    def __init__(self) -> None:
        self.asked = 0
        self.silent = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> int:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        query = dns.message.from_wire(data)
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked += 1
        if name.startswith("silent"):
            if self.asked >= HANGING:
                self.silent.set()
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name.startswith("broken") or (name == "four.example." and kind == "AAAA"):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in {known for known, _ in ZONE}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found := ZONE.get((name, kind)):
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    made = NameServer()
    yield made
    made.close()


@pytest.fixture
async def look_up(server: NameServer) -> DnsLookups:
    port = await server.open()

    def resolver() -> Resolver:
        made = Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], port
        return made

    return DnsLookups(resolver)


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("both.example", ["93.184.215.14", "2606:4700::1111"]),
        ("BOTH.example.", ["93.184.215.14", "2606:4700::1111"]),
        # The IPv4 and IPv6 answers are independent.
        ("four.example", ["93.184.215.14"]),
        ("six.example", ["2606:4700::1111"]),
        ("10.0.0.1", ["10.0.0.1"]),
        ("0x7f.1", ["127.0.0.1"]),
        ("::1", ["::1"]),
    ],
)
async def test_a_host_has_its_addresses_ipv4_first(
    look_up: DnsLookups, host: str, addresses: list[str]
) -> None:
    assert await look_up(host, 443) == addresses


@pytest.mark.parametrize(
    "host", ["nobody.example", "empty.example", "broken.example", f"{'a' * 64}.example", "a..b"]
)
async def test_a_host_without_addresses_is_reported(look_up: DnsLookups, host: str) -> None:
    with pytest.raises(socket.gaierror):
        await look_up(host, 443)


async def test_lookups_that_hang_do_not_delay_others(
    look_up: DnsLookups, server: NameServer
) -> None:
    """Many more lookups than a pool has threads."""
    hanging = [
        asyncio.create_task(look_up(f"silent{number}.example", 443)) for number in range(HANGING)
    ]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await server.silent.wait()
    assert await look_up("both.example", 443) == await look_up("BOTH.example", 443)
    # A lookup can be cancelled at once.
    for task in hanging:
        task.cancel()
    outcomes = await asyncio.gather(*hanging, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {asyncio.CancelledError, socket.gaierror}


async def test_a_lookup_at_a_silent_name_server_times_out(
    look_up: DnsLookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "LOOKUP_SECONDS", 0.05)
    with pytest.raises(socket.gaierror):
        await look_up("silent.example", 443)


async def test_a_system_without_name_servers_is_reported() -> None:
    def unconfigured() -> Resolver:
        return Resolver(filename="/dev/null")

    with pytest.raises(socket.gaierror):
        await DnsLookups(unconfigured)("both.example", 443)


async def test_in_development_the_system_is_asked() -> None:
    assert "127.0.0.1" in await SystemLookups()("localhost", 443)

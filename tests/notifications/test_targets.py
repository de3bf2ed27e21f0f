"""No webhook reaches the server's internal networks, whatever its URL or DNS says."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from app.outbound import answers
from app.outbound.answers import MAX_BODY
from app.outbound.targets import BadTargetError, host_of, is_public, read_target
from app.outbox.errors import SendingFailedError
from app.webhooks.sending import WebhookSender

URL = "https://crm.example/hooks"
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.1"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - nothing listens there, it is refused
        "255.255.255.255",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "2002:5db8:d70e::1",
        "2002:7f00:1::1",
        "2001:0:4136:e378::1",
        "2001:db8::1",
        "no address",
    ],
)
def test_a_non_public_address_is_recognised(address: str) -> None:
    assert not is_public(address)


# From the IANA special-purpose address registries, IPv4 and IPv6, in November 2026.
REGISTRIES = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24 192.31.196.0/24
192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
::1/128 ::/128 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128
2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28
2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
fec0::/10 ff00::/8
""".split()  # noqa: SIM905 - a table is read more easily


@pytest.mark.parametrize("network", REGISTRIES)
def test_no_special_network_or_its_mapped_form_is_public(network: str) -> None:
    found = ip_network(network)
    for address in (found[0], found[-1], found[found.num_addresses // 2]):
        assert not is_public(str(address))
        if isinstance(address, IPv4Address):
            value = int(address)
            mapped = IPv6Address((0xFFFF << 32) | value)
            translated = IPv6Address((0x64FF9B << 96) | value)
            assert not is_public(str(mapped))
            assert not is_public(str(translated))


@pytest.mark.parametrize(
    "network",
    [
        "192.0.0.0/24",
        "100.64.0.0/10",
        "198.18.0.0/15",
        "172.16.0.0/12",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    ],
)
def test_the_networks_beside_a_special_one_are_public(network: str) -> None:
    found = ip_network(network)
    assert is_public(str(found[0] - 1)) or network == "2001::/23"
    assert is_public(str(found[-1] + 1))


@pytest.mark.parametrize(
    "address", [PUBLIC, "2606:4700::1111", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]
)
def test_a_public_address_is_recognised(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/",
        "ftp://crm.example/",
        "//crm.example/",
        "crm.example",
        "https://",
        "https:///hooks",
        "https://user@crm.example/",
        "https://user:word@crm.example/",
        "https://crm.example\\@evil.example/",
        "https://crm.example/#top",
        "https://crm.example/#",
        "https://crm.example:0/",
        "https://crm.example:99999/",
        "https://crm.example:port/",
        "https://crm example/",
        "https://crm.example/\n",
        "https://crm.example/\x00",
        "https://xn--a\u200d.example/",
        "https://\u2665.example/",
        "https://１２７.０.０.１/",  # noqa: RUF001 - full-width digits are the case
        "https://crm.example/münchen",
        "https://crm.example/?a=ü",
        "https://user@faß.example/",
        "https://crm..example/",
        f"https://{'a' * 64}.example/",
        f"https://crm.example/{'a' * 2000}",
        "https://[::1",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]:8443/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://10.0.0.1./",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_webhooks_are_not_sent_to_such_a_url(url: str) -> None:
    with pytest.raises(BadTargetError):
        read_target(url, insecure=False)


def test_a_url_is_parsed_once() -> None:
    target = read_target("HTTPS://CRM.example:8443/a/b?c=d", insecure=False)
    assert (target.scheme, target.host, target.port) == ("https", "crm.example", 8443)
    assert (target.authority, target.path) == ("CRM.example:8443", "/a/b?c=d")
    assert read_target("https://crm.example", insecure=False).path == "/"


@pytest.mark.parametrize(
    ("host", "spelt"),
    [
        ("faß.example", "xn--fa-hia.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("点。example", "xn--3px.example"),
        ("XN--FA-HIA.example", "xn--fa-hia.example"),
    ],
)
def test_a_host_is_spelt_by_idna_2008(host: str, spelt: str) -> None:
    target = read_target(f"https://{host}:8443/", insecure=False)
    assert target.host == spelt
    assert target.authority.lower() == f"{spelt}:8443"
    assert host_of(f"https://{host}/hooks") == spelt


def test_in_development_plain_http_to_this_machine_is_allowed() -> None:
    assert read_target("http://127.0.0.1:9000/", insecure=True).port == 9000
    with pytest.raises(BadTargetError):
        read_target("ftp://127.0.0.1/", insecure=True)


@pytest.mark.parametrize(
    "addresses", [[PRIVATE], [PUBLIC, PRIVATE], [PUBLIC, "::1"], ["::ffff:127.0.0.1"]]
)
async def test_a_name_with_an_internal_address_is_refused_before_sending(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    def nobody_connects(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("httpcore2.AnyIOBackend.connect_tcp", nobody_connects)
    sender = WebhookSender(insecure=False, resolve=resolve)
    with pytest.raises(SendingFailedError, match=r"^TargetRefused$"):
        await sender.post(URL, b"{}", {})


async def test_the_address_that_was_checked_is_the_one_that_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is looked up once, because a second lookup could return another address."""
    asked, connected = [], []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [PUBLIC]

    async def connect(_self: object, host: str, port: int, *_: object) -> None:
        connected.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr("httpcore2.AnyIOBackend.connect_tcp", connect)
    with pytest.raises(SendingFailedError, match=r"^ConnectionFailed$"):
        await WebhookSender(insecure=False, resolve=resolve).post(URL, b"{}", {})
    assert (asked, connected) == ([("crm.example", 443)], [(PUBLIC, 443)])


async def test_a_stored_plain_http_url_is_refused() -> None:
    with pytest.raises(SendingFailedError, match=r"^TargetRefused$"):
        await WebhookSender(insecure=False).post("http://crm.example/", b"{}", {})


async def test_an_unknown_name_is_reported() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(SendingFailedError, match=r"^NameNotResolved$"):
        await WebhookSender(insecure=False, resolve=resolve).post(URL, b"{}", {})


async def test_a_receiver_without_tls_is_reported() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Closing with unread data would reset the connection instead.
        await reader.read(65536)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SendingFailedError, match=r"^TLSFailed$"):
        await WebhookSender(insecure=True).post(f"https://127.0.0.1:{port}/", b"{}", {})
    server.close()
    await server.wait_closed()


async def test_a_response_that_is_not_http_is_reported() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SendingFailedError, match=r"^BadAnswer$"):
        await WebhookSender(insecure=True).post(f"http://127.0.0.1:{port}/", b"{}", {})
    server.close()
    await server.wait_closed()


async def test_posts_one_after_the_other_share_a_connection() -> None:
    async with keeping() as (url, connections):
        sender = WebhookSender(insecure=True)
        for _ in range(3):
            await sender.post(url, b"{}", {})
        assert connections.opened == 1
        await sender.close()


async def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    """Whether or not the sender has noticed."""
    async with keeping(closes_after_each=True) as (url, connections):
        sender = WebhookSender(insecure=True)
        for _ in range(3):
            await sender.post(url, b"{}", {})
        assert connections.opened == 3
        await sender.close()


async def test_a_long_body_is_not_read_and_the_post_has_arrived() -> None:
    async with keeping(body=b"x" * (MAX_BODY + 1)) as (url, connections):
        sender = WebhookSender(insecure=True)
        for _ in range(2):
            await sender.post(url, b"{}", {})
        assert connections.opened == 2
        await sender.close()


async def test_a_body_that_never_ends_does_not_make_the_post_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "BODY_SECONDS", 0.0)
    async with keeping(body=b"x", promised=2) as (url, connections):
        sender = WebhookSender(insecure=True)
        await sender.post(url, b"{}", {})
        assert connections.opened == 1
        await sender.close()


class Connections:
    """How many connections were opened."""

    opened = 0


@asynccontextmanager
async def keeping(
    *, body: bytes = b"ok", promised: int | None = None, closes_after_each: bool = False
) -> AsyncIterator[tuple[str, Connections]]:
    """Run a receiver that keeps its connections, or closes them without saying so before."""
    connections = Connections()
    length = len(body) if promised is None else promised

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.opened += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, body))
                if closes_after_each:
                    break
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", connections
    finally:
        server.close()
        await server.wait_closed()

"""Senders of text messages: to a gateway, to Twilio, into the folder of mails."""

import asyncio
import json
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from app.clock import system_clock
from app.configuration.settings import Settings
from app.mail.senders import FolderSender
from app.outbound.trust import trusted_authorities
from app.outbox.errors import SendingFailedError, UnansweredError, UndeliverableError, describe
from app.sms.gateway import GatewaySender
from app.sms.message import TextMessage, message_id, parse_message_id
from app.sms.posting import GatewayConnection
from app.sms.senders import FolderTextSender, TextSender, make_text_sender
from app.sms.twilio import TwilioSender
from tests.fixtures.command_line import run
from tests.notifications.receiver import Receiver
from tests.patience import PATIENCE_SECONDS
from tests.ports import free_port
from tests.world import NOW, TestClock

NUMBER, WORDS = "+12125550188", "Harbor: your session is at 10:00."
TEMPLATE = '{"id": "$id", "from": "$from", "to": "$to", "text": "$text"}'
# The end of a post: headers have no brace.
END = b"}"
TOKEN, PASSWORD = "hunter2-token", "hunter2-password"
# A gateway that hangs is met, and no test waits for it.
SHORT = 0.2
ID = message_id(uuid4(), uuid4())
MESSAGE = TextMessage(ID, NUMBER, WORDS)


@pytest.fixture
async def gateway() -> AsyncIterator[Receiver]:
    """The gateway, which takes what it gets unless told otherwise."""
    made = Receiver()
    await made.open()
    yield made
    if made.go_on is not None:
        made.go_on.set()
    await made.close()


@asynccontextmanager
async def sending(port: int, *, scheme: str = "http", **how: Any) -> AsyncIterator[GatewaySender]:
    """A sender to the gateway of this port."""
    how = {"template": TEMPLATE} | how
    url = how.pop("url", f"{scheme}://127.0.0.1:{port}/send?account=7")
    made = GatewaySender(url, how.pop("sender", "+15550100"), how.pop("template"), **how)
    try:
        yield made
    finally:
        await made.close()


def twilio_sender(port: int, *, sender: str = "+15550100", **how: Any) -> TwilioSender:
    url = f"twilio://AC0123:{PASSWORD}@127.0.0.1:{port}"
    return TwilioSender(url, sender, "https://reslot.example", scheme="http", **how)


async def refusal(sender: TextSender, message: TextMessage = MESSAGE) -> Exception:
    """Send a text message that is refused, and return the error, which tells nothing of it."""
    with pytest.raises((SendingFailedError, UnansweredError, UndeliverableError)) as raised:
        await sender.send(message)
    written = f"{raised.value!s} {raised.value!r} {describe(raised.value)}"
    for secret in (NUMBER, NUMBER[1:], WORDS, "hunter2", "secret answer", "127.0.0.1"):
        assert secret not in written
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value


@asynccontextmanager
async def answering(
    answer: Callable[[StreamReader, StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server that answers in its own way; yields its port."""
    ended = []

    async def served(reader: StreamReader, writer: StreamWriter) -> None:
        done = asyncio.Event()
        ended.append(done)
        try:
            await answer(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            done.set()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            for done in ended:
                await done.wait()
            await server.wait_closed()


async def test_the_gateway_gets_the_message_as_the_template_says(gateway: Receiver) -> None:
    async with sending(gateway.port) as sender:
        await sender.send(MESSAGE)
    (got,) = gateway.received
    assert got.line == "POST /send?account=7 HTTP/1.1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["idempotency-key"] == ID
    assert got.headers["host"] == f"127.0.0.1:{gateway.port}"
    assert "authorization" not in got.headers
    expected = {"id": ID, "from": "+15550100", "to": NUMBER, "text": WORDS}
    assert json.loads(got.body) == expected


async def test_a_template_can_be_nested(gateway: Receiver) -> None:
    template = (
        '{"messages": [{"to": ["${to}"], "body": {"en": "$text", "n": 3}}], "ref": "r-$id",'
        ' "is": [true, null, 1.5], "cost": "$$5", "$to": "a name", "of": "$from: $from"}'
    )
    async with sending(gateway.port, template=template, sender="Harbor") as sender:
        await sender.send(MESSAGE)
    assert json.loads(gateway.received[0].body) == {
        "messages": [{"to": [NUMBER], "body": {"en": WORDS, "n": 3}}],
        "ref": f"r-{ID}",
        "is": [True, None, 1.5],
        "cost": "$5",
        "$to": "a name",
        "of": "Harbor: Harbor",
    }


@pytest.mark.parametrize(
    "text",
    [
        'They said "no"',
        '", "to": "+15550199", "x": "',
        "two\nlines\r\n\tand a tab",
        "$to $from $id $text ${to} $$ $",
        "\\u0022 \\ \\n",
        "\u2028\u2029\u202e\ufeff\x00\x7f",
        "Grüße 💬 \U0010ffff",
        "</script>{{to}}%s%(to)s",
        "",
    ],
)
async def test_no_value_can_change_the_json_around_it(gateway: Receiver, text: str) -> None:
    async with sending(gateway.port, sender=text) as sender:
        await sender.send(TextMessage(ID, NUMBER, text))
    expected = {"id": ID, "from": text, "to": NUMBER, "text": text}
    assert json.loads(gateway.received[0].body) == expected


@pytest.mark.parametrize(
    ("user", "token", "header"),
    [
        ("", TOKEN, f"Bearer {TOKEN}"),
        ("user:p%40ss%3Aword@", None, "Basic dXNlcjpwQHNzOndvcmQ="),
        ("us%C3%A9r:p%C3%A4ss@", None, "Basic dXPDqXI6cMOkc3M="),
        ("user:password@", TOKEN, f"Bearer {TOKEN}"),
    ],
)
async def test_the_gateway_is_told_who_calls(
    gateway: Receiver, user: str, token: str | None, header: str
) -> None:
    url = f"http://{user}127.0.0.1:{gateway.port}/send"
    async with sending(gateway.port, url=url, token=token) as sender:
        await sender.send(MESSAGE)
    (got,) = gateway.received
    assert got.headers["authorization"] == header
    assert got.headers["host"] == f"127.0.0.1:{gateway.port}"
    assert "@" not in got.line


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_accepted(gateway: Receiver, status: int) -> None:
    gateway.status = status
    async with sending(gateway.port) as sender:
        await sender.send(MESSAGE)


@pytest.mark.parametrize("status", [400, 410, 413, 422])
async def test_what_the_gateway_will_never_take_is_undeliverable(
    gateway: Receiver, status: int
) -> None:
    gateway.status = status
    async with sending(gateway.port) as sender:
        error = await refusal(sender)
    assert describe(error) == f"UndeliverableError {status}"


TEMPORARY = [301, 302, 307, 401, 402, 403, 404, 405, 408, 409, 429, 500, 502, 503]


@pytest.mark.parametrize("status", TEMPORARY)
async def test_other_statuses_may_be_temporary(gateway: Receiver, status: int) -> None:
    """No redirection is followed: its target would get the number and the token."""
    gateway.status = status
    async with sending(gateway.port, token=TOKEN) as sender:
        error = await refusal(sender)
    assert isinstance(error, SendingFailedError)
    assert describe(error) == f"HTTP {status}"
    assert len(gateway.received) == 1


async def test_a_gateway_that_hangs_may_have_the_message(gateway: Receiver) -> None:
    gateway.go_on = asyncio.Event()
    async with sending(gateway.port, timeout_seconds=SHORT) as sender:
        assert isinstance(await refusal(sender), UnansweredError)
    assert len(gateway.received) == 1


async def test_a_proxy_that_got_no_answer_may_have_passed_the_message_on(gateway: Receiver) -> None:
    gateway.status = 504
    async with sending(gateway.port) as sender:
        assert isinstance(await refusal(sender), UnansweredError)


async def test_a_message_that_was_not_taken_whole_has_not_arrived() -> None:
    """More than the buffers of a connection that nobody reads: 64 MiB."""

    async def answer(_reader: StreamReader, _writer: StreamWriter) -> None:
        await done.wait()

    done = asyncio.Event()
    async with answering(answer) as port:
        connection = GatewayConnection(timeout_seconds=SHORT)
        with pytest.raises(SendingFailedError, match="Timeout"):
            await connection.post(f"http://127.0.0.1:{port}/send", {}, bytes(2**26))
        done.set()
        await connection.close()


async def test_posts_that_are_given_up_use_up_no_connections(gateway: Receiver) -> None:
    gateway.go_on = asyncio.Event()
    async with sending(gateway.port, timeout_seconds=SHORT) as sender:
        attempts = await asyncio.gather(*(refusal(sender) for _ in range(25)))
        assert {describe(one) for one in attempts} == {"UnansweredError"}
        gateway.go_on.set()
        # A busy machine may need more than the short time.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _is_sent(sender):
                pass


async def _is_sent(sender: TextSender) -> bool:
    try:
        await sender.send(MESSAGE)
    except UnansweredError:
        return False
    return True


async def test_a_gateway_that_hangs_within_its_answer_is_given_up() -> None:
    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(END)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Len")
        await reader.read()

    async with answering(answer) as port, sending(port, timeout_seconds=SHORT) as sender:
        assert isinstance(await refusal(sender), UnansweredError)


@pytest.mark.parametrize("length", [b"5", b"999999999999"])
@pytest.mark.slow
async def test_who_has_accepted_and_does_not_end_the_answer_has_accepted(length: bytes) -> None:
    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: " + length + b"\r\n\r\nx")
        if length != b"5":
            writer.write(b"x" * 100_000)
        await reader.read()

    async with answering(answer) as port, sending(port) as sender:
        await sender.send(MESSAGE)


async def test_a_gateway_that_hangs_up_may_have_the_message(gateway: Receiver) -> None:
    gateway.hangs_up = True
    async with sending(gateway.port) as sender:
        assert isinstance(await refusal(sender), UnansweredError)


@pytest.mark.parametrize(
    "answer_bytes", [b"220 mail.example ESMTP\r\n\r\n", b"\x00\xff", b"HTTP/9 999\r\n\r\n"]
)
async def test_an_answer_that_is_not_http_tells_nothing(answer_bytes: bytes) -> None:
    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(END)
        writer.write(answer_bytes)

    async with answering(answer) as port, sending(port) as sender:
        assert isinstance(await refusal(sender), UnansweredError)


async def test_a_gateway_that_is_away_has_failed() -> None:
    async with sending(free_port()) as sender:
        assert describe(await refusal(sender)) == "ConnectionFailed"


async def test_a_name_that_does_not_exist_has_failed() -> None:
    async with sending(0, url="https://gateway.invalid/send") as sender:
        found = describe(await refusal(sender))
    # Without a network the resolver may say that it cannot tell.
    assert found in {"NameNotResolved", "ConnectionFailed"}


async def test_a_gateway_that_comes_back_is_used_again(gateway: Receiver) -> None:
    async with sending(gateway.port) as sender:
        await gateway.close()
        await refusal(sender)
        await gateway.open()
        await sender.send(MESSAGE)
    assert len(gateway.received) == 1


def own_certificate(folder: Path) -> Path:
    """Write a key and a certificate for this machine, which nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    # Valid now, on whatever day the tests run.
    now = system_clock()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[tuple[Receiver, Path]]:
    """A gateway with TLS, and its certificate."""
    file = own_certificate(tmp_path)
    made = Receiver()
    made.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.tls.load_cert_chain(file)
    await made.open()
    yield made, file
    await made.close()


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Trust a certificate as one of the system's authorities, which are loaded only once."""

    def trust(certificate: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusted_authorities.cache_clear()

    yield trust
    trusted_authorities.cache_clear()


async def test_over_tls_to_a_gateway_whose_certificate_is_trusted(
    secured: tuple[Receiver, Path], trust: Callable[[Path], None]
) -> None:
    gateway, certificate = secured
    trust(certificate)
    url = f"https://user:{PASSWORD}@localhost:{gateway.port}/send"
    async with sending(0, url=url) as sender:
        await sender.send(MESSAGE)
    assert json.loads(gateway.received[0].body)["to"] == NUMBER


async def test_a_certificate_that_nobody_has_signed_gets_nothing(
    secured: tuple[Receiver, Path],
) -> None:
    gateway, _ = secured
    async with sending(0, url=f"https://localhost:{gateway.port}/send") as sender:
        assert describe(await refusal(sender)) in {"TLSFailed", "ConnectionFailed"}
    assert gateway.received == []


async def test_a_certificate_of_another_name_gets_nothing(
    secured: tuple[Receiver, Path], trust: Callable[[Path], None]
) -> None:
    gateway, certificate = secured
    trust(certificate)
    async with sending(gateway.port, scheme="https", token=TOKEN) as sender:
        assert describe(await refusal(sender)) in {"TLSFailed", "ConnectionFailed"}
    assert gateway.received == []


async def test_a_gateway_without_tls_gets_nothing() -> None:
    heard = bytearray()

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        heard.extend(await reader.read(65536))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with answering(answer) as port, sending(port, scheme="https", token=TOKEN) as sender:
        assert describe(await refusal(sender)) == "TLSFailed"
    assert TOKEN.encode() not in heard
    assert NUMBER.encode() not in heard


async def test_twilio_gets_a_form(gateway: Receiver) -> None:
    gateway.status = 201
    sender = twilio_sender(gateway.port)
    await sender.send(TextMessage(ID, NUMBER, 'Grüße & "10:00"\n+1=2 💬'))
    await sender.close()
    (got,) = gateway.received
    assert got.line == "POST /2010-04-01/Accounts/AC0123/Messages.json HTTP/1.1"
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["authorization"] == "Basic QUMwMTIzOmh1bnRlcjItcGFzc3dvcmQ="
    assert dict(parse_qsl(got.body, strict_parsing=True)) == {
        "To": NUMBER,
        "From": "+15550100",
        "Body": 'Grüße & "10:00"\n+1=2 💬',
        "StatusCallback": f"https://reslot.example/v1/text-messages/twilio/receipts?id={ID}",
    }


async def test_a_messaging_service_of_twilio_chooses_the_number(gateway: Receiver) -> None:
    sender = twilio_sender(gateway.port, sender="MG" + "0" * 32)
    await sender.send(MESSAGE)
    await sender.close()
    form = dict(parse_qsl(gateway.received[0].body))
    assert form["MessagingServiceSid"] == "MG" + "0" * 32
    assert "From" not in form


@pytest.mark.parametrize("name", ["MGM Harbor", "MG"])
async def test_a_name_is_not_taken_for_a_messaging_service(gateway: Receiver, name: str) -> None:
    sender = twilio_sender(gateway.port, sender=name)
    await sender.send(MESSAGE)
    await sender.close()
    form = dict(parse_qsl(gateway.received[0].body))
    assert form["From"] == name
    assert "MessagingServiceSid" not in form


async def test_the_callback_names_the_message_and_is_below_the_public_url(
    gateway: Receiver,
) -> None:
    url = f"twilio://AC0123:{PASSWORD}@127.0.0.1:{gateway.port}/"
    sender = TwilioSender(url, "Harbor", "https://api.example/reslot", scheme="http")
    await sender.send(MESSAGE)
    await sender.close()
    callback = urlsplit(dict(parse_qsl(gateway.received[0].body))["StatusCallback"])
    assert (callback.netloc, callback.path) == (
        "api.example",
        "/reslot/v1/text-messages/twilio/receipts",
    )
    (named,) = parse_qsl(callback.query)
    assert parse_message_id(named[1]) == parse_message_id(ID) is not None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "UndeliverableError 400"),
        (401, "HTTP 401"),
        (404, "HTTP 404"),
        (429, "HTTP 429"),
        (503, "HTTP 503"),
    ],
)
async def test_twilios_refusals(gateway: Receiver, status: int, error: str) -> None:
    gateway.status = status
    sender = twilio_sender(gateway.port)
    assert describe(await refusal(sender)) == error
    await sender.close()


async def test_twilio_that_hangs_or_is_away(gateway: Receiver) -> None:
    gateway.go_on = asyncio.Event()
    sender = twilio_sender(gateway.port, timeout_seconds=SHORT)
    assert isinstance(await refusal(sender), UnansweredError)
    await sender.close()
    away = twilio_sender(free_port())
    assert describe(await refusal(away)) == "ConnectionFailed"
    await away.close()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (None, FolderTextSender),
        ("https://gateway.example/send", GatewaySender),
        (f"twilio://AC0123:{PASSWORD}@api.twilio.com", TwilioSender),
    ],
)
async def test_the_settings_choose_the_sender(
    settings: Settings, clock: TestClock, url: str | None, kind: type
) -> None:
    given = {"sms_url": None if url is None else SecretStr(url), "sms_from": "+15550100"}
    made = make_text_sender(settings.model_copy(update=given), clock)
    assert isinstance(made, kind)
    await made.close()


async def test_the_settings_give_the_token_and_the_template(
    settings: Settings, clock: TestClock, gateway: Receiver
) -> None:
    given = {
        "sms_url": SecretStr(f"http://127.0.0.1:{gateway.port}/"),
        "sms_from": "Harbor",
        "sms_token": SecretStr(TOKEN),
        "sms_body": '{"as": "$from", "for": "$to", "what": "$text"}',
    }
    made = make_text_sender(settings.model_copy(update=given), clock)
    await made.send(MESSAGE)
    await made.close()
    (got,) = gateway.received
    assert got.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(got.body) == {"as": "Harbor", "for": NUMBER, "what": WORDS}


def test_without_a_gateway_the_mails_of_the_folder_have_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.service_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    sender = FolderTextSender(FolderSender(settings.mail_folder), TestClock())
    text = "Harbor: Grüße 💬\nhttps://reslot.example/portal/#0123456789abcdef"

    async def send_twice() -> None:
        for _ in range(2):
            await sender.send(TextMessage(ID, NUMBER, text))
        await sender.close()

    asyncio.run(send_twice())
    (listed,) = run("mail").splitlines()
    assert listed.split(maxsplit=1)[0] == "1"
    assert all(part in listed for part in (f"{NOW:%Y-%m-%d %H:%M}", NUMBER, "Text message"))
    printed = run("mail", "1")
    assert text in printed
    assert f"To: {NUMBER}" in printed


@pytest.mark.parametrize("strange", ["", "x", "0" * 63, "0" * 65, "g" * 64, "-" * 64, "٣" * 64])
def test_a_malformed_id_is_none(strange: str) -> None:
    assert parse_message_id(strange) is None

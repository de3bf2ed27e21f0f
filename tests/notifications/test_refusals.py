"""A mail server's refusal either ends a mail or leads to another attempt."""

from collections.abc import AsyncIterator

import pytest

from app.mail.refusals import Stage
from app.mail.senders import smtp_server
from app.mail.smtp import SmtpSender
from app.outbox.errors import UndeliverableError, describe
from tests.notifications.postbox import Postbox
from tests.notifications.test_senders import a_mail

EVERYWHERE = ("MAIL", "RCPT", "DATA")
AFTER_MAIL = ("RCPT", "DATA")
STAGES: tuple[Stage, ...] = ("MAIL", "RCPT", "DATA")

# Each reply, and the stages at which it ends the mail at once.
ANSWERS: dict[str, tuple[str, ...]] = {
    # About the recipient's address.
    "550 5.1.1 No such mailbox": EVERYWHERE,
    "550 5.1.2 No such domain": EVERYWHERE,
    "501 5.1.3 Bad recipient address syntax": EVERYWHERE,
    "550 5.1.4 Ambiguous": EVERYWHERE,
    "551 5.1.6 Mailbox has moved": EVERYWHERE,
    "556 5.1.10 Recipient address has null MX": EVERYWHERE,
    "550 5.2.1 Mailbox disabled": EVERYWHERE,
    "554 5.1.1 No such mailbox": EVERYWHERE,
    "550 5.1.0 Address rejected": AFTER_MAIL,
    # About the sender's address.
    "553 5.1.7 Bad sender address syntax": (),
    "550 5.1.8 Sender domain not found": (),
    # Relay, policy, authentication.
    "554 5.7.1 Relay access denied": (),
    "550 5.7.1 Blocked by policy": (),
    "550 5.7.26 Unauthenticated mail": (),
    "530 5.7.0 Authentication required": (),
    "535 5.7.8 Bad credentials": (),
    # Quota, network, system, protocol, content.
    "550 5.4.5 Daily sending quota exceeded": (),
    "552 5.2.2 Mailbox full": (),
    "552 5.3.4 Message too big": (),
    "550 5.4.1 No answer from host": (),
    "554 5.3.0 Mail system error": (),
    "503 5.5.1 Bad sequence of commands": (),
    "554 5.6.0 Not like this": (),
    "550 5.2.10 No such code": (),
    "550 5.10.1 No such code": (),
    "550 5.11.1 No such code": (),
    # Temporary, regardless of the enhanced code; and a temporary enhanced code.
    "450 4.1.1 Not now": (),
    "451 4.7.1 Come back later": (),
    "450 5.1.1 Contradiction": (),
    "550 4.1.1 Contradiction": (),
    # Without an enhanced code.
    "501 Syntax": ("RCPT",),
    "550 No such mailbox": ("RCPT",),
    "551 User not local": ("RCPT",),
    "553 Mailbox name not allowed": ("RCPT",),
    "556 Domain takes no mail": ("RCPT",),
    "550 Blocked, see 5.1.1 of our policy": ("RCPT",),
    "450 Mailbox busy": (),
    "452 Too many recipients": (),
    "500 What": (),
    "503 Bad sequence of commands": (),
    "521 This host takes no mail": (),
    "530 Authentication required": (),
    "535 Bad credentials": (),
    "541 Rejected": (),
    "552 Mailbox full": (),
    "554 Transaction failed": (),
}


@pytest.fixture
async def sender(postbox: Postbox) -> AsyncIterator[SmtpSender]:
    made = SmtpSender(smtp_server(postbox.url))
    yield made
    await made.close()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_only_a_refusal_of_the_address_ends_a_mail(
    postbox: Postbox, sender: SmtpSender, answer: str, stage: Stage
) -> None:
    match stage:
        case "MAIL":
            postbox.sender_refusal = answer
        case "RCPT":
            postbox.refusal = answer
        case "DATA":
            postbox.data_refusal = answer
    with pytest.raises(Exception, match=answer[:3]) as refused:
        await sender.send(a_mail())
    assert isinstance(refused.value, UndeliverableError) == (stage in ANSWERS[answer])
    assert describe(refused.value).endswith(answer[:3])
    assert postbox.mails == []


async def test_the_first_line_of_several_decides(postbox: Postbox, sender: SmtpSender) -> None:
    postbox.refusal = "550-5.7.1 Not from here.\r\n550 5.7.1 See https://mail.example/5.1.1"
    with pytest.raises(Exception, match="550") as refused:
        await sender.send(a_mail())
    assert not isinstance(refused.value, UndeliverableError)


async def test_a_refused_login_is_tried_again(postbox: Postbox) -> None:
    """The tests' server offers no login, which the operator has to fix."""
    url = postbox.url.replace("smtp://", "smtp://user:password@")
    sender = SmtpSender(smtp_server(f"{url}?starttls=never"))
    with pytest.raises(Exception, match="AUTH") as refused:
        await sender.send(a_mail())
    assert not isinstance(refused.value, UndeliverableError)

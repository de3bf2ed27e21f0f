"""Which answers of a mail server end a mail, and which are tried again (product.md section 10)."""

import re
from typing import Literal

Stage = Literal["MAIL", "RCPT", "DATA"]

PERMANENT = 500
# RFC 3463: class, subject, detail. A server that sends them begins its text with them.
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_ADDRESS_SUBJECT = "1"
_OTHER_ADDRESS_DETAIL = "0"
# X.1.7 and X.1.8 are about the sender's address: the operator mends MAIL_FROM.
_SENDER_DETAILS = {"7", "8"}
_MAILBOX_DISABLED = ("2", "1")
# Without an enhanced code, in the answer to RCPT: syntax of the address (501), no such mailbox
# (550), not a user here (551), mailbox name not allowed (553), domain takes no mail (556).
_RECIPIENT_CODES = {501, 550, 551, 553, 556}


def is_permanent_refusal(stage: Stage, code: int, text: str) -> bool:
    """Tell whether a server's refusal says that the recipient's address takes no mail.

    The enhanced status code decides, wherever in the conversation it comes: 5.1.x and 5.2.1 are
    about the address. Relay, policy, authentication, quota and network are retried, as is
    everything that is not a 5xx answer. Without an enhanced code the basic code decides, and only
    in the answer to RCPT, which is about the recipient alone.
    """
    if code < PERMANENT:
        return False
    enhanced = _ENHANCED.match(text)
    if enhanced is None:
        return stage == "RCPT" and code in _RECIPIENT_CODES
    status, subject, detail = enhanced.groups()
    if status != "5":
        return False
    if subject != _ADDRESS_SUBJECT:
        return (subject, detail) == _MAILBOX_DISABLED
    if detail == _OTHER_ADDRESS_DETAIL:
        # Before RCPT the sender's is the only address that the server knows.
        return stage != "MAIL"
    return detail not in _SENDER_DETAILS

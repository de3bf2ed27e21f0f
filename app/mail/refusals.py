"""Decides which refusals of a mail server are permanent (product.md section 10, "Mails")."""

import re
from typing import Literal

Stage = Literal["MAIL", "RCPT", "DATA"]

PERMANENT = 500
# RFC 3463: class.subject.detail, at the start of the reply's text.
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_ADDRESS_SUBJECT = "1"
_OTHER_ADDRESS_DETAIL = "0"
# X.1.7 and X.1.8 are about the sender's address: the operator must correct MAIL_FROM.
_SENDER_DETAILS = {"7", "8"}
_MAILBOX_DISABLED = ("2", "1")
# Basic codes that are permanent in the reply to RCPT: syntax of the address (501), no such mailbox
# (550), not a user here (551), mailbox name not allowed (553), domain accepts no mail (556).
_RECIPIENT_CODES = {501, 550, 551, 553, 556}


def is_permanent_refusal(stage: Stage, code: int, text: str) -> bool:
    """Return whether a refusal means that the recipient's address can never receive mail.

    The enhanced status code decides, at any stage: 5.1.x and 5.2.1 are about the address. Refusals
    because of relay, policy, authentication, quota or network are retried, and so is every reply
    that is not 5xx. Without an enhanced code the basic code decides, but only in the reply to RCPT,
    which is about the recipient alone.
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
        # At MAIL the server knows the sender's address only.
        return stage != "MAIL"
    return detail not in _SENDER_DETAILS

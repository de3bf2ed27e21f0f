"""What can go wrong with a mail. None of these texts ever holds an address, a name or a token."""

from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException


class UndeliverableError(Exception):
    """The mail can never be delivered to this address. `code`: the SMTP server's, if it said so."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__("" if code is None else str(code))
        self.code = code


class SendingFailedError(Exception):
    """The mail could not be sent this time; `str()` is all that may be told of the cause."""


def describe(error: BaseException) -> str:
    """Tell an error's class and, where a mail server gave one, its code; nothing of its text.

    The texts of errors hold addresses and contents, and they end in logs and tables.
    """
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, SendingFailedError):
        return str(error)
    code = error.code if isinstance(error, UndeliverableError | SMTPResponseException) else None
    name = type(error).__name__
    return name if code is None else f"{name} {code}"

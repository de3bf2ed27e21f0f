"""Errors of sending. Their texts never contain an address, a name or a token."""

from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException


class UndeliverableError(Exception):
    """The address cannot receive mail. `code` is the SMTP server's reply code, if there is one."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__("" if code is None else str(code))
        self.code = code


class SendingFailedError(Exception):
    """The attempt failed and may be repeated. `str()` is a cause that is safe to log and store."""


def describe(error: BaseException) -> str:
    """Return an error's class and its SMTP code, if any, but not its text.

    The result is logged and stored, and the texts of errors contain addresses and contents.
    """
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, SendingFailedError):
        return str(error)
    code = error.code if isinstance(error, UndeliverableError | SMTPResponseException) else None
    name = type(error).__name__
    return name if code is None else f"{name} {code}"

"""Errors of sending. Their texts never contain an address, a name or a token."""

from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

from app.database.transactions import sqlstate


class UndeliverableError(Exception):
    """The address cannot receive mail, or the number no text message.

    `code` is the reply code of the SMTP server or the gateway's HTTP status, if there is one.
    """

    def __init__(self, code: int | None = None) -> None:
        super().__init__("" if code is None else str(code))
        self.code = code


class UnansweredError(Exception):
    """The whole message was sent and there was no answer, so it may have arrived."""


class SendingFailedError(Exception):
    """The attempt failed and may be repeated. `str()` is a cause that is safe to log and store."""


def describe(error: BaseException) -> str:
    """Return an error's class and its SMTP code or SQLSTATE, if any, but not its text.

    Of the database's errors the class alone does not tell a wait that was too long from a defect.
    The result is logged and stored, and the texts of errors contain addresses and contents.
    """
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, SendingFailedError):
        return str(error)
    if isinstance(error, UndeliverableError | SMTPResponseException):
        code: int | str | None = error.code
    else:
        code = sqlstate(error)
    name = type(error).__name__
    return name if code is None else f"{name} {code}"

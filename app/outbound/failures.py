"""Names for what fails in a request to another server. They are safe to log and to store."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore2

from app.outbound.connections import TargetRefusedError
from app.outbound.targets import BadTargetError


@contextmanager
def named_failures(named: Callable[[str], Exception]) -> Iterator[None]:
    """Raise `named` with a fixed text, never the other side's answer, where a request fails."""
    try:
        yield
    except (BadTargetError, TargetRefusedError):
        raise named("TargetRefused") from None
    except (TimeoutError, httpcore2.TimeoutException):
        raise named("Timeout") from None
    except socket.gaierror:
        raise named("NameNotResolved") from None
    except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise named(_connection_error(error)) from None


def _connection_error(error: Exception) -> str:
    # The library raises a new error when the connection returns to its pool: see its context.
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError):
        return "TLSFailed"
    if isinstance(cause, socket.gaierror):
        return "NameNotResolved"
    return "BadAnswer" if isinstance(error, httpcore2.ProtocolError) else "ConnectionFailed"

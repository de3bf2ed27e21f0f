"""In a clone whose texts are not compiled, nothing starts, and one sentence tells what to run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.main import create_served_app
from app.texts.catalogue import FOLDER, Texts, TextsError
from tests.fixtures.command_line import refusal, run

APP = FOLDER.parents[1]
COMMANDS = [
    ["serve"],
    ["worker"],
    ["migrate"],
    ["demo"],
    ["openapi"],
    ["mail"],
    ["practice", "list"],
    ["keys", "list", "--practice", "Harbor"],
]


@pytest.fixture
def not_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """English and French catalogues that are not loaded yet, in a folder without files."""
    monkeypatch.setattr("app.texts.catalogue.FOLDER", tmp_path)
    texts = {language: Texts(language) for language in ("en", "fr")}
    monkeypatch.setattr("app.texts.catalogue.LANGUAGES", texts)


@pytest.mark.usefixtures("not_compiled")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    assert refusal(monkeypatch, *command) == (
        f"reslot: The texts are not compiled. Run `make`, or `pybabel compile -d {tmp_path} "
        "-D reslot`."
    )


@pytest.mark.usefixtures("not_compiled")
def test_a_server_process_does_not_start() -> None:
    with pytest.raises(TextsError, match="not compiled"):
        create_served_app()


@pytest.mark.usefixtures("not_compiled")
def test_help_needs_no_texts() -> None:
    assert "Usage" in run("--help")
    assert run("--version").startswith("reslot ")


@pytest.mark.slow
def test_the_installed_command_ends_with_the_sentence(tmp_path: Path) -> None:
    shutil.copytree(APP, tmp_path / "app", ignore=shutil.ignore_patterns("*.mo"))
    command = [sys.executable, "-m", "app", "serve"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("reslot: The texts are not compiled. ")

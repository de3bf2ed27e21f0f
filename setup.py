"""What the build does besides pyproject.toml: it compiles the texts that people read."""

from babel.messages.frontend import CommandLineInterface
from setuptools import setup
from setuptools.command.build_py import build_py

COMPILE = ["pybabel", "--quiet", "compile", "--domain", "reslot", "--directory", "app/texts/locale"]


class BuildWithTexts(build_py):
    """Compiles the texts beside their sources, where an editable install reads them too."""

    def run(self) -> None:
        """Compile, then collect what belongs into the package."""
        if CommandLineInterface().run(COMPILE):
            raise SystemExit("The texts in app/texts/locale cannot be compiled.")
        super().run()


setup(cmdclass={"build_py": BuildWithTexts})

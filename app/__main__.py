"""`python -m app` is the `reslot` command, where the project is not installed as a package."""

from app.cli import main

main()

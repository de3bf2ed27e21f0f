"""Runs `reslot serve` and `reslot worker` as forks of a process that has imported the application.

Importing the application takes seconds, which would be most of the time of a drill that kills
processes. The killed processes, and the supervisor that restarts them, are the same.
"""

import multiprocessing
import os
import signal
import sys

import uvicorn._subprocess

from app.cli import main


def serve() -> None:
    """Have uvicorn's supervisor fork its servers, instead of starting new interpreters."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.main"])
    vars(uvicorn._subprocess)["spawn"] = context  # noqa: SLF001 - it has no setting for it
    main()


def work() -> None:
    """Run the worker, and restart it when it is killed, as a service manager does."""
    while child := os.fork():
        signal.signal(signal.SIGTERM, lambda *_, child=child: os.kill(child, signal.SIGTERM))
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return
    main()


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else work()

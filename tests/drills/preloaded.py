"""Runs `reslot serve` and `reslot worker`, each new process a fork of one that has imported all.

To import the application takes seconds. A drill that kills processes all the time would do little
else; what it kills, and who starts it again, is the same.
"""

import multiprocessing
import os
import signal
import sys

import uvicorn._subprocess

from app.cli import main


def serve() -> None:
    """Have uvicorn's supervisor fork its servers, where it would start them from nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.main"])
    vars(uvicorn._subprocess)["spawn"] = context  # noqa: SLF001 - it has no setting for it
    main()


def work() -> None:
    """Run the worker, and another one where it was killed, as a service manager does."""
    while child := os.fork():
        signal.signal(signal.SIGTERM, lambda *_, child=child: os.kill(child, signal.SIGTERM))
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return
    main()


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else work()

"""How long a test waits for something real: a socket, a process, a browser."""

PATIENCE_SECONDS = 60.0
"""Nothing takes that long. A machine with other work on it was seen to stand still for eight."""

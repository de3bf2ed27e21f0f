"""Measures the memory of processes."""

from pathlib import Path


def resident(pids: list[int]) -> int:
    """Return the sum of the processes' resident memory in bytes."""
    return sum(_of(pid) for pid in pids)


def _of(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} tells nothing of its memory")

"""The table that `make drill` ends with: one row a drill, whether it passed or failed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

PROPERTY = "drill"


@dataclass(frozen=True, slots=True)
class Row:
    """What a drill did to the service, and what came of it.

    `acknowledged` counts what clients were told is done, `lost` what of it is not there, `doubled`
    what is there more than once. `worst` is the longest that a request took, in seconds.
    """

    drill: str
    load: str
    faults: str
    acknowledged: int
    lost: int
    doubled: int
    worst: float | None = None

    def as_property(self) -> dict[str, Any]:
        """Give the row as what a test report can carry from one process to another."""
        return asdict(self)


def table(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Write the rows as lines, in columns as wide as they need."""
    names = [field.name for field in fields(Row)]
    lines = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:,.0f} ms" if isinstance(value, float) else str(value)

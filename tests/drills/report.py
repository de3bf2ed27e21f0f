"""The table at the end of `make drill`: one row per drill, passed or failed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

PROPERTY = "drill"


@dataclass(frozen=True, slots=True)
class Row:
    """What a drill did to the service, and the result.

    `acknowledged` counts confirmed commands, `lost` those without an effect, `doubled` those with
    more than one. `worst` is the longest that a request took, in seconds.
    """

    drill: str
    load: str
    faults: str
    acknowledged: int
    lost: int
    doubled: int
    worst: float | None = None

    def as_property(self) -> dict[str, Any]:
        """Return the row in a form that a test report can transfer between processes."""
        return asdict(self)


def table(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Format the rows as lines with aligned columns."""
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

"""Examples of reports."""

from typing import Any


def _dollars(amount_minor: int) -> dict[str, object]:
    return {"amount_minor": amount_minor, "currency": "USD", "decimals": 2}


_SUMS: dict[str, Any] = {
    "cancellations": 4,
    "moves": 7,
    "no_shows": 1,
    "refused_attempts": 2,
    "fees": {
        "due": _dollars(6000),
        "waived": _dollars(0),
        "forgiven": _dollars(12000),
        "settled": _dollars(6000),
    },
    "refills": {"judged": 3, "refilled": 2, "share": 0.6667},
    "offers_accepted": 2,
}

REPORT_EXAMPLES: dict[str, object] = {
    "ReportAnswer": {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "group_by": "month",
        "rows": [{"key": "2026-11", "name": None, **_SUMS}],
        "total": _SUMS,
    },
}

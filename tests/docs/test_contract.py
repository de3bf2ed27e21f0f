"""The rules that docstrings name can be found in the contract."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r'section\s+10,\s+"([^"]+)"')


def headings() -> set[str]:
    text = (ROOT / "docs/product.md").read_text()
    rulings = text[text.index("## 10. Rulings") :]
    return {name.strip('"`') for name in re.findall(r"^####? (.+)$", rulings, re.MULTILINE)}


def test_every_rule_that_is_named_has_a_heading() -> None:
    known = headings()
    files = [*ROOT.glob("app/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.md")]
    assert "Series" in known
    unknown = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in NAMED.findall(path.read_text())
        if re.sub(r"\s+", " ", name) not in known
    }
    assert unknown == set()

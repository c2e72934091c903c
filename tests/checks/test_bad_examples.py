"""Every rule catches its bad example: exactly the marked lines, and nothing else.

`bad/<rule>/` is a small reference. A line that the rule must find ends with the rule's
name in a comment (`<!-- rule -->`, or `# rule` in YAML; `rule x3` for three findings).
Comments are taken off before the reference is read. A plan with one document is
given where the example has none.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from sysdesign.checks import check
from sysdesign.checks.rules import CRITERIA, RULES, rules
from sysdesign.content import load

HERE = Path(__file__).parent
BAD = HERE / "bad"
TODAY = dt.date(2026, 11, 23)
MARK = re.compile(r"\s*(?:<!--\s*([a-z-]+)(?: x(\d+))?\s*-->|#\s*([a-z-]+)(?: x(\d+))?)\s*$")


def marked_copy(rule: str, to: Path) -> Counter[tuple[str, int]]:
    """Copy the example without its marks; gives the places where the rule must find something."""
    expected: Counter[tuple[str, int]] = Counter()
    shutil.copy(HERE / "plan.yaml", to / "plan.yaml")
    for source in sorted((BAD / rule).rglob("*")):
        if not source.is_file():
            continue
        target = to / source.relative_to(BAD / rule)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix not in (".md", ".yaml"):
            shutil.copy(source, target)
            continue
        lines = []
        for number, line in enumerate(source.read_text(encoding="utf-8").split("\n"), start=1):
            mark = MARK.search(line)
            if mark and (mark[1] or mark[3]) == rule:
                expected[(f"{to.name}/{target.relative_to(to).as_posix()}", number)] += int(mark[2] or mark[4] or 1)
                line = line[: mark.start()]
            lines.append(line)
        target.write_text("\n".join(lines), encoding="utf-8")
    return expected


@pytest.mark.parametrize("rule", RULES)
def test_finds_its_bad_example(rule: str, tmp_path: Path) -> None:
    root = tmp_path / "reference"
    root.mkdir()
    expected = marked_copy(rule, root)
    assert expected, f"tests/checks/bad/{rule} marks no line"
    found = check(load(root), today=TODAY, only=[rule])
    assert Counter((finding.place.path, finding.place.line) for finding in found) == expected
    assert all(finding.message and finding.fix for finding in found)


def test_the_list_of_rules_is_whole() -> None:
    folder = Path(check.__code__.co_filename).parent
    supporting = {"__init__", "findings", "rules", "run", "scoreboard", "computation", "quantities"}
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py") if path.stem not in supporting}
    assert files == set(RULES)


def test_every_rule_says_why_and_which_criterion_it_decides() -> None:
    for rule in rules().values():
        assert len(rule.explanation.splitlines()) >= 3, rule.name
        assert rule.criterion in CRITERIA, rule.name

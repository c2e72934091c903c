"""Published decisions beside the advisor's and those of advisers that know nothing: part of `make validate`."""

from __future__ import annotations

from pathlib import Path

from sysdesign.decide import frameworks
from sysdesign.decide.validation import validate

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "published.yaml"


def main() -> int:
    """Print the comparison; 1 where a case fails or a null adviser comes near."""
    result = validate(CASES, frameworks(ROOT / "reference"))
    print("\nPublished decisions\n")
    print(result.prose())
    return 0 if result.beats_nulls and all(verdict.passes for verdict in result.verdicts) else 1

"""All kinds of hostile inputs, or those of the modules named: how many were tried, and how many survived."""

from __future__ import annotations

import sys

from abuse.trials import MODULES, kinds_of, outcome


def main() -> int:
    """1 when an input was not borne."""
    tried = survived = 0
    for module in sys.argv[1:] or MODULES:
        for kind in kinds_of(module):
            found = outcome(kind)
            tried, survived = tried + found.tried, survived + found.survived
            print(f"{module + ': ' + kind.name:<62}{found.tried:>7,} tried {found.survived:>7,} survived", flush=True)
            for line in found.fallen[:10]:
                print(f"    {line}", flush=True)
    print(f"{'all':<62}{tried:>7,} tried {survived:>7,} survived")
    return 0 if tried == survived else 1


if __name__ == "__main__":
    sys.exit(main())

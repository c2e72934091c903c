"""All benchmarks, each against its peer or its target in the same run: `make bench`."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path

SUPPORTING = ("__init__", "__main__", "grown", "measured", "served", "synthetic")


def main() -> int:
    """Run those named on the command line, or all; 1 when one could not run."""
    folder = Path(__file__).parent
    names = sys.argv[1:] or sorted(path.stem for path in folder.glob("*.py") if path.stem not in SUPPORTING)
    failed = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except Exception:  # a peer that is missing must not hide the other figures
            traceback.print_exc()
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

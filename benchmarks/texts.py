"""How the time to read a hostile text grows with its length: twice as long may take twice as long, not four times."""

from __future__ import annotations

from abuse.texts import READERS, SPOILS
from benchmarks.measured import grown, growth_line

LEAST = 4_000  # characters
LONGEST = 64_000


def main() -> None:
    """For each reader the piece of text that grows worst, at n and 2n characters."""
    for name, (read, longest, pieces) in READERS.items():
        ratio, piece = max(
            (grown(read, lambda size: (piece * size)[:size] + spoil, LEAST, min(longest, LONGEST)), piece)  # noqa: B023
            for piece in pieces
            for spoil in SPOILS
        )
        growth_line(f"{name}: twice the text (worst: {piece!r})", ratio)


if __name__ == "__main__":
    main()

"""A few hostile inputs of each kind; `make abuse` tries them all."""

from __future__ import annotations

import pytest

from abuse.trials import MODULES, Kind, kinds_of, outcome


@pytest.mark.parametrize("module", MODULES)
def test_hostile_inputs_are_borne(module: str) -> None:
    fallen = {kind.name: found for kind in kinds_of(module) if (found := outcome(kind, few=True).fallen)}
    assert not fallen


def test_the_frame_sees_what_hangs_crashes_and_fails() -> None:
    def attempt(what: str) -> None:
        if what == "hangs":
            while True:
                pass
        if what == "crashes":
            import os

            os.abort()
        if what == "eats":
            bytearray(3_000_000_000)
        if what == "fails":
            raise KeyError(what)

    words = ("is fine", "hangs", "is fine", "crashes", "eats", "fails", "is fine")
    kind = Kind("all", lambda: [(word, word) for word in words], attempt, seconds=1, megabytes=500)
    found = outcome(kind)
    assert (found.tried, found.survived) == (7, 3)
    assert [line.split(":")[0] for line in found.fallen] == ["hangs", "crashes", "eats", "fails"]
    assert "no answer" in found.fallen[0] and "MemoryError" in found.fallen[2] and "KeyError" in found.fallen[3]

"""The drawn map of levels against the data that tests judge: the same levels, the same arrows."""

import re
from pathlib import Path

from sysdesign.models.consistency import hierarchy
from sysdesign.models.transactions import hierarchy as isolation

SOURCE = (Path(__file__).parents[2] / "reference/figures/17-consistency/levels.d2").read_text()


def test_the_figure_has_the_levels_of_the_map_with_what_a_split_leaves():
    drawn = {
        name: (label.replace("\\n", " "), split)
        for name, label, split in re.findall(r'^(\w+): "([^"]+)" \{class: (\w+)', SOURCE, re.MULTILINE)
        if not name.startswith("legend")
    }
    known = {**hierarchy.LEVELS, **isolation.LEVELS}
    assert drawn == {name: (level.label, level.split) for name, level in known.items()}


def test_the_figure_has_the_arrows_of_the_map_and_no_others():
    drawn = re.findall(r"^(\w+) -> (\w+): \{class: (\w+)\}", SOURCE, re.MULTILINE)
    assert len(drawn) == SOURCE.count("->")
    assert {(a, b) for a, b, kind in drawn if kind == "implies"} == {*hierarchy.EDGES, *isolation.EDGES}
    assert {(a, b) for a, b, kind in drawn if kind == "across"} == set(isolation.ACROSS)

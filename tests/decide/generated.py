"""Generated workloads: some facts stated far from the usual, the rest left open."""

import numpy as np

from sysdesign.decide.field import Word
from sysdesign.decide.influence import wide_draws
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload


def workloads(framework, count, seed=1, stated=0.35):
    """So many workloads over the fields that a framework reads; weights are left alone."""
    generator = np.random.default_rng(seed)
    names = [name for name in framework.fields if not name.startswith("weights.")]
    columns = {name: wide_draws(name, count, generator) for name in names}
    return [_workload(columns, at, generator.random(len(names)) < stated) for at in range(count)]


def _workload(columns, at, stated):
    values = {}
    for (name, column), chosen in zip(columns.items(), stated, strict=True):
        if chosen:
            field = FIELDS[name]
            values[name] = field.names[int(column[at])] if isinstance(field, Word) else float(column[at])
    return Workload(values, {})

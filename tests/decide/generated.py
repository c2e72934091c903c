"""Generated workloads: some facts stated far from the usual, the rest left as usual."""

import numpy as np

from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.field import Number, Word
from sysdesign.decide.influence import wide_draws
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import Setting, central_value, varied_worlds

NOTHING = Workload({}, {})


def columns(framework, count, seed, stated=0.35, base=NOTHING):
    """Values of each field the framework reads, in `count` worlds (words as codes)."""
    generator = np.random.default_rng(seed)
    found = {}
    for name in framework.warned_by:
        usual = central_value(name, base)
        field = FIELDS[name]
        usual = field.code(usual) if isinstance(field, Word) else usual
        drawn = wide_draws(name, count, generator).astype(float)
        if isinstance(field, Number):  # the ends of a range are where rules about "none at all" hold
            drawn = np.where(generator.random(count) < 0.1, field.bounds[0], drawn)
        found[name] = np.where(generator.random(count) < stated, drawn, usual).astype(float)
    return found


def outcome(framework, worlds):
    count = len(next(iter(worlds.values()))) if worlds else 1
    return evaluate(
        framework,
        varied_worlds(framework, NOTHING, [Setting(name, 0, values) for name, values in worlds.items()], count),
    )


def firsts(framework, worlds):
    count = len(next(iter(worlds.values())))
    return np.broadcast_to(outcome(framework, worlds).first, (count,))


def workload_at(framework, worlds, at):
    """One of the worlds as a workload that states everything."""
    values = {}
    for name, column in worlds.items():
        field = FIELDS[name]
        values[name] = float(column[at]) if isinstance(field, Number) else field.names[int(column[at])]
    return Workload(values, {})


def around(framework, workload, count, seed):
    """Worlds near a workload: its own facts kept, some of the others drawn."""
    worlds = columns(framework, count, seed, stated=0.2, base=workload)
    for name in workload.values:
        if name in worlds:
            value = central_value(name, workload)
            field = FIELDS[name]
            worlds[name][:] = field.code(value) if isinstance(field, Word) else value
    return worlds

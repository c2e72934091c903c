"""Flips are real and the nearest: run at the flip, run short of it, and held against a dense grid."""

import numpy as np
import pytest

from sysdesign.decide import decide, workload_of
from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.field import Number, Word
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval, Workload
from sysdesign.decide.worlds import Setting, central_value, varied_worlds
from tests.decide.generated import columns, workload_at
from tests.decide.test_frameworks import NAMES

GRID = 2400


def workloads(known):
    """The framework's examples, nothing known, a few generated ones with and without intervals."""
    yield workload_of({})
    yield from (example.given for example in known.examples[1:3])
    worlds = columns(known, 1, seed=31, stated=0.5)
    for at in range(1):
        workload = workload_at(known, worlds, at)
        yield workload
        yield Workload({key: widened(value) for key, value in list(workload.values.items())[::2]}, {})


def widened(value):
    return Interval(value * 0.8, value * 1.2) if isinstance(value, float) and 0 < value < 0.5 else value


def first_at(known, workload, name, value):
    changed = Workload({**workload.values, name: value}, {})
    return decide(known, changed, with_flips=False, with_confidence=False).first


def swept(known, workload, name, values):
    views = varied_worlds(known, workload, [Setting(name, 0, values)], len(values))
    return np.broadcast_to(evaluate(known, views).first, (len(values),))


def dense(name, now):
    """The whole accepted range, ten times as dense as the search, and closely around the present value."""
    field = FIELDS[name]
    low, high = field.bounds
    start = max(low, min(field.prior[1], max(now, 1e-300)) * 1e-9)
    values = np.concatenate(
        (
            np.geomspace(max(start, 1e-300), high, GRID),
            np.linspace(low, high, GRID // 4),
            now * np.geomspace(0.1, 10, GRID // 4),
        )
    )
    values = np.rint(values) if field.whole else values
    return np.unique(values[(values >= low) & (values <= high)])


@pytest.mark.parametrize("name", NAMES)
def test_reported_flips_are_real_and_nearest(name, decisions):
    known = decisions[name]
    for workload in workloads(known):
        answer = decide(known, workload, with_confidence=False)
        assert answer.flips is not None
        base = list(known.options).index(answer.first) if answer.first else -1
        reported = {(flip.input, flip.direction): flip for flip in answer.flips}
        for flip in answer.flips:
            assert first_at(known, workload, flip.input, flip.value) == flip.becomes != answer.first
            if flip.now == 0 and flip.value <= FIELDS[flip.input].least:
                continue  # anything above 0 flips, so nothing lies short of it
            whole = FIELDS[flip.input].whole
            short = flip.value - np.sign(flip.value - flip.now) if whole else flip.now + 0.99 * (flip.value - flip.now)
            if short != flip.now:
                assert first_at(known, workload, flip.input, float(short)) == answer.first, flip
        for field_name in known.fields:
            if isinstance(FIELDS[field_name], Number):
                no_nearer_flip_in_grid(known, workload, field_name, base, reported)


def no_nearer_flip_in_grid(known, workload, name, base, reported):
    now = float(central_value(name, workload))
    values = dense(name, now)
    changed = values[swept(known, workload, name, values) != base]
    for direction, side in (("up", changed[changed > now]), ("down", changed[changed < now])):
        flip = reported.get((name, direction))
        if flip is None:
            assert not side.size, f"{name} {direction}: the grid flips at {side[0] if direction == 'up' else side[-1]}"
        elif side.size:
            nearest = side[0] if direction == "up" else side[-1]
            least = FIELDS[name].least if now == 0 else 0.0
            assert abs(nearest - now) >= abs(flip.value - now) * (1 - 2e-3) - least, (name, direction, nearest, flip)


@pytest.mark.parametrize("name", NAMES)
def test_reported_words_flip_and_the_others_do_not(name, decisions):
    known = decisions[name]
    for workload in list(workloads(known))[1:4]:
        answer = decide(known, workload, with_confidence=False)
        reported = {(flip.input, flip.word): flip.becomes for flip in answer.word_flips}
        for field_name in known.fields:
            field = FIELDS[field_name]
            if not isinstance(field, Word):
                continue
            for word in field.names:
                now = first_at(known, workload, field_name, word)
                expected = reported.get((field_name, word), answer.first)
                assert now == expected or word == workload.values.get(field_name)

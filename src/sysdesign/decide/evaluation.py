"""What each option brings in each world, how far that is from the goals, and what is first.

The place of an option depends on that option alone: its mean regret over the worlds,
and a fixed addition in the worlds in which a rule excludes it. So an option added or
removed never reorders the others.

Worlds that differ from others in a few fields (`varied`) are evaluated against the
others' evaluation, many such settings at once: only what reads those fields is
computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from sysdesign.decide.framework import Consequence, Framework
from sysdesign.decide.node import Array, Worlds
from sysdesign.decide.outcome import Outcome
from sysdesign.decide.prices import Prices, priced
from sysdesign.decide.varied import Places, VariedWorlds, varied
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import sampled, sampler_of

NONE = -1
EXCLUDED = 5.0  # regret added in a world that a rule excludes an option from
RULED_OUT = 1e6  # and where every world does
MOST_VALUE = 1e300  # what is undefined is as bad
CLOSE_SHARE = 1 / 3  # of the worlds, in which the order of two is the other way round
SELDOM = 1 / 5  # and less than this is no close call, however near the means
FAR = 1e9  # a lead where there is nothing to lead
ALL = slice(None)
ESTIMATED = ("build", "run", "cost")  # outcomes whose uncertainty is that of estimates


@dataclass(frozen=True)
class Part:
    """One outcome: values in base units and weighted regrets, options by settings by worlds."""

    rule: Consequence
    names: tuple[str, ...]
    values: Array
    regrets: Array
    applies: Array

    @property
    def counted(self) -> Array:
        """Values of options by worlds: nothing where they do not apply, and as good as 0 below the floor."""
        values = np.nan_to_num(self.values[:, 0], nan=MOST_VALUE, posinf=MOST_VALUE)
        return np.where(self.applies & (values > self.outcome.floor), values, 0.0)

    @property
    def outcome(self) -> Outcome:
        return self.rule.outcome


@dataclass(frozen=True)
class Evaluation:
    """Arrays of options by settings by worlds; a plain decision has one setting."""

    framework: Framework
    worlds: Worlds
    prices: Prices | None = None
    base: Evaluation | None = None  # of the worlds that these differ from

    def setting(self, values: Mapping[str, Array]) -> Evaluation:
        """The same worlds with all of these fields set at once."""
        return self.settings([values])

    def settings(self, blocks: Sequence[Mapping[str, Array]]) -> Evaluation:
        """The same worlds with fields set to values of shape (settings, 1) or (settings, worlds), block after block."""
        return Evaluation(self.framework, varied(self.worlds, blocks), self.prices, self)

    @cached_property
    def options(self) -> tuple[str, ...]:
        return tuple(self.framework.options)

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Settings by worlds."""
        return self.worlds.rows, sampler_of(self.worlds).count

    @cached_property
    def rules(self) -> tuple[Consequence, ...]:
        """What is compared; where there are prices, the cost in place of machines paid for."""
        if self.base is not None or self.prices is None:
            return self.base.rules if self.base is not None else self.framework.weighed
        return priced(self.framework, self.prices)

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Each outcome that applies anywhere, by name."""
        found = (self._part(rule, tuple(rule.values), self.worlds) for rule in self.rules)
        return {part.outcome.id: part for part in found if part.applies.any()}

    def _part(self, rule: Consequence, names: tuple[str, ...], worlds: Worlds) -> Part:
        """One outcome for some of its options, all at once."""
        applies = np.ones(1, bool) if rule.when is None else rule.when.truth(worlds)
        values = _stacked([rule.values[name].number(worlds) for name in names])
        regrets = rule.outcome.regret(values, worlds) * applies
        if regrets.ndim < values.ndim:
            regrets = np.broadcast_to(regrets, np.broadcast_shapes(regrets.shape, (len(names), 1, 1)))
        return Part(rule, names, values, regrets, applies)

    @cached_property
    def excluded(self) -> Array:
        """Options by settings by worlds: whether a rule excludes the option there."""
        rules = [rule for rule in self.framework.constraints if rule.when is not None]
        if self.base is not None and not any(self._differs(rule.when.fields) for rule in rules):  # type: ignore[union-attr]
            return np.broadcast_to(self.base.excluded, (len(self.options), *self.shape))
        found = np.zeros((len(self.options), *self.shape), dtype=bool)
        for rule in rules:
            holds = rule.when.truth(self.worlds)  # type: ignore[union-attr]
            for name in rule.rules_out:
                found[self.places[name]] |= holds
        return found

    @cached_property
    def regrets(self) -> Array:
        """Sum over the outcomes: options by settings by worlds."""
        return self._sums[0]

    @cached_property
    def _sums(self) -> tuple[Array, Array]:
        """Regret, and the part of it that comes of estimates."""
        shape = (len(self.options), *self.shape)
        if self.base is None:
            total, estimated = np.zeros(shape), np.zeros(shape)
            for part in self.parts.values():
                self._add(part, 0.0, total, estimated)
            return total, estimated
        total, estimated = (np.broadcast_to(each, shape).copy() for each in self.base._sums)
        for rule in self.rules:
            if rule.outcome.target is not None and self._differs(rule.all_read):
                for names, worlds in self._differing(rule):
                    part = self._part(rule, names, worlds)
                    self._add(part, self._before(rule, names), total, estimated, self._varied.places(worlds))
        return total, estimated

    @property
    def _varied(self) -> VariedWorlds:
        assert isinstance(self.worlds, VariedWorlds)
        return self.worlds

    def _differs(self, names: frozenset[str]) -> bool:
        """Whether any of these fields may differ from what it is in the worlds that these differ from."""
        return self._varied.whole.reading(names) != 0

    def _differing(self, rule: Consequence) -> Iterator[tuple[tuple[str, ...], VariedWorlds]]:
        """Options whose outcome may differ, with the worlds in which it does."""
        blocks = self._varied.whole
        common = blocks.reading(rule.common)
        found: dict[int, list[str]] = {}
        for name, node in rule.values.items():
            found.setdefault(common | blocks.reading(node.fields), []).append(name)
        return ((tuple(names), blocks.worlds(each)) for each, names in found.items() if each)

    def _before(self, rule: Consequence, names: tuple[str, ...]) -> Array | float:
        """The regrets of an outcome in the worlds that these differ from."""
        assert self.base is not None
        part = self.base.parts.get(rule.outcome.id)
        return part.regrets[[part.names.index(name) for name in names]] if part is not None else 0.0

    def _add(self, part: Part, before: Array | float, total: Array, estimated: Array, at: Places = ALL) -> None:
        change = part.regrets - before
        for option, name in zip(change, part.names, strict=True):
            total[self.places[name]][at] += option
            if part.outcome.id in ESTIMATED:
                estimated[self.places[name]][at] += option

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each option."""
        return {name: at for at, name in enumerate(self.options)}

    @cached_property
    def totals(self) -> Array:
        """Regret with what rules add."""
        return self.regrets + EXCLUDED * self.excluded

    @cached_property
    def _run(self) -> Array:
        """Effort to run, for options that are equal otherwise, as a number far below what regrets are told to."""
        if self.base is not None:
            return self.base._run
        hours = self.parts["run"].values.mean(axis=(1, 2))
        plain = np.array([0.0 if name == self.framework.default else 1e-10 for name in self.options])
        return (1e-9 * hours / (1 + hours) + plain)[:, None]

    @cached_property
    def means(self) -> Array:
        """Options by settings: what the order follows. Equal to six digits goes to the least effort to run."""
        return np.round(mean_regret(self.regrets, self.excluded), 6) + self._run

    @cached_property
    def leaders(self) -> Array:
        """The option of least mean regret in each setting; NONE where every world excludes all."""
        return np.where(self.excluded.all(axis=2).all(axis=0), NONE, np.argmin(self.means, axis=0))

    @cached_property
    def firsts(self) -> Array:
        """What is first in each setting: the leader, or a close default where nothing stated speaks for the leader."""
        default = self.options.index(self.framework.default)
        if np.all(self.leaders == default):
            return self.leaders
        plain = (self.leaders != NONE) & self.close(default)
        if plain.any():
            plain &= self._apart(default) - self._apart_anyway(default) <= self._doubt(default)
        return np.where(plain, default, self.leaders)

    def leads(self, first: int) -> Array:
        """By how much an option is kept first in each setting: in three rows.

        The mean regret that the next best has more; what the default has more than lets it be first in a close
        call; and the share of the worlds by which the call is not close. Of the last two one is enough.
        """
        default = self.options.index(self.framework.default)
        found = np.full((3, self.shape[0]), FAR)
        if first == NONE:
            return np.zeros_like(found)
        others = [at for at in range(len(self.options)) if at not in (first, default)]
        if others:
            found[0] = (self.means[others] - self.means[first]).min(axis=0)
        if first != default:
            found[0] = np.minimum(found[0], self.means[default] - self.means[first])
            found[1] = self._apart(default) - self._apart_anyway(default) - self._doubt(default)
            found[2] = SELDOM - self._swapped(default)
        return found

    def _apart_anyway(self, option: int) -> Array:
        """By how much the leader is better where nothing is stated, at least 0: what nobody states forces nothing."""
        means = self._unstated
        return np.maximum(means[option] - means[self._leading], 0.0)

    @cached_property
    def _unstated(self) -> Array:
        """The mean regret of each option where nothing is stated."""
        if self.base is not None:
            return self.base._unstated
        sampler = sampler_of(self.worlds)
        return _unstated(self.framework, self.prices, sampler.count, sampler.seed)

    def close(self, option: int) -> Array:
        """Settings in which an option cannot be told from the leader, and nothing beats it in every world.

        Either the order of the two is the other way round in many worlds, or the estimates of
        efforts outweigh what lies between their means, and it is the better one in some worlds.
        """
        swapped = self._swapped(option)
        undecided = (swapped > CLOSE_SHARE) | ((swapped >= SELDOM) & self._near(option))
        return undecided & ~self._beaten(option) & (self.leaders != option)

    def _swapped(self, option: int) -> Array:
        """Share of the worlds in which an option is better than the leader; equal ones count half."""
        if option not in self._swaps:
            apart = self.totals[option] - self.totals[self._leading, self._settings]
            better, equal = np.count_nonzero(apart < 0, axis=1), np.count_nonzero(apart == 0, axis=1)
            self._swaps[option] = (better + 0.5 * equal) / self.shape[1]
        return self._swaps[option]

    @cached_property
    def _swaps(self) -> dict[int, Array]:
        return {}

    def _near(self, option: int) -> Array:
        """Settings in which its mean differs from the leader's by less than the uncertainty of the efforts."""
        return self._apart(option) < self._doubt(option)

    def _apart(self, option: int) -> Array:
        """The mean regret of an option less the leader's."""
        return self.means[option] - self.means[self._leading, self._settings]

    def _doubt(self, option: int) -> Array:
        """The uncertainty of the efforts of an option and the leader."""
        if option not in self._doubts:
            estimated = self._sums[1]
            self._doubts[option] = np.std(estimated[option] - estimated[self._leading, self._settings], axis=1)
        return self._doubts[option]

    @cached_property
    def _doubts(self) -> dict[int, Array]:
        return {}

    @property
    def _leading(self) -> Array:
        return np.maximum(self.leaders, 0)

    @property
    def _settings(self) -> Array:
        return np.arange(self.shape[0])

    @cached_property
    def nowhere_worse(self) -> Array:
        """Pairs of options, the first in no world worse than the second in any outcome, nor excluded more often.

        A lower value counts as better also where both meet the goal.
        """
        size = len(self.options)
        found = np.all(self.excluded[:, None, 0] <= self.excluded[None, :, 0], axis=2)
        for part in self.parts.values():
            at = [self.places[name] for name in part.names]
            for each in (part.regrets[:, 0], part.counted):
                whole = np.zeros((size, self.shape[1]))
                whole[at] = each
                found &= np.all(whole[:, None] <= whole[None] + 1e-9 * (1 + whole[None]), axis=2)
        return found

    @cached_property
    def mean_regrets(self) -> dict[str, Array]:
        """Of each outcome, over the worlds, by option."""
        found = {}
        for name, part in self.parts.items():
            found[name] = np.zeros(len(self.options))
            found[name][[self.places[option] for option in part.names]] = part.regrets.mean(axis=(1, 2))
        return found

    def _beaten(self, option: int) -> Array:
        """Settings in which every world excludes the option, or another is better and in no world worse."""
        nowhere_worse = np.all(self.totals <= self.totals[option] + 1e-9, axis=2)
        better = self.means < self.means[option] - 1e-6
        return self.excluded[option].all(axis=1) | np.any(nowhere_worse & better, axis=0)


def _stacked(values: list[Array]) -> Array:
    """Arrays of settings by worlds, or fewer axes, as one over options."""
    rows = max(1 if value.ndim < 2 else len(value) for value in values)
    found = np.empty((len(values), rows, max(value.shape[-1] for value in values)))
    for at, value in enumerate(values):
        found[at] = value
    return found


def mean_regret(regrets: Array, excluded: Array) -> Array:
    """Over the last axis. An option that few worlds exclude counts for nearly what it brings in the others.

    What rules add grows with the square of the share of worlds in which they hold: a
    demand that nobody stated and few have costs a plain option next to nothing, and one
    that most worlds have keeps it from being first.
    """
    return regret_with_rules(regrets.mean(axis=-1), excluded.mean(axis=-1))


def regret_with_rules(regret: Array, share: Array) -> Array:
    """Mean regret, and what is added for the share of the worlds that exclude the option."""
    return regret + EXCLUDED * share * share + RULED_OUT * (share == 1)


@lru_cache(maxsize=256)
def _unstated(framework: Framework, prices: Prices | None, count: int, seed: int) -> Array:
    worlds = sampled(Workload({}, {}), framework.derived, count, seed)
    return Evaluation(framework, worlds, prices).means[:, 0]


def evaluate(framework: Framework, worlds: Worlds, prices: Prices | None = None) -> Evaluation:
    """Everything about every option over the worlds, computed as it is asked for."""
    return Evaluation(framework, worlds, prices)

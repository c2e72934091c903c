"""Cycles of dependencies, by the kinds of edge that they are made of.

A cycle lies within one strongly connected component, so components are found first (SciPy), and the
shortest cycle by breadth within the smallest of them. That one transaction had ended before another
began is an edge too; instead of one for each such pair there is a chain of moments, to which a
transaction leads when it ends and from which one begins, so that their number stays linear.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from sysdesign.models.transactions.dependencies import Dependencies, Edge
from sysdesign.models.transactions.history import Transaction

MOST_STARTS = 50  # edges or transactions from which a shortest cycle is looked for
MOMENT = "moment"  # marks what leaves a moment
Cycle = list[Edge]


class SearchSpent(Exception):
    """The steps were spent before it was known whether there is a cycle."""


class Graph:
    """Edges between transactions, and between moments beyond the last of them; counts what a search looks at."""

    def __init__(self, edges: Iterable[Edge], budget: int) -> None:
        self.edges, self.left = list(edges), budget

    def cycle(self, kinds: Sequence[str], through: Sequence[str] = ()) -> Cycle | None:
        """A short cycle of edges of these kinds, at least one of them of the kinds `through` if any are named."""
        edges = [edge for edge in self.edges if edge.kind in kinds]
        inner, leaving = _within(edges)
        starts = [edge for edge in inner if not through or edge.kind in through]
        return self._shortest((edge, leaving) for edge in starts[:MOST_STARTS])

    def cycle_with_one(self, kind: str, others: Sequence[str]) -> Cycle | None:
        """A cycle with exactly one edge of a kind, the others of other kinds. Raises SearchSpent."""
        edges = [edge for edge in self.edges if edge.kind == kind or edge.kind in others]
        inner, _ = _within(edges)
        leaving = _leaving(edge for edge in inner if edge.kind in others)
        best: Cycle | None = None
        reached_from: dict[int, set[int]] = {}
        found = 0
        for edge in inner:
            if edge.kind != kind:
                continue
            if edge.target not in reached_from:
                reached_from[edge.target] = self._reached(edge.target, leaving)
            if edge.source in reached_from[edge.target]:
                found += 1
                path = self._path(edge.target, edge.source, leaving)
                if path is not None and (best is None or len(path) + 1 < len(best)):
                    best = [edge, *path]
                if found >= MOST_STARTS:
                    break
            if len(reached_from) > 1000:
                reached_from.clear()
        return best

    def cycle_apart(self, kind: str, others: Sequence[str]) -> Cycle | None:
        """A cycle in which no two edges of a kind follow each other; each node stands twice, after one or not."""
        doubled = []
        for edge in self.edges:
            if edge.kind == kind:
                doubled.append(((edge.source, 0), (edge.target, 1), edge))
            elif edge.kind in others:
                doubled += [((edge.source, after), (edge.target, 0), edge) for after in (0, 1)]
        number = {node: at for at, node in enumerate(dict.fromkeys(n for a, b, _ in doubled for n in (a, b)))}
        as_edges = [edge._replace(source=number[a], target=number[b]) for a, b, edge in doubled]
        of = {id(new): old for new, (_, _, old) in zip(as_edges, doubled, strict=True)}
        inner, leaving = _within(as_edges)
        starts = [edge for edge in inner if edge.kind == kind]
        found = self._shortest((edge, leaving) for edge in starts[:MOST_STARTS])
        return [of[id(edge)] for edge in found] if found else None

    def _shortest(self, starts: Iterable[tuple[Edge, dict[int, list[Edge]]]]) -> Cycle | None:
        best: Cycle | None = None
        for edge, leaving in starts:
            try:
                path = self._path(edge.target, edge.source, leaving)
            except SearchSpent:
                if best is None:
                    raise
                return best
            if path is not None and (best is None or len(path) + 1 < len(best)):
                best = [edge, *path]
            if best is not None and len(best) == 2:
                break
        return best

    def _path(self, start: int, end: int, leaving: dict[int, list[Edge]]) -> list[Edge] | None:
        """The shortest path, or None. From moment to moment costs nothing."""
        came: dict[int, Edge] = {}
        waiting = deque([start])
        done: set[int] = set()
        while waiting:
            node = waiting.popleft()
            if node == end:
                break
            if node in done:
                continue
            done.add(node)
            for edge in leaving.get(node, ()):
                self.left -= 1
                if edge.target not in done and edge.target != start:
                    free = edge.kind == "realtime" and edge.value is MOMENT
                    if free or edge.target not in came:
                        came[edge.target] = edge
                    (waiting.appendleft if free else waiting.append)(edge.target)
            if self.left < 0:
                raise SearchSpent
        else:
            return None
        path = []
        while end != start:
            path.append(came[end])
            end = came[end].source
        return path[::-1]

    def _reached(self, start: int, leaving: dict[int, list[Edge]]) -> set[int]:
        seen, waiting = {start}, [start]
        while waiting:
            for edge in leaving.get(waiting.pop(), ()):
                self.left -= 1
                if edge.target not in seen:
                    seen.add(edge.target)
                    waiting.append(edge.target)
            if self.left < 0:
                raise SearchSpent
        return seen


def _within(edges: Sequence[Edge]) -> tuple[list[Edge], dict[int, list[Edge]]]:
    """The edges within strongly connected components, those of the smallest first, and which leave each node."""
    if not edges:
        return [], {}
    source = np.array([edge.source for edge in edges])
    target = np.array([edge.target for edge in edges])
    size = int(max(source.max(), target.max())) + 1
    matrix = csr_array((np.ones(len(edges), dtype=np.int8), (source, target)), shape=(size, size))
    _, component = connected_components(matrix, connection="strong")
    members = np.bincount(component)
    same = np.flatnonzero(component[source] == component[target])
    order = same[np.argsort(members[component[source[same]]], kind="stable")]
    inner = [edges[at] for at in order]
    return inner, _leaving(inner)


def _leaving(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.source, []).append(edge)
    return found


def of_processes(found: Dependencies) -> Iterator[Edge]:
    """That a process ran one transaction after another."""
    last: dict[Hashable, int] = {}
    for at, one in enumerate(found.transactions):
        if at not in found.committed or one.process is None:
            continue
        if one.process in last:
            yield Edge(last[one.process], at, "process")
        last[one.process] = at


def of_real_time(found: Dependencies) -> Iterator[Edge]:
    """That one had ended before another began, by way of moments numbered after the transactions."""
    size = len(found.transactions)
    times = [(one.ended, 0, at) for at, one in enumerate(found.transactions) if at in found.committed and _ends(one)]
    times += [(one.began, 1, at) for at, one in enumerate(found.transactions) if at in found.committed and _begins(one)]
    moment = size
    for _, begins, at in sorted(times):
        if begins:
            yield Edge(moment, at, "realtime", value=MOMENT)
        else:
            yield Edge(moment, moment + 1, "realtime", value=MOMENT)
            yield Edge(at, moment + 1, "realtime")
            moment += 1


def _ends(one: Transaction) -> bool:
    return one.ended < float("inf")


def _begins(one: Transaction) -> bool:
    return one.began > float("-inf")


def without_moments(cycle: Cycle, size: int) -> Cycle:
    """The cycle with moments taken out, so that it has transactions alone; it begins with one."""
    at = next(number for number, edge in enumerate(cycle) if edge.source < size)
    turned = cycle[at:] + cycle[:at]
    short: Cycle = []
    for edge in turned:
        if edge.source >= size:
            short[-1] = short[-1]._replace(target=edge.target)
        else:
            short.append(edge)
    return short

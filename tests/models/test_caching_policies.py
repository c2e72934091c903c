"""Every eviction policy against a second implementation, request by request, and the laws of some."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models.caching.frequency import USED
from sysdesign.models.caching.popularity import Workload
from sysdesign.models.caching.popularity_sketch import DOORKEEPER, EXACT, HALVINGS, SKETCH, count, frequency, sketch
from sysdesign.models.caching.replacement import KERNELS, Cache, KeyTable, Replay, warm
from tests.models.plain_caches import POLICIES

CHUNKS = st.lists(st.lists(st.integers(0, 30), max_size=80), max_size=4)
CAPACITIES = st.integers(1, 24)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    warm()


def hits_of(policy: str, capacity: int, chunks: list[np.ndarray]) -> list[bool]:
    table, cache, hits = KeyTable(), Cache(policy, capacity), []
    for chunk in chunks:
        ids = table.ids(np.asarray(chunk, np.int64))
        hits.extend(cache.request(ids, table.distinct).tolist())
    assert cache.hits == sum(hits) and cache.requests == len(hits)
    return hits


def zipf_requests(count: int, seed: int, catalog: int = 200) -> np.ndarray:
    return Workload(catalog, 0.8, 0.2, 300, seed).requests(count)


def test_the_second_implementations_cover_every_policy():
    assert set(POLICIES) == set(KERNELS)


@pytest.mark.parametrize("policy", KERNELS)
@settings(max_examples=150, deadline=None)
@given(chunks=CHUNKS, capacity=CAPACITIES)
def test_every_request_hits_or_misses_as_in_the_second_implementation(policy, chunks, capacity):
    requests = [key for chunk in chunks for key in chunk]
    assert hits_of(policy, capacity, chunks) == POLICIES[policy](requests, capacity)


@pytest.mark.parametrize("policy", KERNELS)
@pytest.mark.parametrize("capacity", [7, 40, 150])
def test_long_skewed_workloads_with_a_scan_agree_too(policy, capacity):
    requests = zipf_requests(2_500, seed=capacity)
    assert hits_of(policy, capacity, np.array_split(requests, 7)) == POLICIES[policy](requests.tolist(), capacity)


@pytest.mark.parametrize("policy", KERNELS)
def test_a_capacity_off_by_one_is_noticed(policy):
    requests = zipf_requests(2_500, seed=1)
    assert hits_of(policy, 41, [requests]) != POLICIES[policy](requests.tolist(), 40)


@pytest.mark.parametrize("policy", KERNELS)
def test_policies_differ_from_each_other(policy):
    requests = zipf_requests(2_500, seed=2)
    same = [name for name in KERNELS if hits_of(name, 40, [requests]) == hits_of(policy, 40, [requests])]
    assert same == [policy]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 25), max_size=200), st.integers(1, 20))
def test_lru_inclusion(requests, capacity):
    small = hits_of("lru", capacity, [np.array(requests, np.int64)])
    large = hits_of("lru", capacity + 1, [np.array(requests, np.int64)])
    assert all(b or not a for a, b in zip(small, large, strict=True))


@settings(max_examples=100, deadline=None)
@given(CHUNKS, st.lists(st.integers(1, 12), min_size=1, max_size=6), st.sampled_from([0, -7, 2**40]))
def test_lru_caches_of_many_capacities_in_one_pass_count_as_each_alone(chunks, capacities, shift):
    replay = Replay([*(Cache("lru", capacity) for capacity in capacities), Cache("fifo", 3)])
    for chunk in chunks:
        replay.feed(np.array(chunk, np.int64) + shift)
    requests = [key for chunk in chunks for key in chunk]
    for cache in replay.caches:
        assert cache.hits == sum(POLICIES[cache.policy](requests, cache.capacity_keys)), cache.capacity_keys
        assert cache.requests == len(requests)


def test_fifo_breaks_inclusion_as_belady_showed():
    requests = np.array([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5])
    assert sum(hits_of("fifo", 3, [requests])) == 3 > sum(hits_of("fifo", 4, [requests])) == 2


@pytest.mark.parametrize("policy", KERNELS)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=100), st.integers(0, 100))
def test_chunks_do_not_matter_nor_which_numbers_the_keys_are(policy, keys, cut):
    keys = keys + keys[::2]
    whole = hits_of(policy, 9, [np.array(keys, np.int64)])
    assert hits_of(policy, 9, [np.array(keys[:cut], np.int64), np.array(keys[cut:], np.int64)]) == whole
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    assert hits_of(policy, 9, [np.array([ranks[key] for key in keys], np.int64)]) == whole


@pytest.mark.parametrize("policy", KERNELS)
def test_a_cache_that_holds_everything_misses_each_key_once(policy):
    keys = np.tile(np.arange(50), 6)
    if policy.startswith("wtinylfu"):  # its window and segments fill one by one; it holds all, too
        assert sum(hits_of(policy, 50, [keys])) == 250
    assert sum(hits_of(policy, 500, [keys])) == 250
    assert sum(hits_of(policy, 3, [np.arange(1000)])) == 0


def test_keys_are_numbered_in_the_order_of_first_sight_however_many():
    keys = np.random.default_rng(1).integers(-(2**62), 2**62, 50_000)
    table, twice = KeyTable(), np.concatenate((keys, keys))
    first = np.concatenate([table.ids(part) for part in np.array_split(twice, 9)])
    assert table.distinct == len(np.unique(keys))
    assert (first[: keys.size] == first[keys.size :]).all()
    assert (np.unique(first[: keys.size]) == np.arange(table.distinct)).all()
    assert (keys[np.unique(first[: keys.size], return_index=True)[1]] == keys[: table.distinct]).all()


def test_memory_grows_with_keys_and_not_with_requests():
    replay = Replay([Cache(policy, 100) for policy in KERNELS])

    def held() -> int:
        states = [array for cache in replay.caches for array in cache._state]
        table = [array for array in vars(replay._table).values() if isinstance(array, np.ndarray)]
        return sum(array.nbytes for array in states + table)

    replay.feed(np.arange(2_000))
    before = held()
    for seed in range(20):
        replay.feed(np.random.default_rng(seed).integers(0, 2_000, 20_000))
    assert held() == before


def test_the_same_without_compiling():
    code = (
        "import numpy as np\n"
        "from sysdesign.models.caching.popularity import Workload\n"
        "from sysdesign.models.caching.replacement import KERNELS, Cache, Replay\n"
        "replay = Replay(Cache(policy, 60) for policy in KERNELS)\n"
        "replay.feed(Workload(2_000, 0.9, 0.1, 500, 7).requests(6_000))\n"
        "print([cache.hits for cache in replay.caches], replay.distinct_keys)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "NUMBA_DISABLE_JIT": off}, capture_output=True, text=True
        ).stdout
        for off in ("0", "1")
    ]
    assert runs[0] == runs[1] and len(runs[0]) > 20


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match=r"'lur'\. Did you mean lru"):
        Cache("lur", 5)
    for capacity in (0, -1, 2.5):
        with pytest.raises(InvalidInput, match="whole number of keys, 1 or more"):
            Cache("lru", capacity)
    with pytest.raises(InvalidInput, match="float64"):
        Replay([Cache("lru", 2)]).feed(np.array([0.5]))


@pytest.mark.parametrize("policy", [name for name in KERNELS if name not in ("lru", "fifo")])
@pytest.mark.parametrize("capacity", [201, 330])
def test_large_catalogs_agree_too(policy, capacity):
    """Windows of several keys, ghosts that are hit often, targets that move a long way."""
    requests = zipf_requests(8_000, seed=5, catalog=3_000)
    assert hits_of(policy, capacity, [requests]) == POLICIES[policy](requests.tolist(), capacity)


def sequences(length: int, keys: int = 0) -> Iterator[tuple[int, ...]]:
    """All requests of that length that differ by more than the keys' names."""
    if length == 0:
        yield ()
        return
    for key in range(keys + 1):
        for rest in sequences(length - 1, max(keys, key + 1)):
            yield (key, *rest)


@pytest.mark.parametrize("policy", KERNELS)
@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_every_short_sequence_agrees(policy, capacity):
    for requests in sequences(7):
        assert hits_of(policy, capacity, [np.array(requests)]) == POLICIES[policy](requests, capacity), requests


def test_an_old_count_fades_to_nothing():
    """Fifteen, halved four times over: a key once hot loses to one asked for once since."""
    register, mark = sketch(EXACT, 1), np.zeros(100, np.int32)
    for _ in range(15):
        count(0, 1000, mark, register)
    found = []
    for _ in range(6):
        found.append(frequency(0, mark, register))
        register[HALVINGS] += 1
    assert found == [15, 7, 3, 1, 0, 0]


@given(st.lists(st.integers(0, 400), max_size=300), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_sketch_never_counts_too_little(keys, capacity):
    """Until the first halving. A doorkeeper neither, as it counts for one itself."""
    for kind in (SKETCH, DOORKEEPER):
        register, mark = sketch(kind, capacity), np.zeros(401, np.int32)
        for key in keys:
            count(key, 1000, mark, register)
        assert all(frequency(key, mark, register) >= min(keys.count(key), 15) for key in set(keys))
        assert all(frequency(key, mark, register) <= 15 for key in range(401))


def test_a_sketch_of_a_roomy_cache_counts_almost_exactly():
    keys = Workload(2_000, 0.8, 0, 1, seed=3).requests(4_000)
    mark, true = np.zeros(2_000, np.int32), np.minimum(np.bincount(keys, minlength=2_000), 15)
    for kind in (SKETCH, DOORKEEPER):
        register = sketch(kind, 2_000)
        for key in keys.tolist():
            count(key, 2_000, mark, register)
        found = np.array([frequency(key, mark, register) for key in range(2_000)])
        assert np.mean(found == true) > 0.98


def test_a_sketch_has_a_largest_size():
    assert sketch(SKETCH, 10**8).nbytes == sketch(SKETCH, 10**7 * 9).nbytes < 300e6
    assert sketch(SKETCH, 8).size < sketch(SKETCH, 9).size < sketch(DOORKEEPER, 9).size


def test_lfu_keeps_no_empty_buckets():
    """Keys that are read ever less often before they go: each leaves its bucket, which must be used again."""
    cache, keys = Cache("lfu", 1), [key for key in range(40) for _ in range(42 - key)]
    cache.request(np.array(keys), 40)
    assert cache.hits == len(keys) - 40
    assert cache._state.lists[0, USED] <= 2

"""Every eviction policy over objects with sizes against a second implementation, request by request."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models.caching.popularity import Workload
from sysdesign.models.caching.replacement import KERNELS, KeyTable
from sysdesign.models.caching.sized import POLICIES, SizedCache, warm
from tests.models import plain_caches
from tests.models.plain_sized_caches import SIZED

OBJECTS = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 30)), max_size=80)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    warm()


def hits_of(policy: str, capacity: int, requests: list[tuple[int, int]], chunks: int = 1) -> list[bool]:
    table, cache, hits = KeyTable(), SizedCache(policy, capacity), []
    for part in np.array_split(np.array(requests, np.int64).reshape(-1, 2), chunks):
        ids = table.ids(np.ascontiguousarray(part[:, 0]))
        hits.extend(cache.request(ids, np.ascontiguousarray(part[:, 1]), table.distinct).tolist())
    assert cache.hits == sum(hits) and cache.requests == len(hits)
    return hits


def skewed(count: int, seed: int, catalog: int = 200) -> list[tuple[int, int]]:
    """Keys of Zipf's law with a scan, with sizes from 1 to 90 that a key keeps, but for one request in seven."""
    keys = Workload(catalog, 0.8, 0.2, 300, seed).requests(count).tolist()
    return [(key, key * 37 % 90 + 1 + (at % 7 == 0)) for at, key in enumerate(keys)]


def test_the_second_implementations_cover_every_policy_with_sizes():
    assert set(SIZED) == set(POLICIES) == {name for name in KERNELS if not name.startswith("wtinylfu-")}


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=150, deadline=None)
@given(requests=OBJECTS, capacity=st.integers(1, 150))
def test_every_request_hits_or_misses_as_in_the_second_implementation(policy, requests, capacity):
    assert hits_of(policy, capacity, requests, 3) == SIZED[policy](requests, capacity)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("capacity", [60, 700, 5000])
def test_long_skewed_workloads_agree_too(policy, capacity):
    requests = skewed(2_500, seed=capacity)
    assert hits_of(policy, capacity, requests, 7) == SIZED[policy](requests, capacity)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("capacity", [20, 45, 150])
def test_objects_of_one_byte_are_cached_as_keys_are(policy, capacity):
    keys = [key for key, _ in skewed(2_500, seed=capacity)]
    wanted = plain_caches.POLICIES[policy](keys, capacity)
    assert hits_of(policy, capacity, [(key, 1) for key in keys]) == wanted


@pytest.mark.parametrize("policy", POLICIES)
def test_sizes_matter(policy):
    requests = skewed(2_500, seed=3)
    assert hits_of(policy, 701, requests) != SIZED[policy]([(key, 45) for key, _ in requests], 701)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_largest_capacity_and_sizes_overflow_nothing(policy):
    requests = [(at % 5, 10**17 * (1 + at % 5)) for at in range(60)] + [(9, 10**18), (9, 10**18), (7, 0), (7, 0)]
    hits = hits_of(policy, 10**18, requests)
    assert hits == SIZED[policy](requests, 10**18) and hits[-1]


def test_a_sketch_is_made_for_a_number_of_keys():
    with pytest.raises(InvalidInput, match="wtinylfu; for wtinylfu-sketch give capacity_keys"):
        SizedCache("wtinylfu-sketch", 100)

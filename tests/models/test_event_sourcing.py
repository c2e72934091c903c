"""Streams of events: races of appends played attempt by attempt, and what must hold of any stream."""

import bisect
import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sysdesign.errors import Unstable
from sysdesign.models import event_sourcing as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

RATES = st.floats(0.01, 500)


def raced(rate, window, most, backoff, law, generator, commands=60_000):
    """Each attempt loads a version, and appends if it is still the last; losers come back after a random wait."""
    arrivals = np.cumsum(generator.exponential(1 / rate, commands))
    queue = [(at, number, 0, -1) for number, at in enumerate(arrivals)]
    heapq.heapify(queue)
    version = attempts = lost = refused = 0
    while queue:
        at, number, tried, loaded = heapq.heappop(queue)
        if loaded < 0:  # the load
            ends = at + (window if law == "constant" else generator.exponential(window))
            heapq.heappush(queue, (ends, number, tried, version))
            continue
        attempts += 1
        if loaded == version:
            version += 1
            continue
        lost += 1
        if tried + 1 == most:
            refused += 1
        else:
            heapq.heappush(queue, (at + generator.exponential(backoff), number, tried + 1, -1))
    return lost / attempts, attempts / commands, refused / commands, version / arrivals[-1]


@pytest.mark.parametrize("law", ["constant", "exponential"])
@pytest.mark.parametrize(("rate", "most"), [(2, 3), (20, 1), (50, 1), (30, 4), (80, 2)])
def test_races_played_attempt_by_attempt(rate, most, law):
    lost, attempts, refused, done = raced(rate, 0.02, most, 0.4, law, np.random.default_rng(5))
    said = model.conflict(rate, 0.02, most, 0.4, law)
    assert said.conflict_share == pytest.approx(lost, rel=0.03, abs=0.003)
    assert said.attempts == pytest.approx(attempts, rel=0.01)
    assert said.refused_share == pytest.approx(refused, rel=0.05, abs=0.002)
    assert said.done_per_s == pytest.approx(done, rel=0.02)


def test_losers_that_come_back_soon_do_not_lose_more():
    for backoff in (0.02, 0.001):
        lost, *_ = raced(25, 0.02, 5, backoff, "constant", np.random.default_rng(6))
        said = model.conflict(25, 0.02, 5, backoff)
        assert 0.8 * said.conflict_share < lost < 1.03 * said.conflict_share


@given(RATES, st.floats(1e-4, 1), st.integers(1, 50), st.sampled_from(["constant", "exponential"]))
def test_what_comes_is_done_or_refused(rate, window, most, law):
    said = model.conflict(rate, window, most, window=law)
    assert said.done_per_s == pytest.approx(rate * (1 - said.refused_share), rel=1e-6)
    assert said.attempts_per_s * (1 - said.conflict_share) == pytest.approx(said.done_per_s, rel=1e-6)
    assert 1 - 1e-9 <= said.attempts <= most + 1e-9
    if law == "constant":
        assert said.done_per_s <= said.serial_per_s * (1 + 1e-9)
        assert said.conflict_share <= rate * window + 1e-9  # the bound of rate and window
    more = model.conflict(rate * 1.1, window, most, window=law)
    assert more.conflict_share >= said.conflict_share - 1e-9


def test_limits_in_closed_form():
    once = model.conflict(50, 0.02, 1)
    assert once.conflict_share == pytest.approx(0.5) and once.done_per_s == pytest.approx(25)
    many = model.conflict(25, 0.02, 100)  # all succeed in the end: the share of losers is rate times window
    assert many.conflict_share == pytest.approx(0.5) and many.attempts == pytest.approx(2)
    rare = model.conflict(0.01, 0.01)
    assert rare.conflict_share == pytest.approx(1 - np.exp(-1e-4), rel=1e-3)


@pytest.mark.parametrize("within", [0.01, 1.0, 30.0])
def test_exponential_windows_by_their_integral(within):
    time, _ = quad(lambda t: np.exp(-within * (t - 1 + np.exp(-t))), 0, np.inf)
    assert model.conflict(within / 0.02, 0.02, 1, window="exponential").conflict_share == pytest.approx(
        1 - 1 / (within * time), abs=1e-9
    )


def streamed(events, every, way, replay, read, save, loads, generator):
    """A stream that grows event by event, loaded now and then: mean and longest load, time for each event."""
    times, spent = [], 0.0
    for version in range(events):
        for _ in range(generator.poisson(loads)):
            behind = version if version < every else version % every
            times.append(way + (read if version >= every else 0) + behind * replay)
            spent += behind * replay
        if (version + 1) % every == 0:
            spent += save
    return np.mean(times), np.max(times), spent / events


@pytest.mark.parametrize(("every", "loads"), [(1, 1.0), (10, 3.0), (64, 0.5), (500, 1.0)])
def test_streams_grown_event_by_event(every, loads):
    mean, longest, each = streamed(20_000, every, 0.002, 2e-5, 0.001, 0.01, loads, np.random.default_rng(4))
    said = model.load(20_000, every, loads_per_event=loads)
    assert said.load_s == pytest.approx(mean, rel=0.01) and said.longest_s == pytest.approx(longest, rel=0.01)
    assert said.event_s == pytest.approx(each, rel=0.03)
    *_, whole = streamed(2000, 10**9, 0.002, 2e-5, 0.001, 0.01, loads, np.random.default_rng(4))
    assert model.load(2000, loads_per_event=loads).plain_event_s == pytest.approx(whole, rel=0.05)


@given(st.floats(1e-6, 10), st.floats(1e-7, 0.1), st.floats(0.001, 1000), st.integers(1, 10**6))
def test_no_interval_beats_the_best(save, replay, loads, every):
    said = model.load(1e9, every, replay_s=replay, save_s=save, loads_per_event=loads)
    assert said.best_event_s <= said.event_s * (1 + 1e-9)
    assert said.best_every == pytest.approx(said.young, abs=1)
    twice = model.load(1e9, 2 * said.best_every, replay_s=replay, save_s=save, loads_per_event=loads)
    assert twice.event_s <= 1.25 * said.best_event_s + loads * replay  # the valley is flat


def test_lengths_and_intervals_that_end_in_time():
    said = model.load()
    assert said.bound_events == 2400 and said.even_events == pytest.approx(50)
    assert model.load(said.bound_events).plain_s == pytest.approx(0.05)
    assert model.load(1e6, said.bound_every).longest_s == pytest.approx(0.05)
    assert model.load(1e6, 100, stale_share=1).load_s == pytest.approx(0.003 + 20)
    assert model.load(50, 100).load_s == model.load(50, 100).longest_s == pytest.approx(0.003 + 50 * 2e-5)


def test_arrays_corners_and_sentences():
    rates = np.array([1, 20, 300])
    many = model.conflict(rates, 0.02).attempts
    assert many == pytest.approx([model.conflict(each, 0.02).attempts for each in rates])
    for each in model.MODELS:
        assert_finite_at_corners(each.function, 2000)
    assert_sentences(model.MODELS)


def rebuilt(events, arrivals, own, parts, fullest, most, behind, step):
    """Parts read step by step: those that are behind share what the others leave of the store."""
    shares = np.full(parts, (1 - fullest / parts) / max(parts - 1, 1))
    shares[0] = fullest / parts
    missing, time, done = events * shares, 0.0, 0.0
    while missing.sum() > behind:
        late = missing > 0
        left = (most - arrivals * shares[~late].sum()) / late.sum()
        applied = np.where(late, np.minimum(left, own), arrivals * shares) * step
        done += applied.sum()
        missing = np.maximum(missing + arrivals * shares * step - applied, 0)
        time += step
    return time, done


@pytest.mark.parametrize(
    ("events", "arrivals", "own", "parts", "fullest", "most", "behind"),
    [
        (1e6, 100, 1000, 1, 1, 1e9, 10),
        (1e6, 100, 1000, 8, 1, 1e9, 10),
        (1e6, 300, 500, 8, 1, 2000, 10),
        (1e6, 300, 500, 8, 3, 2500, 10),
        (1e6, 200, 900, 4, 2, 1500, 1000),
        (1e6, 0, 500, 8, 2, 1e9, 300_000),
    ],
)
def test_rebuilds_played_step_by_step(events, arrivals, own, parts, fullest, most, behind):
    time, done = rebuilt(events, arrivals, own, parts, fullest, most, behind, 0.05)
    said = model.rebuild(events, arrivals, own, parts, fullest, most, behind)
    assert said.rebuild_s == pytest.approx(time, rel=0.01)
    assert said.applied == pytest.approx(done, rel=0.01)
    assert said.rate_per_s == pytest.approx(done / time, rel=0.01)


@given(st.floats(1, 1e10), st.floats(0, 900), st.integers(1, 100), st.floats(1, 100), st.floats(0, 1e6))
def test_a_rebuild_applies_what_was_there_and_what_came(events, arrivals, workers, fullest, behind):
    said = model.rebuild(events, arrivals, 1000, workers, fullest, 1e9, behind)
    assert said.applied == pytest.approx(events + said.arrived - min(behind, events), abs=1e-6)
    assert said.arrived == pytest.approx(arrivals * said.rebuild_s)
    assert said.others_s <= said.rebuild_s * (1 + 1e-12)
    assert said.speedup <= workers * (1 + 1e-9)
    more = model.rebuild(events, arrivals, 1000, workers, fullest * 1.1, 1e9, behind)
    assert more.rebuild_s >= said.rebuild_s * (1 - 1e-9)
    assert model.rebuild(events, arrivals, 2000, workers, fullest, 1e9, behind).rebuild_s <= said.rebuild_s


def test_rebuilds_in_closed_form():
    even = model.rebuild(1e6, 100, 1000, 1, behind=0)
    assert even.rebuild_s == pytest.approx(1e6 / 900) and even.speedup == pytest.approx(1)
    capped = model.rebuild(1e6, 100, 1000, 16, store_per_s=4000, behind=0)
    assert capped.rebuild_s == pytest.approx(1e6 / 3900) and capped.busy_share == 1 and capped.useful_workers == 4
    whole = model.rebuild(1e6, 100, 1000, 8, fullest=8, behind=0)  # one part holds everything
    assert whole.rebuild_s == pytest.approx(1e6 / 900) and whole.others_s == 0
    late = model.rebuild(1e6, 50, 1000, 1, behind=500)
    assert late.switch_age_s == pytest.approx(10)
    with pytest.raises(Unstable, match="never catches up"):
        model.rebuild(1e6, 1000, 1000, 1)
    with pytest.raises(Unstable):
        model.rebuild(1e6, 1000, 600, 4, fullest=3)  # 750 a second arrive in one part


def packed(rows, row_bytes):
    """Rows laid on pages one after another, each on a boundary of eight bytes and with a pointer: pages used."""
    pages, free = 0, 0
    for _ in range(rows):
        need = 4 + -(-(24 + row_bytes) // 8) * 8
        if need > free:
            pages, free = pages + 1, 8192 - 24
        free -= need
    return pages


@pytest.mark.parametrize("row_bytes", [40, 97, 333, 1100, 3000])
def test_rows_packed_page_by_page(row_bytes):
    said = model.store(event_bytes=row_bytes - 32, name_bytes=0)
    assert said.record_bytes * 20_000 == pytest.approx(8192 * packed(20_000, row_bytes), rel=0.002)


def leaf_fill(inserts, room, generator):
    """How full leaves are, on average over a doubling, where keys come at random and a full leaf splits in half."""
    leaves, bounds, fills = [[0.0, 1.0, 0]], [0.0], []  # from, to, entries
    for number, key in enumerate(generator.random(inserts), 1):
        at = bisect.bisect_right(bounds, key) - 1
        leaves[at][2] += 1
        low, high, entries = leaves[at]
        if entries > room:
            middle, half = (low + high) / 2, entries // 2
            leaves[at : at + 1] = [[low, middle, half], [middle, high, entries - half]]
            bounds.insert(at + 1, middle)
        if number > inserts / 2:
            fills.append(number / (room * len(leaves)))
    return np.mean(fills)


def test_leaves_of_random_keys_are_as_full_as_taken():
    fill = leaf_fill(40_000, 50, np.random.default_rng(3))
    assert fill == pytest.approx(model.stores.RANDOM_FILL, rel=0.04)


def test_leaves_of_rising_keys_take_what_postgresql_takes():
    """A primary key of pgbench: 2,733 leaves for a million rows, 366 entries of 16 bytes and a high key on each, and
    808 bytes free beside the pointer to a further entry (pgeoghegan.blogspot.com, on index bloat, July 2017).
    """
    stores = model.stores
    entry = float(stores._entry(4))
    assert entry == 16 + 4
    assert stores.PAGE - stores.PAGE_HEADER - stores.LEAF_SPECIAL - 367 * entry == 808 + 4
    assert stores._in_leaf(4, stores.RISING_FILL) * 1e6 / stores.PAGE == pytest.approx(2733, rel=0.004)


@pytest.mark.parametrize(("form", "rate", "events"), [("table", 0.01, 50), ("purpose_built", 1, 400), ("table", 50, 9)])
def test_streams_read_from_pages_that_hold_all_streams(form, rate, events):
    """A stream's events drawn among all of its time, laid down in order; the pages that hold one are counted."""
    generator, age = np.random.default_rng(8), 86_400
    said = model.store(form, events_per_s=rate, stream_events=events, stream_age_s=age, page_s=1e-3, way_s=1e-6)
    among = int(rate * age)
    counted = [len(np.unique(generator.integers(0, among, events) * said.record_bytes // 8192)) for _ in range(400)]
    entry = 24 if form == "purpose_built" else (4 + 56) / np.log(2)
    index = 1 + events * entry / 8192
    assert said.pages - index == pytest.approx(np.mean(counted), rel=0.03)
    assert said.read_s == pytest.approx(said.pages * 1e-3, rel=1e-3)


@given(
    st.sampled_from(["table", "log", "purpose_built", "key_value"]), st.floats(0.01, 1e5), st.floats(1, 1e5),
    st.floats(1, 1e4), st.floats(1, 1e9),
)  # fmt: skip
def test_more_events_take_more_of_everything(form, rate, size, length, kept):
    def at(**more):
        given_ = {"events_per_s": rate, "event_bytes": size, "stream_events": length, "kept_s": kept} | more
        return model.store(form, **given_)

    here = at()
    assert here.stored_bytes >= size and 0 <= here.index_bytes < here.stored_bytes
    assert here.kept_bytes == pytest.approx(here.year_bytes * kept / (365 * 86_400))
    assert here.readable_share == pytest.approx(min(1, kept / 2_592_000))
    assert at(events_per_s=rate * 2).pages >= here.pages * (1 - 1e-9)
    assert at(stream_events=length * 2).read_s >= here.read_s * (1 - 1e-9)
    assert at(events_per_s=rate * 2).busiest_load == pytest.approx(2 * here.busiest_load)
    assert at(copies=6).kept_bytes == pytest.approx(2 * here.kept_bytes)


def test_stores_in_closed_form():
    together = model.store("key_value", stream_events=100, page_s=1e-3, way_s=1e-3)
    assert together.pages == pytest.approx(1 + 100 * 1146 / 8192)
    assert together.read_s == pytest.approx(1e-3 + together.pages * 1e-3)
    log = model.store("log", events_per_s=100, stream_age_s=86_400, partitions=10, scan_bytes_per_s=1e8, way_s=1e-3)
    assert log.read_s == pytest.approx(1e-3 + 100 * 86_400 * 1107 / 10 / 1e8)
    short = model.store("log", events_per_s=100, stream_age_s=864_000, kept_s=86_400, way_s=1e-3)
    assert short.readable_share == pytest.approx(0.1)
    assert short.pages * 8192 == pytest.approx(100 * 86_400 * 1107 / 12)
    alone = model.store("table", events_per_s=1e-6, stream_events=3, stream_age_s=1)
    assert alone.pages == pytest.approx(1 + 1 + 3 * 60 / np.log(2) / 8192, rel=1e-3)  # all on one page
    small = model.store("key_value", event_bytes=854, event_s=0, way_s=1e-3, partition_bytes_per_s=1e5)
    assert small.stream_appends_per_s == pytest.approx(100)
    assert model.store("table", way_s=0.004, event_s=0.001).stream_appends_per_s == pytest.approx(200)

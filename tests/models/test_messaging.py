"""Messaging: fluid backlogs against a tick-by-tick queue, redelivery against drawn receives."""

import heapq

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models import messaging as model
from sysdesign.probability.distribution import Distribution
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_partitions_are_the_larger_need_and_never_none():
    assert model.partitions(20, 5, 3).partitions == 7
    assert model.partitions(30, 10, 10).partitions == 3  # exact multiples are not rounded up
    assert model.partitions(0.3, 0.1, 0.1).partitions == 3
    assert model.partitions(1, 10, 10).partitions == 1
    assert model.partitions(100, 10, 50, growth=2).partitions == 20
    assert model.partitions(np.array([10, 95]), 10, 5).partitions.tolist() == [2, 19]


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_partitions_carry_the_target_and_one_fewer_does_not(target, write, read):
    number = model.partitions(target, write, read).partitions
    assert number * min(write, read) >= target * (1 - 1e-9)
    assert number == 1 or (number - 1) * min(write, read) < target


def ticked(arrivals, services, outage, during, tick=0.05):
    """Age of the oldest message and time to empty, by moving messages in ticks."""
    arrived = served = clock = oldest = 0.0
    while True:
        clock += tick
        arrived += arrivals * tick
        rate = during if clock <= outage else services
        served = min(arrived, served + rate * tick)
        oldest = max(oldest, clock - served / arrivals)
        if clock > outage and served >= arrived - arrivals * tick / 2:
            return oldest, clock - outage


def test_backlog_agrees_with_a_queue_in_ticks():
    for arrivals, services, outage, during in ((100, 150, 60, 0), (100, 120, 90, 40), (10, 12, 60, 3)):
        found = model.backlog(arrivals, services, outage, during)
        oldest, drain = ticked(arrivals, services, outage, during)
        assert found.oldest_s == pytest.approx(oldest, abs=0.2)
        assert found.drain_s == pytest.approx(drain, rel=0.01, abs=0.2)
        assert abs(1.05 * found.drain_s - drain) > max(0.01 * drain, 0.1)


@given(st.floats(0.1, 0.99), st.floats(1, 1e5))
def test_drain_follows_utilization(utilization, outage):
    found = model.backlog(1000 * utilization, 1000, outage)
    assert found.drain_s == pytest.approx(outage * utilization / (1 - utilization), rel=1e-6)
    again = model.backlog(1000 * utilization, found.needed_per_s, outage, drain_within_s=3600)
    assert again.drain_s == pytest.approx(3600, rel=1e-6)


def test_keeping_up_leaves_no_backlog():
    found = model.backlog(100, 150, 60, during_per_s=200)
    assert (found.backlog, found.drain_s, found.recovery_s, found.delayed, found.oldest_s) == (0, 0, 0, 0, 0)


def drawn_messages(law, timeout, failure, tries, number, seed):
    """Counts of effects and of dead letters, message by message."""
    generator = np.random.default_rng(seed)
    time = Distribution.of(law, "s").sample(generator, (number, tries))
    fails = generator.random((number, tries)) < failure
    effects, receives = np.zeros(number), np.zeros(number)
    alive = np.ones(number, dtype=bool)
    for at in range(tries):
        receives += alive
        effects += alive & ~fails[:, at]
        alive &= fails[:, at] | (time[:, at] > timeout)
    return effects, receives, alive


@pytest.mark.parametrize("failure", [0.0, 0.1])
def test_redelivery_agrees_with_drawn_messages(failure):
    law, number = "lognormal(median=2, p99=20)", 400_000
    effects, receives, dead = drawn_messages(law, 6, failure, 3, number, 8)
    found = model.redelivery(law, 6, failure, 3)
    for ours, drawn in (
        (found.duplicated, effects >= 2),
        (found.dead_lettered, dead),
        (found.dead_but_done, dead & (effects > 0)),
    ):
        share = drawn.mean()
        error = np.sqrt(share / number)
        assert abs(ours - share) < 3.5 * error
    share = (effects >= 2).mean()
    assert abs(1.05 * found.duplicated - share) > 3.5 * np.sqrt(share / number)
    assert found.receives == pytest.approx(receives.mean(), rel=0.005)
    assert found.effects == pytest.approx(effects.mean(), rel=0.005)


def test_redelivery_limits():
    always = model.redelivery(40.0, 30, 0.0, 4)
    assert (always.late, always.receives, always.duplicated, always.dead_but_done) == (1, 4, 1, 1)
    never = model.redelivery(10.0, 30, 0.0, 4)
    assert (never.late, never.receives, never.duplicated, never.dead_lettered) == (0, 1, 0, 0)
    crash = model.redelivery(10.0, 30, 1.0, 4)
    assert (crash.receives, crash.effects, crash.duplicated, crash.dead_lettered) == (4, 0, 0, 1)
    measured = model.redelivery(np.array([1.0, 2, 3, 50]), 30, 0)
    assert measured.late == 0.25


@given(st.floats(1, 200), st.floats(0, 0.9), st.integers(1, 10))
def test_a_longer_timeout_never_makes_more_duplicates(timeout, failure, tries):
    short = model.redelivery("exponential(mean=20)", timeout, failure, tries)
    long = model.redelivery("exponential(mean=20)", timeout * 1.5, failure, tries)
    assert long.duplicated <= short.duplicated + 1e-12
    assert long.dead_lettered <= short.dead_lettered + 1e-12
    wanted = model.redelivery("exponential(mean=20)", short.timeout_wanted_s, 0, 1)
    assert wanted.late == pytest.approx(1e-4, rel=1e-6)


def test_consumers_by_littles_law():
    found = model.consumers(100, "exponential(mean=0.2)", 0.8)
    assert found.offered_load == pytest.approx(20) and found.consumers == 25
    assert model.consumers(100, 0.2, 1.0, batch=10).consumers == 2
    with pytest.raises(InvalidInput, match="finite mean"):
        model.consumers(100, "pareto(minimum=1, shape=0.9)")


def lines_by_hand(partitions, share, consumers, rate):
    """Whether every partition's consumer keeps up at a total rate, counting its messages."""
    loads = [share + (1 - share) / partitions] + [(1 - share) / partitions] * (partitions - 1)
    return all(load * rate <= 1 for load in loads)


@given(st.integers(1, 60), st.floats(0, 1))
def test_partition_order_is_bound_by_the_fullest_partition(partitions, share):
    found = model.ordering("partition", 1.0, 1000, partitions, share).throughput_per_s
    assert lines_by_hand(partitions, share, 1000, found * 0.999)
    assert not lines_by_hand(partitions, share, 1000, found * 1.001)


def test_looser_order_never_costs_throughput():
    rates = [
        model.ordering(scope, 0.02, 50, 40, 0.03).throughput_per_s for scope in ("global", "partition", "key", "none")
    ]
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(50) and rates[-1] == pytest.approx(2500)
    assert model.ordering("key", 0.02, 50, 40, 0.03).busy_consumers == pytest.approx(1 / 0.03)


@given(st.floats(1, 1e5), st.floats(1, 1e6), st.floats(1, 1000), st.floats(0.1, 10), st.floats(0.1, 10))
def test_push_and_pull_cost_the_same_at_the_crossover(posts, reads, followees, write, fetch):
    where = model.fan_out(posts, reads, 75, followees, write, fetch).crossover_followers
    assume(where <= 1e9)
    even = model.fan_out(posts, reads, where, followees, write, fetch)
    assert even.push_per_s == pytest.approx(even.pull_per_s, rel=1e-9)


def test_hybrid_without_celebrities_is_push_with_the_author_s_own_write():
    found = model.fan_out(10, 100, 50, 40, celebrity_share=0, celebrities_followed=0)
    assert found.hybrid_per_s == found.push_per_s + 10


def test_bad_input_is_refused_in_words():
    with pytest.raises(Unstable, match="never drains"):
        model.backlog(1000, 1000, 60)
    with pytest.raises(InvalidInput, match="global, partition, key, none"):
        model.ordering("exactly", 0.02, 50)


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 1000)


def test_sentences():
    assert_sentences(model.MODELS)


def test_a_pile_of_work_drains_at_the_spare_rate():
    alone = model.backlog(0, 500, 0, pile=1e6)
    assert (alone.backlog, alone.drain_s, alone.oldest_s) == (1e6, 2000, 0)
    beside = model.backlog(100, 500, 60, pile=1e6)
    assert beside.drain_s == pytest.approx((1e6 + 6000) / 400)  # pile and outage, by what is left over


@pytest.mark.parametrize("size", [200, 1000, 50_000])
def test_partitions_in_messages_are_those_in_megabytes(size):
    counted = model.partitions(messages_per_s=7000, message_bytes=size, consumer_per_s=900)
    weighed = model.partitions(7000 * size / 1e6, per_partition_read=900 * size / 1e6)
    assert counted == weighed


def held(times, lease, renewals, lost, generator):
    """Which messages lose their lease, renewal by renewal."""
    every, out = lease / (renewals + 1), np.zeros(times.size, dtype=bool)
    for at, time in enumerate(times.tolist()):
        until, now = lease, every
        while renewals and now < time and now < until - 1e-9:
            if generator.random() >= lost:
                until = now + lease
            now += every
        out[at] = time > until
    return out


@pytest.mark.parametrize(("renewals", "lost", "spread"), [(0, 0.3, 10), (1, 0.2, 10), (2, 0.4, 30), (3, 0.45, 30)])
def test_a_lease_agrees_with_one_played(renewals, lost, spread):
    generator = np.random.default_rng(6)
    sigma = np.log(spread) / 2.3263478740408408
    times = 2 * np.exp(sigma * generator.standard_normal(400_000))
    share = held(times, 4.0, renewals, lost, generator).mean()
    assert model.lease(2, spread, 4, renewals, lost, 0).lapsed == pytest.approx(share, rel=0.04)


def test_renewals_are_counted_and_one_lease_is_the_tail_of_the_times():
    times = Distribution.of("lognormal(median=2, p99=20)", "s")
    assert model.lease(2, 10, 30).late == pytest.approx(float(1 - times.cdf(30)))
    generator = np.random.default_rng(7)
    drawn = np.floor(times.sample(generator, 400_000) / 1.0)
    assert model.lease(2, 10, 3, renewals=2).renewals == pytest.approx(drawn.mean(), rel=0.01)


@given(st.floats(0.01, 100), st.floats(1, 50), st.floats(0.1, 1000), st.integers(0, 6), st.floats(0, 0.45))
def test_longer_leases_and_narrower_times_repeat_no_more(median, spread, length, renewals, lost):
    here = model.lease(median, spread, length, renewals, lost).duplicates_per_million
    assert model.lease(median, spread, 1.5 * length, renewals, lost).duplicates_per_million <= here * (1 + 1e-9)
    assert model.lease(1.1 * median, spread, length, renewals, lost).duplicates_per_million >= here * (1 - 1e-9)
    assert 0 <= here <= 1e6 and here <= model.lease(median, spread, length, 0, lost).duplicates_per_million + 1e-6


def test_leases_take_arrays():
    median = np.array([0.1, 2, 50])
    each = [model.lease(float(m), 10, 30, 2).duplicates_per_million for m in median]
    assert np.allclose(model.lease(median, 10, 30, 2).duplicates_per_million, each)
    assert model.lease(2.0, 10, 30.0, crash_share=np.array([0.0, 1.0])).heartbeat_s.shape == (2,)
    assert_finite_at_corners(model.lease)


def queue_played(rate, share, median, spread, workers, count, generator):
    """Shares of a key's messages that pass an earlier one, and are passed by a later one; workers draw in order."""
    sigma = np.log(spread) / 2.3263478740408408
    comes = np.cumsum(generator.exponential(1 / rate, count))
    takes = median * np.exp(sigma * generator.standard_normal(count))
    free, ends = [0.0] * workers, np.empty(count)
    for at in range(count):
        ends[at] = max(heapq.heappop(free), comes[at]) + takes[at]
        heapq.heappush(free, ends[at])
    ends = ends[generator.random(count) < share]
    first_later = np.minimum.accumulate(ends[::-1])[::-1]
    return (np.maximum.accumulate(ends)[:-1] > ends[1:]).mean(), (first_later[1:] < ends[:-1]).mean()


@pytest.mark.parametrize(
    ("rate", "share", "spread", "workers", "near"),
    [
        (100, 0.2, 10, 20, 0.02),
        (100, 1, 3, 6, 0.03),
        (100, 0.1, 30, 30, 0.03),
        (30, 1, 5, 3, 0.06),
        (20, 0.5, 5, 2, 0.2),
    ],
)
def test_overtaking_agrees_with_a_queue_played(rate, share, spread, workers, near):
    passing, passed = queue_played(rate, share, 0.05, spread, workers, 200_000, np.random.default_rng(8))
    found = model.overtaking(rate, share, 0.05, spread, workers)
    assert found.passing == pytest.approx(passing, rel=0.025)
    assert found.passed == pytest.approx(passed, rel=near)


def test_overtaking_of_exponential_like_pairs_without_a_limit_of_workers():
    """Of two messages that begin t apart, one lognormal time outlasts the other by t: integrated by hand."""
    generator = np.random.default_rng(9)
    first, second = np.exp(0.8 * generator.standard_normal((2, 400_000)))
    pairs = 0.001 * np.maximum(first - second, 0).mean()  # so few that at most one earlier message is in work
    spread = np.exp(0.8 * 2.3263478740408408)
    assert model.overtaking(0.001, 1, 1, spread, 1e6).passing == pytest.approx(pairs, rel=0.02)
    assert model.overtaking(0.001, 1, 1, spread, 1e6).passed == pytest.approx(pairs, rel=0.02)


def test_one_worker_and_equal_times_keep_the_order():
    assert model.overtaking(5, 1, 0.1, 10, 1).passing == pytest.approx(0, abs=1e-12)
    assert model.overtaking(5, 1, 0.1, 10, 1).passed == pytest.approx(0, abs=1e-12)
    assert model.overtaking(100, 1, 0.1, 1, 50).passing == pytest.approx(0, abs=1e-6)


def test_what_comes_again_is_passed_by_what_came_meanwhile():
    found = model.overtaking(10, 0.1, 0.001, 1, 1, 0.02, 3)
    generator = np.random.default_rng(10)
    comes = np.cumsum(generator.exponential(1, 1_000_000))
    again = np.where(generator.random(comes.size) < 0.02, comes + 3, comes)
    assert found.by_redelivery == pytest.approx((np.maximum.accumulate(again)[:-1] > again[1:]).mean(), rel=0.03)
    later = np.minimum.accumulate(again[::-1])[::-1]
    assert found.passed == pytest.approx((later[1:] < again[:-1]).mean(), rel=0.03)


@given(st.floats(0.01, 1000), st.floats(0.001, 1), st.floats(0.001, 1), st.floats(1, 50), st.floats(1, 500))
def test_more_of_a_key_more_workers_and_wider_times_pass_more(rate, share, median, spread, workers):
    here = model.overtaking(rate, share, median, spread, workers)
    for other in (
        model.overtaking(rate, min(1, share * 1.2), median, spread, workers),
        model.overtaking(rate, share, median, spread * 1.2, workers * 1.0),
        model.overtaking(rate, share, median, spread, workers + 1),
    ):
        assert other.passing >= here.passing * (1 - 0.02) - 1e-9
    assert 0 <= here.passing <= 1 and 0 <= here.passed <= 1

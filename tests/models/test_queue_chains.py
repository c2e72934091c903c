"""Queues of many servers against their chain of states, solved state by state, and against a change of units."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from sysdesign.errors import InvalidInput
from sysdesign.models import queueing


class Chain:
    """M/M/c with mean service 1, or M/M/c/c where nobody may wait: the share of time in each state."""

    def __init__(self, load: float, servers: int, places: int) -> None:
        steps = [math.log(load) - math.log(min(n, servers)) for n in range(1, places + 1)]
        logs = np.concatenate(([0.0], np.cumsum(steps)))
        share = np.exp(logs - logs.max())
        self.share, self.servers = share / share.sum(), servers
        self.waiting = self.share[servers:]

    def more_wait(self, time: float) -> float:
        """Who finds k others waiting begins after k + 1 departures."""
        ahead = np.arange(1, self.waiting.size + 1)
        return float(self.waiting @ stats.gamma.sf(time, ahead, scale=1 / self.servers))

    def longer(self, time: float) -> float:
        """Wait and service together take longer than that."""
        tail, _ = quad(lambda s: self.more_wait(time - s) * math.exp(-s), 0, time, epsabs=1e-12, epsrel=1e-10)
        return math.exp(-time) + tail


# the third leaves exactly one server to spare, where the quantile's formula needs its series
@pytest.mark.parametrize(("load", "servers"), [(0.9, 1), (1.7, 2), (2.0, 3), (2.0005, 3), (16.0, 20)])
def test_every_figure_of_a_line_before_many_servers(load, servers):
    rate, chain = 4.0, Chain(load, servers, servers + 400)
    found = queueing.mmc(load * rate, rate, servers)
    in_queue = float(chain.waiting @ np.arange(chain.waiting.size))
    assert found.utilization == pytest.approx(load / servers)
    assert found.wait_probability == pytest.approx(chain.waiting.sum(), rel=1e-9)
    assert found.mean_in_queue == pytest.approx(in_queue, rel=1e-9)
    assert found.mean_in_system == pytest.approx(in_queue + load, rel=1e-9)
    assert found.mean_wait_s == pytest.approx(in_queue / (load * rate), rel=1e-9)
    assert found.mean_time_s == pytest.approx(in_queue / (load * rate) + 1 / rate, rel=1e-9)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)):
        wait, time = (getattr(found, f"{kind}_{name}_s") * rate for kind in ("wait", "time"))
        if wait > 0:
            assert chain.more_wait(wait) == pytest.approx(1 - share, rel=1e-6)
        else:
            assert chain.waiting.sum() <= 1 - share
        assert chain.longer(time) == pytest.approx(1 - share, rel=1e-6)


@pytest.mark.parametrize(("load", "servers"), [(0.4, 1), (7.0, 5), (30.0, 40)])
def test_every_figure_where_none_may_wait(load, servers):
    chain = Chain(load, servers, servers)
    busy = float(chain.share @ np.arange(servers + 1))
    found = queueing.erlang_b(load, servers)
    assert found.blocked == pytest.approx(chain.share[-1])
    assert (found.carried_load, found.utilization) == pytest.approx((busy, busy / servers))
    size = queueing.servers_for_blocking(load, float(found.blocked))
    assert (size.servers, size.blocked) == (servers, pytest.approx(chain.share[-1]))
    assert size.utilization == pytest.approx(busy / servers)
    most = queueing.load_for_blocking(servers, float(found.blocked))
    assert (most.offered_load, most.carried_load) == pytest.approx((load, busy))


@pytest.mark.parametrize(("load", "servers"), [(0.4, 1), (3.7, 5), (30.0, 34)])
def test_every_figure_of_sizing_for_a_wait(load, servers):
    service, chain = 0.02, Chain(load, servers, servers + 900)
    found = queueing.erlang_c(load, servers)
    in_queue = float(chain.waiting @ np.arange(chain.waiting.size))
    assert (found.wait_probability, found.mean_in_queue) == pytest.approx((chain.waiting.sum(), in_queue))
    assert (found.mean_wait_in_services, found.utilization) == pytest.approx((in_queue / load, load / servers))
    within = 1 - chain.more_wait(0.3)
    size = queueing.servers_for_wait(load / service, service, 0.3 * service, within - 1e-9)
    assert (size.servers, size.utilization) == (servers, pytest.approx(load / servers))
    assert (size.wait_probability, size.within_target) == pytest.approx((chain.waiting.sum(), within))
    assert size.mean_wait_s == pytest.approx(in_queue / load * service)


def test_sizes_are_found_far_from_where_the_search_begins():
    """Many servers past the load: the search takes ever longer steps and comes back to the first that is enough."""
    for load, blocked in ((900.0, 1e-12), (0.001, 1e-12), (5_000.0, 1e-6)):
        size = queueing.servers_for_blocking(load, blocked)
        assert queueing.erlang_b(load, size.servers).blocked <= blocked
        assert queueing.erlang_b(load, size.servers - 1).blocked > blocked if size.servers > 1 else True
    with pytest.raises(InvalidInput):
        queueing.servers_for_wait(1e6, 1e5, 0.1, 0.5)


@pytest.mark.parametrize(
    "of",
    [
        lambda k: queueing.mm1(80 * k, 100 * k),
        lambda k: queueing.mmc(25 * k, 10 * k, 3),
        lambda k: queueing.md1(80 * k, 0.01 / k),
        lambda k: queueing.mg1(8 * k, f"gamma(mean={0.1 / k}, shape=2)"),
        lambda k: queueing.kingman(8 * k, 0.1 / k, 1.3, 0.7),
        lambda k: queueing.vut(25 * k, 0.1 / k, 3, 1.3, 0.7),
    ],
    ids=["mm1", "mmc", "md1", "mg1", "kingman", "vut"],
)
def test_the_unit_of_time_does_not_matter(of):
    slow, fast = of(1.0), of(50.0)
    for field in fields(slow):
        times = 50 if field.name.endswith("_s") else 1
        assert getattr(slow, field.name) == pytest.approx(times * getattr(fast, field.name), rel=1e-6), field.name

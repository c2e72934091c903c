"""M/M/1 of 1,000,000 customers: by events at least 30 times, by Lindley's recursion at least 200 times the rate of
SimPy and Ciw, all in this run. Those two simulate fewer customers, or they would take minutes."""

from __future__ import annotations

import time
from collections.abc import Callable

import ciw
import numpy as np
import simpy

from sysdesign.models import queueing
from sysdesign.models.queueing import kernels as queueing_kernels

ARRIVALS_PER_S, SERVICES_PER_S = 0.8, 1.0
CUSTOMERS, PEER_CUSTOMERS = 1_000_000, 50_000
EVENTS_TARGET, RECURSION_TARGET = 30, 200
RUNS = 5


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaps and services of all customers."""
    generator = np.random.default_rng(seed)
    return (
        generator.exponential(1 / ARRIVALS_PER_S, CUSTOMERS),
        generator.exponential(1 / SERVICES_PER_S, CUSTOMERS),
    )


def by_events(seed: int) -> float:
    """Mean time in the system, event by event; drawing the random numbers counts."""
    return queueing_kernels.run_events(*drawn(seed), 1)[0]


def by_recursion(seed: int) -> float:
    """Mean time in the system by Lindley's recursion; drawing the random numbers counts."""
    gaps, services = drawn(seed)
    return float((queueing_kernels.lindley(gaps, services, 0.0) + services).mean())


def by_simpy(seed: int) -> float:
    """The same queue as SimPy processes."""
    generator = np.random.default_rng(seed)
    gaps = generator.exponential(1 / ARRIVALS_PER_S, PEER_CUSTOMERS).tolist()
    services = generator.exponential(1 / SERVICES_PER_S, PEER_CUSTOMERS).tolist()
    world = simpy.Environment()
    server = simpy.Resource(world, capacity=1)
    times = []

    def customer(service):
        came = world.now
        with server.request() as turn:
            yield turn
            yield world.timeout(service)
        times.append(world.now - came)

    def arrivals():
        for gap, service in zip(gaps, services, strict=True):
            world.process(customer(service))
            yield world.timeout(gap)

    world.process(arrivals())
    world.run()
    return float(np.mean(times))


def by_ciw(seed: int) -> float:
    """The same queue as a Ciw network of one node."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(ARRIVALS_PER_S)],
        service_distributions=[ciw.dists.Exponential(SERVICES_PER_S)],
        number_of_servers=[1],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(PEER_CUSTOMERS, method="Finish")
    records = simulation.get_all_records()
    return float(np.mean([record.exit_date - record.arrival_date for record in records]))


def rate(run: Callable[[int], float], customers: int, runs: int) -> tuple[float, float]:
    """Customers a second at the median of some runs, and the mean time in the system over them."""
    taken, found = [], []
    for seed in range(runs):
        start = time.perf_counter()
        found.append(run(seed))
        taken.append(time.perf_counter() - start)
    return customers / float(np.median(taken)), float(np.mean(found))


def main() -> None:
    """Print rates, targets and ratios."""
    queueing.warm()
    truth = queueing.mm1(ARRIVALS_PER_S, SERVICES_PER_S).mean_time_s
    peers = {"SimPy": rate(by_simpy, PEER_CUSTOMERS, 3), "Ciw": rate(by_ciw, PEER_CUSTOMERS, 3)}
    for name, (customers_per_s, mean) in peers.items():
        print(f"M/M/1, {name}: {customers_per_s:,.0f} customers/s, mean time {mean:.2f} s (exact {truth:.2f} s)")
    for name, run, target in (
        ("events", by_events, EVENTS_TARGET),
        ("recursion", by_recursion, RECURSION_TARGET),
    ):
        ours, mean = rate(run, CUSTOMERS, RUNS)
        ratios = {peer: ours / theirs for peer, (theirs, _) in peers.items()}
        told = ", ".join(f"{ratio:,.0f} times {peer}" for peer, ratio in ratios.items())
        verdict = "met" if min(ratios.values()) >= target else "missed"
        print(
            f"M/M/1 of {CUSTOMERS:,} customers by {name}: {ours:,.0f} customers/s, {told} "
            f"(target: {target} times, {verdict}), mean time {mean:.2f} s"
        )


if __name__ == "__main__":
    main()

"""Messaging: partitions, consumers, backlogs, duplicates, order and fan-out.

Rates are long-run means of a steady stream; for the waiting that bursts cause at a given
utilization see queueing. Units: `_s` seconds, `_per_s` per second, `_bytes` bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import count, duration, percent, several, size
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain

JUST_WHOLE = 1 - 1e-12  # 3.0000000000000004 partitions are 3

Arrivals = Annotated[float, Input("Messages", "1/s", low=1e-6, high=1e9, default=1000)]
MaybeArrivals = Annotated[float, Input("Messages", "1/s", low=0, high=1e9, default=1000, help="0: a pile alone")]
Processing = Annotated[
    Distribution,
    Input("Time to process a message", "s", low=0, high=86_400, default="lognormal(median=2, p99=20)"),
]


def _whole(value: np.ndarray | float) -> np.ndarray:
    return np.maximum(np.ceil(np.asarray(value) * JUST_WHOLE), 1)


@dataclass(frozen=True)
class Partitions:
    """How many partitions a topic needs."""

    partitions: Annotated[float, Output("Partitions")]
    for_producers: Annotated[float, Output("Partitions that the writes need")]
    for_consumers: Annotated[float, Output("Partitions that the reads need")]
    headroom: Annotated[float, Output("Rate that they carry beyond the target", "share")]


@checked
def partitions(
    target: Annotated[float, Input("Target rate", "MB/s", low=1e-6, high=1e9, default=100)] = 100,
    per_partition_write: Annotated[
        float, Input("Write rate of one partition", "MB/s", low=1e-6, high=1e9, default=10)
    ] = 10,
    per_partition_read: Annotated[float, Input("Rate of one consumer", "MB/s", low=1e-6, high=1e9, default=5)] = 5,
    growth: Annotated[float, Input("Growth to plan for, times", low=1, high=1000, default=1)] = 1,
    messages_per_s: Annotated[
        float, Input("Target in messages", "1/s", low=0, high=1e12, default=0, help="0: the target is given in MB/s")
    ] = 0,
    message_bytes: Annotated[float, Input("Mean message size", "B", low=1, high=1e9, default=1000)] = 1000,
    consumer_per_s: Annotated[
        float, Input("Messages of one consumer", "1/s", low=0, high=1e9, default=0, help="0: its rate is given in MB/s")
    ] = 0,
) -> Partitions:
    """Partitions that a target rate needs: the larger of what writes and reads need.

    ceil(max(t / p, t / c)), as a partition is the unit of parallelism and one consumer of a
    group reads it. Rates in MB/s, or in messages of a mean size. Measure c with your own processing. A
    skewed key fills its partition sooner (see `ordering`); changing the number later sends
    keys to other partitions. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Source: rao-2015.

    >>> partitions(20, 5, 3).partitions
    7.0
    >>> partitions(messages_per_s=20_000, message_bytes=1000, consumer_per_s=3000).partitions
    7.0
    """
    megabytes = np.asarray(message_bytes, dtype=float) / 1e6
    wanted = np.where(np.asarray(messages_per_s) > 0, messages_per_s * megabytes, target)
    consumer = np.where(np.asarray(consumer_per_s) > 0, consumer_per_s * megabytes, per_partition_read)
    writes, reads = _whole(wanted * growth / per_partition_write), _whole(wanted * growth / consumer)
    number = np.maximum(writes, reads)
    carried = number * np.minimum(per_partition_write, consumer)
    return Partitions(plain(number), plain(writes), plain(reads), plain(carried / wanted - 1))


@dataclass(frozen=True)
class Consumers:
    """How many consumers keep up with a stream."""

    consumers: Annotated[float, Output("Consumers")]
    offered_load: Annotated[float, Output("Consumers busy on average")]
    utilization: Annotated[float, Output("Share of their time in use", "share")]
    throughput_per_s: Annotated[float, Output("Most messages that they process", "1/s")]


@checked
def consumers(
    arrivals_per_s: Arrivals,
    processing_s: Annotated[Distribution, Input("Time to process a message", "s", low=0, high=86_400, default="0.05")],
    utilization: Annotated[float, Input("Target utilization", "share", low=0.01, high=1, default=0.7)] = 0.7,
    batch: Annotated[int, Input("Messages processed together", low=1, high=100_000, default=1)] = 1,
) -> Consumers:
    """Consumers that a stream needs at a target utilization, by Little's law.

    Busy consumers = arrival rate * mean processing time / batch, whatever the distribution
    of that time. At a utilization of 1 a backlog never drains: leave room for the outage
    you plan for (see `backlog`). A batch takes the time of one processing.
    Raises InvalidInput where the processing time has no mean.
    Source: Little's law, as in queueing.

    >>> consumers(100, 0.2, utilization=0.8).consumers
    25.0
    """
    mean = _mean(processing_s)
    load = np.asarray(arrivals_per_s, dtype=float) * mean / batch
    number = _whole(load / utilization)
    return Consumers(
        consumers=plain(number),
        offered_load=plain(load),
        utilization=plain(load / number),
        throughput_per_s=plain(number * batch / mean),
    )


def _mean(processing_s: Distribution) -> float:
    mean = Distribution.of(processing_s, "s").mean
    if not np.isfinite(mean) or mean <= 0:
        raise InvalidInput(f"processing_s has a mean of {mean}; it takes a time with a finite mean above 0 s")
    return mean


@dataclass(frozen=True)
class Backlog:
    """What an outage of the consumers leaves behind."""

    backlog: Annotated[float, Output("Messages waiting at the end of the outage")]
    drain_s: Annotated[float, Output("Time to drain them afterwards", "s")]
    oldest_s: Annotated[float, Output("Age of the oldest message, at its worst", "s")]
    delayed: Annotated[float, Output("Messages delayed in all")]
    recovery_s: Annotated[float, Output("Start of the outage to no backlog", "s")]
    needed_per_s: Annotated[float, Output("Rate that would drain it in the time wanted", "1/s")]


@checked
def backlog(
    arrivals_per_s: MaybeArrivals,
    services_per_s: Annotated[
        float, Input("Messages that consumers can process", "1/s", low=1e-6, high=1e9, default=1250)
    ],
    outage_s: Annotated[float, Input("Length of the outage", "s", low=0, high=3e7, default=1800)],
    during_per_s: Annotated[
        float, Input("Messages processed during the outage", "1/s", low=0, high=1e9, default=0)
    ] = 0,
    drain_within_s: Annotated[float, Input("Time wanted to drain", "s", low=1, high=3e7, default=3600)] = 3600,
    pile: Annotated[
        float,
        Input("Messages that wait already", low=0, high=1e15, default=0, help="a fixed pile of work, as a backfill"),
    ] = 0,
) -> Backlog:
    """Backlog after an outage or of a fixed pile of work, its oldest message, and the time to drain it.

    Fluid: steady rates, first in first out, nothing expires and nobody gives up. Backlog =
    pile + (arrivals - processed meanwhile) * outage; drain = backlog / (capacity - arrivals).
    How long the pile has waited is not known, so `oldest_s` counts the outage alone. At a
    utilization of 80% the drain takes four times the outage, at 95% nineteen times. A log
    must keep messages at least as long as `oldest_s`. Elementwise over arrays.
    Raises Unstable where capacity does not exceed arrivals, since the backlog then never
    drains, and InvalidInput where an input is out of range.

    >>> backlog(1000, 1250, 1800).drain_s
    7200.0
    >>> backlog(0, 1250, 0, pile=4.5e6).drain_s
    3600.0
    """
    arrivals, services = np.asarray(arrivals_per_s, dtype=float), np.asarray(services_per_s, dtype=float)
    if np.any(services <= arrivals):
        raise Unstable(
            f"{arrivals_per_s} messages/s arrive and {services_per_s} can be processed, so the backlog never drains; "
            "add consumers until services_per_s exceeds arrivals_per_s",
            services <= arrivals,
        )
    kept_up = np.minimum(during_per_s, arrivals)
    waiting = pile + (arrivals - kept_up) * outage_s
    drain = waiting / (services - arrivals)
    return Backlog(
        backlog=plain(waiting),
        drain_s=plain(drain),
        oldest_s=plain(outage_s * (1 - kept_up / np.maximum(arrivals, 1e-300))),
        delayed=plain(np.where(waiting > 0, pile + arrivals * (outage_s + drain), 0.0)),
        recovery_s=plain(np.where(waiting > 0, outage_s + drain, 0.0)),
        needed_per_s=plain(arrivals + waiting / drain_within_s),
    )


@dataclass(frozen=True)
class Retention:
    """How long and how much a log must keep."""

    retention_s: Annotated[float, Output("Retention", "s")]
    stored_bytes: Annotated[float, Output("Storage, with all replicas", "B")]
    written_bytes_per_s: Annotated[float, Output("Bytes written, with all replicas", "B/s")]
    reread_s: Annotated[float, Output("Time to read all of it again", "s")]


@checked
def retention(
    arrivals_per_s: Arrivals,
    message_bytes: Annotated[float, Input("Mean message size on disk", "B", low=1, high=1e9, default=1000)],
    longest_outage_s: Annotated[float, Input("Longest outage of a reader", "s", low=0, high=3e7, default=86_400)],
    margin: Annotated[float, Input("Safety factor", low=1, high=100, default=2)] = 2,
    replicas: Annotated[int, Input("Replicas", low=1, high=100, default=3)] = 3,
    services_per_s: Annotated[
        float, Input("Messages that readers can process", "1/s", low=1e-6, high=1e9, default=1250)
    ] = 1250,
) -> Retention:
    """Retention that survives the longest outage of a reader, and what storing it takes.

    A reader that was down for the whole of an outage reads first what was written at its
    start, so retention is at least the outage; the margin covers the time to notice and a
    reader that is slow rather than down. Deletion in segments keeps somewhat more.
    Rereading from the start is at the readers' rate, with no new messages counted.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.

    >>> retention(1000, 1000, 86_400).stored_bytes
    518400000000.0
    """
    kept = np.asarray(longest_outage_s, dtype=float) * margin
    written = np.asarray(arrivals_per_s, dtype=float) * message_bytes * replicas
    return Retention(plain(kept), plain(written * kept), plain(written), plain(kept * arrivals_per_s / services_per_s))


@dataclass(frozen=True)
class Redelivery:
    """What at-least-once delivery with a visibility timeout does to one message."""

    late: Annotated[float, Output("Chance that processing outlasts the timeout", "share")]
    receives: Annotated[float, Output("Receives of a message on average")]
    duplicated: Annotated[float, Output("Messages whose effect happens twice or more", "share")]
    effects: Annotated[float, Output("Times that a message takes effect on average")]
    dead_lettered: Annotated[float, Output("Messages in the dead-letter queue", "share")]
    dead_but_done: Annotated[float, Output("Messages there though they took effect", "share")]
    timeout_wanted_s: Annotated[float, Output("Timeout for the wanted share of late ones", "s")]


@checked
def redelivery(
    processing_s: Processing,
    visibility_timeout_s: Annotated[float, Input("Visibility timeout", "s", low=0.001, high=43_200, default=30)],
    failure: Annotated[float, Input("Chance that processing fails", "share", low=0, high=1, default=0.001)] = 0.001,
    most_receives: Annotated[int, Input("Receives before the dead-letter queue", low=1, high=1000, default=5)] = 5,
    late_wanted: Annotated[
        float, Input("Share of late ones that is acceptable", "share", low=1e-9, high=0.5, default=1e-4)
    ] = 1e-4,
) -> Redelivery:
    """Duplicates and dead letters of a queue whose messages reappear after a timeout.

    Each receive fails with no effect (chance f, a crash before the work is done), or works
    and is late (the effect happens, and the message comes back), or works in time and is
    deleted. After `most_receives` without a timely one the message is dead. Receives are
    independent: a message that is slow by its nature is late every time, so real dead
    letters are more. A late consumer does not extend its timeout (a heartbeat would), and a
    message is taken up again as soon as it reappears. `timeout_wanted_s` is the quantile of
    the processing time. The broker's own rare duplicates come on top.
    Raises InvalidInput where that quantile is infinite or an input is out of range.
    Source: sqs-visibility-timeout for the mechanism; the chances follow from it.

    >>> round(redelivery("exponential(mean=10)", 30, failure=0).late, 4)
    0.0498
    """
    time = Distribution.of(processing_s, "s")
    late = float(1 - time.cdf(visibility_timeout_s))
    wanted = float(time.quantile(1 - late_wanted))
    fails, slow = float(failure), (1 - failure) * late
    timely = (1 - failure) * (1 - late)
    again = fails + slow
    tries = int(most_receives)
    receives = tries if timely == 0 else (1 - again**tries) / timely
    # At most one effect: timely after failures alone, or dead with none or one late among the receives.
    first_go = timely * (tries if fails == 1 else (1 - fails**tries) / (1 - fails))
    at_most_one = first_go + fails**tries + tries * slow * fails ** (tries - 1)
    return Redelivery(
        late=late,
        receives=float(receives),
        duplicated=max(0.0, 1 - at_most_one),
        effects=float(receives * (1 - fails)),
        dead_lettered=again**tries,
        dead_but_done=max(0.0, again**tries - fails**tries),
        timeout_wanted_s=wanted,
    )


Scope = Literal["global", "partition", "key", "none"]


@dataclass(frozen=True)
class Ordering:
    """What a promise of order leaves of parallelism."""

    throughput_per_s: Annotated[float, Output("Most messages processed", "1/s")]
    busy_consumers: Annotated[float, Output("Consumers that can be busy at once")]
    unordered_per_s: Annotated[float, Output("The same without any order", "1/s")]
    kept: Annotated[float, Output("Share of it that order leaves", "share")]


@checked
def ordering(
    scope: Annotated[Scope, Input("Order kept", default="partition")],
    processing_s: Annotated[Distribution, Input("Time to process a message", "s", low=0, high=86_400, default="0.02")],
    consumers: Annotated[int, Input("Consumers", low=1, high=1_000_000, default=50)],
    partitions: Annotated[int, Input("Partitions", low=1, high=1_000_000, default=50)] = 50,
    hottest_key_share: Annotated[
        float, Input("Messages for the busiest key", "share", low=0, high=1, default=0.02)
    ] = 0.02,
) -> Ordering:
    """Throughput that is left when messages must be processed in order.

    Within the scope of the order one message is processed at a time. global: all messages
    in one line. partition: the line of the busiest partition fills first; it holds the
    hottest key and an even part of the others. key: any consumer takes any key that nobody
    else has. none: every consumer is busy. Mean rates: the order of arrival within a line
    makes it wait besides. Keys other than the hottest spread evenly, which few keys do not.
    Raises InvalidInput where the processing time has no mean or an input is out of range.
    Follows from one message at a time within each line (utilization law).

    >>> ordering("global", 0.02, 50).throughput_per_s
    50.0
    """
    mean = _mean(processing_s)
    share = np.asarray(hottest_key_share, dtype=float)
    hottest_partition = share + (1 - share) / partitions
    lines = {
        "global": np.asarray(1.0),
        "partition": np.minimum(1 / hottest_partition, np.minimum(partitions, consumers)),
        "key": 1 / np.maximum(share, 1 / consumers),
        "none": np.asarray(float(consumers)),
    }
    busy = np.minimum(lines[scope], consumers)
    free = np.asarray(consumers / mean)
    return Ordering(plain(busy / mean), plain(busy), plain(free), plain(busy / consumers))


@dataclass(frozen=True)
class FanOut:
    """Work of a feed that is built when written or when read."""

    push_per_s: Annotated[float, Output("Work of fan-out on write", "1/s")]
    pull_per_s: Annotated[float, Output("Work of fan-out on read", "1/s")]
    hybrid_per_s: Annotated[float, Output("Work of writing for most, reading the celebrities", "1/s")]
    timeline_writes_per_s: Annotated[float, Output("Timeline writes of fan-out on write", "1/s")]
    crossover_followers: Annotated[float, Output("Mean followers up to which writing is cheaper")]
    delivery_s: Annotated[float, Output("Time to deliver one post of the largest account", "s")]


@checked
def fan_out(
    posts_per_s: Annotated[float, Input("Posts", "1/s", low=1e-6, high=1e9, default=4600)],
    reads_per_s: Annotated[float, Input("Timeline reads", "1/s", low=1e-6, high=1e9, default=300_000)],
    followers: Annotated[float, Input("Followers of an author, mean over posts", low=0, high=1e9, default=75)],
    followees: Annotated[float, Input("Accounts that a reader follows", low=1, high=1e6, default=75)],
    write_cost: Annotated[float, Input("Cost of one timeline write", low=1e-6, high=1e6, default=1)] = 1,
    fetch_cost: Annotated[float, Input("Cost of one fetch while reading", low=1e-6, high=1e6, default=1)] = 1,
    largest_followers: Annotated[float, Input("Followers of the largest account", low=1, high=1e10, default=3e7)] = 3e7,
    deliveries_per_s: Annotated[
        float, Input("Timeline writes that can be done", "1/s", low=1, high=1e10, default=1e6)
    ] = 1e6,
    celebrity_share: Annotated[
        float, Input("Deliveries that celebrities' posts cause", "share", low=0, high=1, default=0.3)
    ] = 0.3,
    celebrities_followed: Annotated[float, Input("Celebrities that a reader follows", low=0, high=1e6, default=5)] = 5,
) -> FanOut:
    """Whether to build a feed when a post is written or when it is read.

    Writing: posts * followers timeline writes, and one fetch a read. Reading: one write a
    post, and reads * followees fetches. They cost the same at `crossover_followers`: it
    depends on how much more people read than post, not on any one account's size. One large
    account matters for another reason, the time to reach everybody, and as waste where its
    followers do not read; leaving celebrities to the readers is the hybrid. Costs are
    relative: set both to what you measure. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: kleppmann-2017, chapter 1, for the example of 4,600 posts and 75 followers.

    >>> fan_out(4600, 300_000, 75, 75).timeline_writes_per_s
    345000.0
    """
    posts, reads = np.asarray(posts_per_s, dtype=float), np.asarray(reads_per_s, dtype=float)
    writes = posts * followers
    push = writes * write_cost + reads * fetch_cost
    pull = posts * write_cost + reads * followees * fetch_cost
    spared = writes * (1 - np.asarray(celebrity_share)) * write_cost
    hybrid = spared + posts * write_cost + reads * (1 + np.asarray(celebrities_followed)) * fetch_cost
    crossover = 1 + reads * (np.asarray(followees) - 1) * fetch_cost / (posts * write_cost)
    return FanOut(
        push_per_s=plain(push),
        pull_per_s=plain(pull),
        hybrid_per_s=plain(hybrid),
        timeline_writes_per_s=plain(writes),
        crossover_followers=plain(crossover),
        delivery_s=plain(np.asarray(largest_followers, dtype=float) / deliveries_per_s),
    )


def _partitioned(inputs: Mapping[str, Any], result: Partitions) -> str:
    return (
        f"{several(result.partitions, 'partition')}: writes need {count(result.for_producers)}, reads "
        f"{count(result.for_consumers)}."
    )


def _staffed(inputs: Mapping[str, Any], result: Consumers) -> str:
    return (
        f"{several(result.consumers, 'consumer')} would be busy {percent(result.utilization)} of the time; all "
        f"together they "
        f"process {several(result.throughput_per_s, 'message')} a second."
    )


def _drained(inputs: Mapping[str, Any], result: Backlog) -> str:
    if inputs.get("pile"):
        return f"{several(result.backlog, 'message', 'wait')}; draining takes {duration(result.drain_s)}."
    return (
        f"An outage of {duration(inputs['outage_s'])} leaves {several(result.backlog, 'message')}; draining takes "
        f"{duration(result.drain_s)}, and the oldest waits {duration(result.oldest_s)}."
    )


def _retained(inputs: Mapping[str, Any], result: Retention) -> str:
    return (
        f"Keep {duration(result.retention_s)}: {size(result.stored_bytes)} with all replicas, "
        f"{duration(result.reread_s)} to read again."
    )


def _redelivered(inputs: Mapping[str, Any], result: Redelivery) -> str:
    return (
        f"{percent(result.late)} of receives outlast the timeout, {percent(result.duplicated)} of messages take effect "
        f"twice; a timeout of {duration(result.timeout_wanted_s)} would leave {percent(inputs['late_wanted'])} late."
    )


def _ordered(inputs: Mapping[str, Any], result: Ordering) -> str:
    return (
        f"{several(result.throughput_per_s, 'message')} a second, {percent(result.kept)} of what "
        f"{several(inputs['consumers'], 'consumer')} could do without order."
    )


def _fanned(inputs: Mapping[str, Any], result: FanOut) -> str:
    cheaper = "write" if result.push_per_s <= result.pull_per_s else "read"
    return (
        f"Fan-out on {cheaper} is cheaper: {count(result.push_per_s)} on write against {count(result.pull_per_s)} on "
        f"read; they are equal at {count(result.crossover_followers)} followers. The largest account's post takes "
        f"{duration(result.delivery_s)} to deliver."
    )


CAPACITY = "How many partitions and consumers, and how much retention?"
DELIVERY = "What do redelivery and order cost?"
FEED = "Fan out on write or on read?"
MODELS = (
    Model(partitions, CAPACITY, _partitioned, "06-messaging", "06-messaging/partitions"),
    Model(consumers, CAPACITY, _staffed, "06-messaging", "06-messaging/consumers"),
    Model(backlog, CAPACITY, _drained, "06-messaging", "06-messaging/drain"),
    Model(retention, CAPACITY, _retained, "06-messaging", "06-messaging/retention"),
    Model(redelivery, DELIVERY, _redelivered, "06-messaging", "06-messaging/duplicates"),
    Model(ordering, DELIVERY, _ordered, "06-messaging", "06-messaging/ordering"),
    Model(fan_out, FEED, _fanned, "06-messaging", "06-messaging/fan-out"),
)

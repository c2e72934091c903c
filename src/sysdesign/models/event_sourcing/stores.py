"""What an event store holds, and what an append and the read of one stream cost in it, by its form.

Sizes in bytes, times in seconds; shares are 0 to 1. Sizes of rows and records are those of one open product of each
form, named beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain

YEAR_S = 31_536_000.0
Form = Literal["table", "log", "purpose_built", "key_value"]

PAGE, PAGE_HEADER, LEAF_SPECIAL = 8192, 24, 16  # PostgreSQL; at a leaf's end siblings, level, flags and a cycle
POINTER, ROW_HEADER, INDEX_HEADER, ALIGNED = (
    4,
    24,
    8,
    8,
)  # a row's 23 bytes, aligned; a row's address of 6 and a size of 2
OWN_COLUMNS = 32  # position and version, 8 bytes each, and an id of 16
RISING_FILL, RANDOM_FILL = 0.9, float(np.log(2))  # leaves of a B-tree with keys that rise, and that come at random
BATCH_HEADER, RECORD_HEADER = 61, 10  # Kafka: a batch of format 2, and a record's attributes and lengths
LOG_RECORD, LOG_INDEX = 90, 24  # KurrentDB: what a record holds beside name, type and data, and its entry in the index
ITEM_INDEXING = 100  # DynamoDB: what it adds to an item
SORT_KEY = len("version") + 4 / 2 + 1  # a number's name, a byte for two digits and one more: up to 9,999


@dataclass(frozen=True)
class Store:
    """An event store of one form under a load."""

    stored_bytes: Annotated[float, Output("What an event takes, with its index entries", "B")]
    record_bytes: Annotated[float, Output("Of that, its row, record or item", "B")]
    index_bytes: Annotated[float, Output("Of that, index entries", "B")]
    year_bytes: Annotated[float, Output("Growth in a year, all copies", "B")]
    kept_bytes: Annotated[float, Output("Kept at last, all copies", "B")]
    append_s: Annotated[float, Output("Append", "s")]
    stream_appends_per_s: Annotated[float, Output("Appends that one stream takes at most", "1/s")]
    busiest_load: Annotated[float, Output("Load of the busiest stream on that", "share")]
    pages: Annotated[float, Output("Pages read for one stream")]
    read_s: Annotated[float, Output("Read of that stream", "s")]
    readable_share: Annotated[float, Output("Share of its events that are still kept", "share")]


@checked
def store(
    form: Annotated[Form, Input("Form of the store", default="table")] = "table",
    events_per_s: Annotated[float, Input("Events", "1/s", low=1e-6, high=1e8, default=50)] = 50,
    event_bytes: Annotated[
        float, Input("Event: type, data and metadata", "B", low=1, high=1e6, default=1000)
    ] = 1000,
    name_bytes: Annotated[float, Input("Name of its stream", "B", low=0, high=1000, default=36)] = 36,
    events_per_append: Annotated[float, Input("Events of an append, mean", low=1, high=1000, default=1)] = 1,
    kept_s: Annotated[float, Input("Retention", "s", low=1, high=3.2e9, default=3.1536e8)] = 3.1536e8,
    copies: Annotated[float, Input("Copies", low=1, high=20, default=3)] = 3,
    way_s: Annotated[
        float, Input("Way to the store and back, with its flush", "s", low=1e-6, high=10, default=0.002)
    ] = 0.002,
    event_s: Annotated[float, Input("Each event of an append", "s", low=0, high=1, default=0.0001)] = 0.0001,
    busiest_share: Annotated[
        float, Input("Share of all appends that the busiest stream gets", "share", low=0, high=1, default=0.01)
    ] = 0.01,
    stream_events: Annotated[float, Input("Events of the stream that is read", low=1, high=1e8, default=100)] = 100,
    stream_age_s: Annotated[
        float, Input("Time over which they came", "s", low=1, high=3.2e9, default=2_592_000)
    ] = 2_592_000,
    page_s: Annotated[
        float, Input("Read of a page, those in memory included", "s", low=0, high=1, default=0.0001)
    ] = 0.0001,
    partitions: Annotated[float, Input("Partitions of a log", low=1, high=1e6, default=12)] = 12,
    partition_bytes_per_s: Annotated[
        float, Input("Appended at most to one partition", "B/s", low=1, high=1e10, default=1e7,
                     help="log and key-value table; 1 MB a second where a partition takes 1,000 small writes")
    ] = 1e7,
    scan_bytes_per_s: Annotated[
        float, Input("Read of a partition in order", "B/s", low=1, high=1e11, default=1e8)
    ] = 1e8,
) -> Store:  # fmt: skip
    """Size of an event store, the load of its busiest stream and the read of one stream, by the form of the store.

    A relational table keeps rows on pages in the order of arrival, with three B-trees: position, stream and version,
    id. A purpose-built store keeps one log and an index entry for each event. In both, the k events of a stream lie
    among those of all others: of the P pages written in its time, P (1 - (1 - 1/P)^k) hold one, and each is read. A
    key-value table keeps a stream together, so that it reads k events' worth of pages. A log has no index by stream:
    who reads one reads its partition from the stream's first event on.

    One append after another takes the way and its events: the inverse is what a stream takes where each waits for the
    last. In a log one owner may send ahead, so the partition is the limit; in a key-value table both are. Events older
    than the retention are gone, and with them their share of a stream that came evenly.

    Leaves of a B-tree are filled to 90% where keys rise; elsewhere a full one is split in half, which leaves them
    ln 2 full. An item's size counts the names of its attributes, here the sort key's alone.

    Rows above some 2 kB, which PostgreSQL compresses or moves out, count in full; compression in a log, dead rows,
    inner pages and high keys of indexes, the bytes that tell a text's length, a log's sparse index and the database's
    own log are left out. Elementwise over arrays. Raises InvalidInput where an input is out of range. Sources:
    postgres-page-layout, postgres-nbtree, kurrent-indexes, kurrent-log-record, kafka-message-format,
    dynamodb-item-size.

    >>> round(store().stored_bytes)
    1320
    >>> round(store("log").read_s, 1), round(store("key_value").read_s, 4)
    (119.6, 0.0035)
    """
    given = (
        events_per_s, event_bytes, name_bytes, events_per_append, kept_s, copies, way_s, event_s, busiest_share,
        stream_events, stream_age_s, page_s, partitions, partition_bytes_per_s, scan_bytes_per_s,
    )  # fmt: skip
    (rate, body, name, together, kept, replicas, way, each, busiest, length, age, page, parts, part_rate,
     scan) = broadcast(*given)  # fmt: skip
    data, index = _sizes(form, body, name, together)
    readable = np.minimum(kept / age, 1.0)
    events = np.maximum(length * readable, 1.0)
    span = rate * np.minimum(age, kept)  # events of all streams, since the first that is read
    append = way + together * each
    limit = {
        "table": 1 / append,
        "purpose_built": 1 / append,
        "key_value": np.minimum(1 / append, part_rate / (together * data)),
        "log": part_rate / (together * data),
    }[form]
    pages = {
        "table": lambda: _touched(events, span * data / PAGE) + _leaves(events, _entry(name + 8) / RANDOM_FILL),
        "purpose_built": lambda: _touched(events, span * data / PAGE) + _leaves(events, np.full_like(name, LOG_INDEX)),
        "key_value": lambda: 1 + events * data / PAGE,
        "log": lambda: np.maximum(span * data / parts, data) / PAGE,
    }[form]()
    read = way + (pages * PAGE / scan if form == "log" else pages * page)
    stored = data + index
    found = (
        stored, data, index, rate * YEAR_S * stored * replicas, rate * kept * stored * replicas, append, limit,
        busiest * rate / together / limit, pages, read, readable,
    )  # fmt: skip
    return Store(*map(plain, found))


def _sizes(form: str, body: np.ndarray, name: np.ndarray, together: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bytes of an event itself and of its index entries."""
    none = np.zeros_like(body)
    if form == "table":
        row = POINTER + _aligned(ROW_HEADER + OWN_COLUMNS + name + body)
        room = PAGE - PAGE_HEADER
        on_page = np.where(row <= room, PAGE / np.maximum(np.floor(room / row), 1), row * PAGE / room)
        return on_page, none + _in_leaf(8, RISING_FILL) + _in_leaf(name + 8, RANDOM_FILL) + _in_leaf(16, RANDOM_FILL)
    if form == "purpose_built":
        return LOG_RECORD + name + body, none + LOG_INDEX
    if form == "key_value":
        return ITEM_INDEXING + SORT_KEY + name + body, none
    return RECORD_HEADER + BATCH_HEADER / together + name + body, none


def _aligned(bytes_: np.ndarray | float) -> np.ndarray:
    return np.ceil(np.asarray(bytes_) / ALIGNED) * ALIGNED


def _entry(key: np.ndarray | float) -> np.ndarray:
    """Bytes of an entry in a leaf of a B-tree."""
    return POINTER + _aligned(INDEX_HEADER + key)


def _in_leaf(key: np.ndarray | float, fill: float) -> np.ndarray:
    """Bytes of an entry with its part of what its leaf holds beside entries."""
    return _entry(key) / fill * PAGE / (PAGE - PAGE_HEADER - LEAF_SPECIAL)


def _touched(events: np.ndarray, pages: np.ndarray) -> np.ndarray:
    """Different pages that hold one event of a stream or more, each as likely for each event."""
    of = np.maximum(pages, 1.0)
    with np.errstate(divide="ignore"):
        return -of * np.expm1(events * np.log1p(-1 / of))


def _leaves(events: np.ndarray, entry: np.ndarray) -> np.ndarray:
    """Pages of an index that hold the entries of one stream, which lie together."""
    return 1 + events * entry / PAGE


def _kept(inputs: Mapping[str, Any], result: Store) -> str:
    return (
        f"An event takes {size(result.stored_bytes)}, and the store grows by {size(result.year_bytes)} a year in all "
        f"copies. The busiest stream uses {percent(result.busiest_load)} of the {amount(result.stream_appends_per_s)} "
        f"appends a second that one stream takes; reading a stream takes {duration(result.read_s)}, "
        f"{amount(result.pages)} pages."
    )


MODELS = (Model(store, "What does an event store hold?", _kept, "18-event-sourcing", "18-event-sourcing/store-read"),)

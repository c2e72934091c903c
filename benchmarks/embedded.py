"""What an embedded engine (DuckDB) works through on one core, at growing sizes and in memory that does not suffice.

Rows of 96 bytes (twelve whole numbers) in a Parquet file; each piece of work reads the file as a scheduled run does.
One thread, and a bound on memory, so that the larger sizes spill to disk: what spilled is said. Rates are bytes of
rows, as they would lie uncompressed, for a second of the processor; by the clock a slow disk adds to that. Other sizes:
EMBEDDED_ROWS, with commas; another bound: EMBEDDED_MEMORY_MB.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.measured import line

ROWS = tuple(int(each) for each in os.environ.get("EMBEDDED_ROWS", "1_000_000,4_000_000,16_000_000").split(","))
MEMORY_MB = int(os.environ.get("EMBEDDED_MEMORY_MB", 256))
NUMBERS = 8
ROW_BYTES = 8 * (NUMBERS + 4)
LOOK_S = 0.05  # between two looks at what lies on disk


@dataclass(frozen=True)
class Work:
    """One run over the file: SQL with the file's name and a place for what it writes."""

    title: str
    sql: str
    rows_back: Callable[[int], int]  # how many rows it must give


NAMES = ", ".join(f"sum(n{at})" for at in range(NUMBERS))
NAMED = ", ".join(f"sum(n{at}) AS s{at}" for at in range(NUMBERS))
LARGEST = ", ".join(f"max(s{at})" for at in range(NUMBERS))  # else the engine leaves out sums that nobody asks for
WORKS = (
    Work("sums of all columns", f"SELECT sum(id), sum(made), sum(customer), sum(kind), {NAMES} FROM '{{file}}'",
         lambda rows: 1),
    Work("sums by 10 kinds", f"SELECT kind, {NAMES} FROM '{{file}}' GROUP BY kind", lambda rows: 10),
    Work("sums by a key of a quarter of the rows",
         f"SELECT {LARGEST} FROM (SELECT customer, {NAMED} FROM '{{file}}' GROUP BY customer)", lambda rows: 1),
    Work("sort of all rows, written", "COPY (FROM '{file}' ORDER BY n0, id) TO '{out}'", lambda rows: 1),
)  # fmt: skip


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """An engine on one core with its bound, that spills into the folder."""
    base = duckdb.connect(config={"threads": 1, "memory_limit": f"{MEMORY_MB}MB"})
    base.execute(f"SET temp_directory = '{folder / 'spill'}'")
    base.execute("SET preserve_insertion_order = false")
    return base


def written(rows: int, folder: Path) -> Path:
    """A Parquet file of so many rows: a key, a time that rises, a customer, a kind, and numbers that mean nothing."""
    path = folder / f"{rows}.parquet"
    numbers = ", ".join(f"(hash(i * {NUMBERS} + {at}) % 1000000)::BIGINT AS n{at}" for at in range(NUMBERS))
    sql = (
        f"SELECT i AS id, i * 3 AS made, (hash(i) % {max(rows // 4, 1)})::BIGINT AS customer, "
        f"(hash(i + 7) % 10)::BIGINT AS kind, {numbers} FROM range({rows}) AS drawn(i)"
    )
    base = opened(folder)
    base.execute(f"COPY ({sql}) TO '{path}'")
    base.close()
    return path


class Watched:
    """The most bytes that lay in a folder while something ran."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._done, self.most = folder, threading.Event(), 0
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Watched:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(LOOK_S):
            self.most = max(self.most, _bytes_in(self._folder))


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # deleted since it was listed
            continue
    return total


def run(work: Work, file: Path, rows: int, folder: Path) -> tuple[float, int]:
    """Seconds of the processor, and bytes spilled at most, of one run in an engine of its own."""
    base, out = opened(folder), folder / "out.parquet"
    started = time.process_time()
    with Watched(folder / "spill") as watched:
        given = base.execute(work.sql.format(file=file, out=out)).fetchall()
    taken = time.process_time() - started
    base.close()
    out.unlink(missing_ok=True)
    assert len(given) == work.rows_back(rows), work.title
    return taken, watched.most


def main() -> None:
    """Each piece of work at each size: rate of one core, and what spilled."""
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file = written(rows, folder)
            size = rows * ROW_BYTES
            times = f"{size / (MEMORY_MB * 1e6):.1f} times the memory"
            title = f"{rows:,} rows, {size / 1e6:,.0f} MB, DuckDB {duckdb.__version__}: file"
            line(title, f"{file.stat().st_size / 1e6:,.0f} MB", "", times)
            for work in WORKS:
                taken, spilled = run(work, file, rows, folder)
                said = f"{spilled / 1e6:,.0f} MB spilled" if spilled else "none spilled"
                line(f"{rows:,} rows: {work.title}", f"{size / taken / 1e6:,.0f} MB/s", "", said)


if __name__ == "__main__":
    main()

"""One question on rows (SQLite) and on columns (DuckDB): processor time, and bytes that must be read, in this run.

The same million rows of twenty columns, in order of time, in a file of each. Each question runs in both, warm and on
one thread, the least of several runs. Times are the processor's, so what else runs on the machine and waits for the
disk are not in them. Another number of rows: LAYOUT_ROWS.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.measured import line

ROWS = int(os.environ.get("LAYOUT_ROWS", 1_000_000))
COLUMNS = 20
RUNS = 5
BLOCK = 262_144  # bytes of a block of DuckDB's file
KEYS = 200  # single rows are asked for by so many keys a run: one is over too soon to be timed
NAMES = ("id", "made", "customer", "kind", *(f"n{at}" for at in range(COLUMNS - 4)))


@dataclass(frozen=True)
class Question:
    """What is asked, in SQL that both understand; `lo` and `hi` bound a hundredth of the time."""

    title: str
    sql: str
    keys: int = 0  # how often it runs, each time with another key
    target: str = ""


QUESTIONS = (
    Question("sum of 1 column of 20", "SELECT sum(n0) FROM facts", target="columns 10 times faster"),
    Question("sum by kind of 2 columns of 20", "SELECT kind, sum(n0), sum(n1) FROM facts GROUP BY kind"),
    Question("sum over 1% of the time, no index", "SELECT sum(n0) FROM facts WHERE made >= {lo} AND made < {hi}"),
    Question(f"sums of all {COLUMNS} columns", f"SELECT {', '.join(f'sum({name})' for name in NAMES)} FROM facts"),
    Question(f"{KEYS} single rows by key", "SELECT * FROM facts WHERE id = ?", KEYS, "rows 10 times faster"),
    Question(f"{KEYS} updates of one row, a commit each", "UPDATE facts SET n0 = n0 + 1 WHERE id = ?", KEYS),
)


def drawn() -> dict[str, np.ndarray]:
    """The columns: a key, a time that rises, a customer, a kind of ten, and numbers that mean nothing."""
    generator = np.random.default_rng(1)
    wide = {f"n{at}": generator.integers(0, 1_000_000, ROWS) for at in range(COLUMNS - 4)}
    return {
        "id": np.arange(ROWS),
        "made": np.sort(generator.integers(0, 100_000_000, ROWS)),
        "customer": generator.integers(0, 50_000, ROWS),
        "kind": generator.integers(0, 10, ROWS),
        **wide,
    }


def filled_rows(columns: dict[str, np.ndarray], path: Path) -> sqlite3.Connection:
    """A file of SQLite with the table, its key as the table's own order."""
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("PRAGMA cache_size = -1000000")  # 1 GB: questions are warm in both
    base.execute(f"CREATE TABLE facts (id INTEGER PRIMARY KEY, {', '.join(f'{name} INTEGER' for name in NAMES[1:])})")
    base.execute("BEGIN")
    marks = ", ".join("?" * COLUMNS)
    base.executemany(
        f"INSERT INTO facts VALUES ({marks})", zip(*(columns[name].tolist() for name in NAMES), strict=True)
    )
    base.execute("COMMIT")
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return base


def filled_columns(columns: dict[str, np.ndarray], path: Path) -> duckdb.DuckDBPyConnection:
    """A file of DuckDB with the same table and the same key."""
    base = duckdb.connect(str(path), config={"threads": 1})
    kinds = ", ".join(f"{name} BIGINT" for name in NAMES[1:])
    base.execute(f"CREATE TABLE facts (id BIGINT PRIMARY KEY, {kinds})")
    base.register("drawn", columns)
    base.execute(f"INSERT INTO facts SELECT {', '.join(NAMES)} FROM drawn ORDER BY id")
    base.execute("CHECKPOINT")
    return base


def asked(base: Any, question: Question, bounds: tuple[int, int]) -> Any:
    """One run of a question; what it gave, so that both can be compared."""
    sql = question.sql.format(lo=bounds[0], hi=bounds[1])
    if not question.keys:
        return base.execute(sql).fetchall()
    keys = np.random.default_rng(2).integers(0, ROWS, question.keys).tolist()
    return [base.execute(sql, (key,)).fetchall() for key in keys]


def read_bytes(base: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> int:
    """Bytes of the blocks that hold these columns, by the engine's own account."""
    sql = "SELECT count(DISTINCT block_id) FROM pragma_storage_info('facts') WHERE column_name IN ? AND persistent"
    return BLOCK * base.execute(sql, (list(names),)).fetchone()[0]


def least_seconds(work: Callable[[], Any]) -> float:
    """The least of several runs after a first one that warms."""
    work()
    return min(_seconds(work) for _ in range(RUNS))


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def same(one: Any, other: Any) -> bool:
    """Whether both gave the same rows, in any order; updates give nothing to compare."""
    return sorted(map(repr, _numbers(one))) == sorted(map(repr, _numbers(other)))


def _numbers(rows: Any) -> Any:
    if isinstance(rows, list | tuple):
        return [_numbers(row) for row in rows]
    return int(rows)


def main() -> None:
    """Both engines, question by question, with the ratio between them."""
    columns = drawn()
    bounds = tuple(int(np.quantile(columns["made"], share)) for share in (0.60, 0.61))
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "rows.sqlite"), Path(folder, "columns.duckdb")
        by_rows, by_columns = filled_rows(columns, paths[0]), filled_columns(columns, paths[1])
        sizes = [path.stat().st_size for path in paths]
        line(f"rows, SQLite {sqlite3.sqlite_version}: file of {ROWS:,} rows", f"{sizes[0] / 1e6:.0f} MB")
        line(
            f"columns, DuckDB {duckdb.__version__}: the same",
            f"{sizes[1] / 1e6:.0f} MB",
            "",
            f"{sizes[0] / sizes[1]:.1f}",
        )
        one, other = (read_bytes(by_columns, names) for names in (("n0",), NAMES))
        line("bytes of 1 column, columns", f"{one / 1e6:.1f} MB")
        line("bytes of all columns, columns", f"{other / 1e6:.1f} MB", "", f"{other / one:.0f}")
        for question in QUESTIONS:
            if not question.sql.startswith("UPDATE"):
                assert same(asked(by_rows, question, bounds), asked(by_columns, question, bounds)), question.title
            rows_s = least_seconds(lambda question=question: asked(by_rows, question, bounds))
            columns_s = least_seconds(lambda question=question: asked(by_columns, question, bounds))
            faster = "columns" if columns_s < rows_s else "rows"
            times = max(rows_s, columns_s) / min(rows_s, columns_s)
            line(f"{question.title}, rows", f"{1000 * rows_s:.2f} ms")
            line(
                f"{question.title}, columns",
                f"{1000 * columns_s:.2f} ms",
                question.target,
                f"{faster} {times:.1f} times faster",
            )
        by_rows.close()
        by_columns.close()


if __name__ == "__main__":
    main()

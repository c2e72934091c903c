"""Files in the cache: forged, damaged and odd ones are thrown away and made anew, and no command ends for them."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sysdesign import kept
from sysdesign.content import default_root
from sysdesign.content.texts import load_texts
from sysdesign.errors import InvalidInput
from sysdesign.running.sweeps import sweep
from sysdesign.site import asset_files
from sysdesign.site.building import default_out
from sysdesign.site.publish import publish, stamp
from tests.running.test_sweeps import AXES


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sysdesign"


class Runs:
    """A pickle that leaves a mark where it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def signed(data: bytes) -> bytes:
    return hashlib.sha256(data).digest() + data


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "in").write_text("x")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path) -> None:
    elsewhere = path.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _second_name(path: Path) -> None:
    os.link(path, path.parent / "second")


def _open_to_all(path: Path) -> None:
    path.chmod(0o666)


def _unreadable_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


DAMAGES = (_truncated, _flipped, _empty, _folder, _pipe, _link, _second_name, _open_to_all, _unreadable_link)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_odd_is_not_read_and_can_be_written_again(cache: Path, damage: Callable[[Path], None]) -> None:
    path = cache / "kind" / "name"
    kept.write(path, b"content")
    assert kept.read(path) == b"content"
    damage(path)
    assert kept.read(path) is None
    kept.write(path, b"again")
    assert kept.read(path) == b"again"


def test_a_folder_that_others_may_write_is_emptied_and_closed(cache: Path) -> None:
    path = cache / "kind" / "name"
    kept.write(path, b"content")
    path.parent.chmod(0o777)
    assert kept.read(path) is None
    assert path.parent.stat().st_mode & 0o022 == 0
    kept.write(path, b"again")
    assert kept.read(path) == b"again"


@pytest.mark.parametrize("which", ["kind", ""])
def test_a_folder_that_is_a_link_keeps_nothing(cache: Path, tmp_path: Path, which: str) -> None:
    kept.write(cache / "kind" / "name", b"content")
    folder = cache / which if which else cache
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert kept.read(cache / "kind" / "name") is None
    kept.write(cache / "kind" / "other", b"x")
    assert not list(tmp_path.glob("moved/**/other"))


def test_a_site_where_others_may_write_is_not_served(cache: Path, tmp_path: Path) -> None:
    root = tmp_path / "reference"
    for which in ("", f".{default_out(root).name}"):
        publish(default_out(root), [("index.html", b"forged")], "digest")
        assert stamp(default_out(root)) == "digest"
        (cache / which).chmod(0o777)
        assert stamp(default_out(root)) == ""
    cache.rename(tmp_path / "moved")
    cache.symlink_to(tmp_path / "moved")
    with pytest.raises(InvalidInput, match="a link or not yours"):
        default_out(root)


def test_a_cache_that_cannot_be_written_costs_nothing_else(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file")
    kept.write(cache / "kind" / "name", b"content")
    assert kept.read(cache / "kind" / "name") is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_chart_engine_is_made_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[..., None]
) -> None:
    made: list[str] = []

    class Engine:
        @staticmethod
        def javascript_bundle(text: str) -> str:
            made.append(text)
            return "the engine"

    monkeypatch.setitem(sys.modules, "vl_convert", Engine)
    fresh = asset_files.chart_engine.__wrapped__
    assert fresh() == fresh() == b"the engine" and len(made) == 1
    damage(next(cache.glob("chart-engine-*")))
    assert fresh() == b"the engine" and len(made) == 2


def test_parsed_texts_make_no_values_but_those_of_documents(cache: Path, tmp_path: Path) -> None:
    document = default_root().joinpath("plan.yaml")
    assert document.is_file()
    wanted = load_texts(None, "05-caching").documents["05-caching"]
    path = next(cache.glob("texts-*/05-caching"))
    key = kept.read(path)
    assert key is not None
    kept.write(path, key[:32] + pickle.dumps(Runs(tmp_path / "ran")))
    assert load_texts(None, "05-caching").documents["05-caching"] == wanted
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("rows", [b"[1]", b"{}", b"[" * 9_000, b"null", b"\xff", b'[{"a":'])
def test_rows_of_a_sweep_that_are_none_are_computed_again(tmp_path: Path, rows: bytes) -> None:
    with pytest.raises(KeyboardInterrupt):
        sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path, progress=_stop)
    path = next(tmp_path.glob("*/0"))
    kept.write(path, rows)
    found = sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path)
    assert found.resumed == 0 and len(found.rows) == 27


def _stop(done: int, total: int) -> None:
    if done:
        raise KeyboardInterrupt


KERNEL = """
import sys
sys.path.insert(0, {folder!r})
from kernel import double
print(double(21), double.stats.cache_hits.total())
"""


@pytest.fixture
def kernel(tmp_path: Path) -> Callable[[], tuple[int, int]]:
    """A kernel in a file of its own; calling it gives its answer and how often kept code was used."""
    source = "from sysdesign.compiled import njit\n\n\n@njit()\ndef double(x):\n    return 2 * x\n"
    (tmp_path / "kernel.py").write_text(source)
    script = KERNEL.format(folder=str(tmp_path)).replace(
        "double.stats.cache_hits.total()", "sum(double.stats.cache_hits.values())"
    )

    def run() -> tuple[int, int]:
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
        answer, hits = done.stdout.split()
        return int(answer), int(hits)

    return run


def test_kernels_are_kept_and_compiled_again_where_that_is_damaged(
    kernel: Callable[[], tuple[int, int]], tmp_path: Path
) -> None:
    assert kernel() == (42, 0)
    assert kernel() == (42, 1)
    for damage in (_truncated, _flipped, _empty, _pipe, _open_to_all):
        for kind in ("*.nbi", "*.nbc"):
            damage(next((tmp_path / "__pycache__").glob(kind)))
            assert kernel() == (42, 0), (damage.__name__, kind)
            assert kernel() == (42, 1), (damage.__name__, kind)


CALLED = """
import numpy as np
from sysdesign.compiled import njit


@njit()
def plus(one, other):
    return one + other


@njit()
def called(small, usual):
    return plus(small[0], 3) + plus(usual[0], 2) + plus(small[0], usual[0]) + plus(0.5, 3)


if __name__ == "__main__":
    found = called(np.array([2**31 - 1], np.int32), np.array([5]))
    print(found, *sorted(str(each) for each in plus.signatures), sep="\\n")
"""


def test_a_kernel_that_others_call_is_compiled_once_for_all_whole_numbers(tmp_path: Path) -> None:
    (tmp_path / "called.py").write_text(CALLED)
    command = [sys.executable, str(tmp_path / "called.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.split("\n")[:-1] == [str(2**32 - 2 + 3 + 7 + 5 + 3.5), "(float64, int64)", "(int64, int64)"]


def test_a_forged_kernel_is_not_read(kernel: Callable[[], tuple[int, int]], tmp_path: Path) -> None:
    kernel()
    for path in (tmp_path / "__pycache__").glob("*.nb?"):
        path.write_bytes(signed(pickle.dumps(Runs(tmp_path / "ran"))))
        path.chmod(0o666)
    assert kernel() == (42, 0)
    assert not (tmp_path / "ran").exists()

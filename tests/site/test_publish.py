"""However a build ends, the site served is a whole one: the old or the new."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sysdesign.errors import BuildFailed
from sysdesign.site import publish as publishing
from sysdesign.site.publish import STAMP, publish, stamp

FILES = 40


def site(version: str) -> list[tuple[str, bytes]]:
    """A site whose every page names its version."""
    return [(f"page-{at}/index.html", version.encode() * 500) for at in range(FILES)]


def versions_served(out: Path) -> set[str]:
    """The versions that the served pages name; a whole site names one, on every page."""
    root = out.resolve()
    pages = sorted(root.glob("page-*/index.html"))
    assert len(pages) == FILES
    return {page.read_bytes()[:2].decode() for page in pages}


def test_a_build_replaces_the_site_whole(tmp_path: Path) -> None:
    out = tmp_path / "site"
    publish(out, site("v1"), "one")
    publish(out, site("v2"), "two")
    assert versions_served(out) == {"v2"}
    assert stamp(out) == "two"


def test_only_the_current_and_the_last_build_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "site"
    for at in range(6):
        publish(out, site(f"v{at}"), str(at))
    assert len([path for path in (tmp_path / ".site").iterdir() if path.is_dir()]) == publishing.KEPT


def test_a_folder_that_no_build_made_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(BuildFailed, match="was not made by a build"):
        publish(out, site("v1"), "one")
    assert (out / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("odd", ["pipe", "device", "folder", "itself", "nested", "long", "no text"])
def test_a_stamp_that_is_none_is_no_stamp(tmp_path: Path, odd: str) -> None:
    publish(tmp_path / "site", [("index.html", b"x")], "one")
    path = tmp_path / "site" / STAMP
    assert stamp(tmp_path / "site") == "one"
    path.unlink()
    match odd:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "itself":
            path.symlink_to(STAMP)
        case _:
            path.write_bytes({"nested": b"[" * 900, "long": b"[" * 100_000, "no text": b"\xff"}[odd])
    assert stamp(tmp_path / "site") == ""
    publish(tmp_path / "site", [("index.html", b"y")], "two")
    assert stamp(tmp_path / "site") == "two"


def test_a_page_outside_the_site_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "site"
    publish(out, site("v1"), "one")
    with pytest.raises(BuildFailed, match="leave the site"):
        publish(out, [("../escaped.html", b"x")], "two")
    assert versions_served(out) == {"v1"}
    assert not (tmp_path / ".site" / "escaped.html").exists()


@pytest.mark.parametrize("after", [0, 1, FILES // 2, FILES - 1])
def test_a_full_disk_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    out = tmp_path / "site"
    publish(out, site("v1"), "one")
    written = 0
    real = publishing._write

    def until_full(folder: Path, path: str, data: bytes) -> None:
        nonlocal written
        if written == after:
            raise OSError(errno.ENOSPC, "No space left on device")
        written += 1
        real(folder, path, data)

    monkeypatch.setattr(publishing, "_write", until_full)
    with pytest.raises(BuildFailed, match="Free some space"):
        publish(out, site("v2"), "two")
    assert versions_served(out) == {"v1"}
    assert len([path for path in (tmp_path / ".site").iterdir() if path.is_dir()]) == 1


def test_a_really_full_disk_leaves_the_old_site(tmp_path: Path) -> None:
    """A file system of its own, too small for the second site; needs the right to mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        out = small / "site"
        publish(out, [(path, data[:100]) for path, data in site("v1")], "one")
        with pytest.raises(BuildFailed):
            publish(out, [(path, data * 100) for path, data in site("v2")], "two")
        assert versions_served(out) == {"v1"}
    finally:
        subprocess.run(["umount", str(small)], check=True)


_BUILDER = """
import sys
from pathlib import Path
from sysdesign.site.publish import publish
out, version = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
while True:
    publish(out, [(f"page-{at}/index.html", version.encode() * 500) for at in range(40)], version)
"""


def test_killed_at_random_points_the_site_stays_whole(tmp_path: Path) -> None:
    out = tmp_path / "site"
    publish(out, site("v0"), "zero")
    generator = random.Random(7)
    for round_ in range(1, 13):
        version = f"w{round_ % 10}"
        builder = subprocess.Popen([sys.executable, "-c", _BUILDER, str(out), version], stdout=subprocess.PIPE)
        assert builder.stdout is not None and builder.stdout.readline() == b"ready\n"
        time.sleep(generator.uniform(0.0, 0.05))
        os.kill(builder.pid, signal.SIGKILL)
        builder.wait()
        assert len(versions_served(out)) == 1
    publish(out, site("v9"), "nine")
    assert versions_served(out) == {"v9"}
    left = [path for path in (tmp_path / ".site").iterdir() if path.is_dir()]
    assert len(left) == publishing.KEPT, "what killed builds left behind is removed"


def _build_repeatedly(out: Path, version: str, times: int) -> None:
    for _ in range(times):
        publish(out, site(version), version)


def test_two_builds_at_once_both_end_and_one_is_served(tmp_path: Path) -> None:
    out = tmp_path / "site"
    publish(out, site("v0"), "zero")
    context = multiprocessing.get_context("spawn")
    builders = [context.Process(target=_build_repeatedly, args=(out, version, 15)) for version in ("v1", "v2")]
    for builder in builders:
        builder.start()
    seen: set[str] = set()
    while any(builder.is_alive() for builder in builders):
        root = out.resolve()
        try:
            pages = [page.read_bytes()[:2].decode() for page in sorted(root.glob("page-*/index.html"))]
        except FileNotFoundError:  # two builds later the folder that we read is removed
            assert out.resolve() != root
            continue
        seen.update(pages)
        if out.resolve() == root:  # not swapped while we read: whole
            assert len(set(pages)) == 1 and len(pages) == FILES
    for builder in builders:
        builder.join()
        assert builder.exitcode == 0
    assert seen <= {"v0", "v1", "v2"}
    assert len(versions_served(out)) == 1

"""Writes a site beside the old one and swaps it in whole.

`site` is a link to a folder under `.site/`. A build writes a new folder, then renames
a new link over the old one, so a reader sees the old site or the new one and never
half of either, however the build ends.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sysdesign.content.located import read_bytes
from sysdesign.errors import BadContent, BuildFailed

STAMP = "build.json"
LONGEST_STAMP = 1_000  # bytes
_OWN = re.compile(r"build-[0-9a-f]{16}")
KEPT = 2  # the site served now and the one before it, for a page that is still loading


def publish(out: Path, files: Iterable[tuple[str, bytes]], digest: str) -> Path:
    """Write all files and swap the site in; gives the folder that `out` now links to.

    Raises BuildFailed when it cannot be written; the site before is untouched.
    """
    versions = out.parent / f".{out.name}"
    try:
        _refuse_foreign(out)
        versions.mkdir(parents=True, exist_ok=True)
        with _own_folder(versions) as folder:
            for path, data in files:
                _write(folder, path, data)
            _write(folder, STAMP, json.dumps({"digest": digest}).encode())
            _swap(out, folder)
        with suppress(OSError):  # the new site is served: what could not be removed goes with the next build
            _remove_old(versions, out)
        return folder
    except OSError as error:
        if isinstance(error, BuildFailed):
            raise
        reason = error.strerror or str(error)
        advice = "Free some space" if error.errno == errno.ENOSPC else "Check the folder's rights"
        raise BuildFailed(
            f"the site could not be written to {out}: {reason}. {advice}; the old site is untouched"
        ) from error


def stamp(out: Path) -> str:
    """The digest of what the published site was built from, or "" when there is none."""
    try:
        return str(json.loads(read_bytes(out / STAMP, STAMP, LONGEST_STAMP)).get("digest", ""))
    except (BadContent, ValueError, AttributeError, RecursionError):
        return ""


def _refuse_foreign(out: Path) -> None:
    foreign_link = out.is_symlink() and not _OWN.fullmatch(os.readlink(out).removeprefix(f".{out.name}/"))
    if foreign_link or (out.exists() and not out.is_symlink()) or (out.parent / f".{out.name}").is_symlink():
        raise BuildFailed(
            f"{out} is there and was not made by a build. Move it away, or name another folder with --out"
        )


@contextmanager
def _own_folder(versions: Path) -> Iterator[Path]:
    """A fresh folder that nobody else removes while its lock is held; removed when the build fails."""
    folder = versions / f"build-{uuid.uuid4().hex[:16]}"
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # before the folder is there to be found without one
        try:
            folder.mkdir()
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)
            raise


def _write(folder: Path, path: str, data: bytes) -> None:
    if path.startswith("/") or ".." in path.split("/"):  # the folder is fresh: no link leads out of it
        raise BuildFailed(f"the page {path!r} would leave the site's folder")
    target = folder / path
    try:
        target.write_bytes(data)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _swap(out: Path, folder: Path) -> None:
    os.chmod(folder, 0o755)
    link = folder.with_suffix(".link")
    os.symlink(os.path.relpath(folder, out.parent), link)
    try:
        os.replace(link, out)
    except OSError:
        link.unlink(missing_ok=True)
        raise


def _remove_old(versions: Path, out: Path) -> None:
    """Remove finished builds but the newest, and what a killed build left behind."""
    folders = _newest_first(path for path in versions.glob("build-*") if _is_own(path))
    finished = [path for path in folders if (path / STAMP).is_file()]
    for path in folders:
        if path in finished[:KEPT]:
            continue
        with _unlocked(path) as free:
            if free and path.resolve() != out.resolve():  # a build unlocks once it is served: asked in this order
                shutil.rmtree(path, ignore_errors=True)
                path.with_suffix(".lock").unlink(missing_ok=True)


def _is_own(folder: Path) -> bool:
    """Whether a build made that folder: its name, no link, and the lock that every build leaves beside it."""
    lock = folder.with_suffix(".lock")
    return bool(_OWN.fullmatch(folder.name)) and not folder.is_symlink() and lock.is_file() and not lock.is_symlink()


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    ages = {}
    for folder in folders:
        with suppress(FileNotFoundError):  # another build removes old ones at the same time
            ages[folder] = folder.stat().st_mtime
    return sorted(ages, key=ages.__getitem__, reverse=True)


@contextmanager
def _unlocked(folder: Path) -> Iterator[bool]:
    """Whether no build holds the folder's lock; held while the caller acts on it."""
    try:
        lock = open(folder.with_suffix(".lock"), "a")  # noqa: SIM115 - closed below
    except OSError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True

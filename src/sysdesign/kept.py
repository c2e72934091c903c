"""Files in the user's cache folder, read only where nobody else could have written them.

A folder of ours is the user's own, no link, and nobody else may write there; one that others could write
to is emptied and closed. A file begins with the digest of the rest. Whatever is odd is thrown away, and
the caller makes it anew: a cache costs time, never an answer.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

LIMIT_BYTES = 64_000_000
_DIGEST = hashlib.sha256().digest_size
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def home() -> Path:
    """Where the user's own copies of what takes long to make are kept. It may not be there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sysdesign"


def read(path: Path) -> bytes | None:
    """What `write` kept there; None where there is nothing, or nothing that can be trusted."""
    if not _is_ours(path.parent):
        return None
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            data = file.read(LIMIT_BYTES) if _trusted(os.fstat(file.fileno())) else b""
    except FileNotFoundError:
        return None
    except OSError:
        data = b""
    if len(data) >= _DIGEST and hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST]:
        return data[_DIGEST:]
    discard(path)
    return None


def write(path: Path, data: bytes) -> None:
    """Keep these bytes, whole or not at all; without a word where they cannot be kept."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(path.parent):
            return
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(hashlib.sha256(data).digest() + data)
            if path.is_dir() and not path.is_symlink():
                discard(path)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def discard(path: Path) -> None:
    """Take away what is no file of ours, whatever it is."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _trusted(found: os.stat_result) -> bool:
    """A file of ours alone, under one name."""
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_uid == os.getuid()
        and not found.st_mode & _OTHERS
        and found.st_nlink == 1
    )


def _is_ours(folder: Path) -> bool:
    """Whether the folder, and those around it up to the cache's own, are ours alone; mends what others may write."""
    top = home()
    chain = [folder, *folder.parents]
    inside = chain[: chain.index(top) + 1] if top in chain else chain[:1]
    return all(map(closed, reversed(inside)))


def closed(folder: Path) -> bool:
    """Whether the folder is ours and nobody else's to write; one that others may write is emptied first, and closed."""
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        if found.st_mode & _OTHERS:
            folder.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
            for path in folder.iterdir():
                discard(path)
    except OSError:
        return False
    return True

"""Laws are held over random inputs without a deadline: no test here may depend on how fast the machine is.

What takes long to make and is the same for all is made by the first worker that asks.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import settings

from sysdesign.site.building import site_files
from sysdesign.site.publish import STAMP, publish
from tests.reading import whole_reference

settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the real site, without a scoreboard; nobody writes there."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    out = shared / "whole" / "site"
    with (shared / "whole.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            publish(out, sorted(site_files(whole_reference()).items()), "test")
    return out


@pytest.fixture(scope="session")
def whole_pages(whole_site: Path) -> dict[str, bytes]:
    """Every file of the real site."""
    folder = whole_site.resolve()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != STAMP}

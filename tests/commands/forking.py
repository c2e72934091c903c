"""The command in processes that are forked from one which has imported it.

Not from the process of the tests: libraries run threads there, and what is forked beside threads may wait for ever
for a lock that one of them held.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

from sysdesign.cli import main

PATIENCE = 300  # s, after which a command hangs
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["sysdesign.checks", "sysdesign.cli", "sysdesign.decide", "sysdesign.models.queueing", "sysdesign.site.pages"]
)


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command with these words; what it prints, and how it ends."""
    with tempfile.NamedTemporaryFile() as printed, tempfile.NamedTemporaryFile() as told:
        given = (words, str(cwd or Path.cwd()), dict(os.environ), printed.name, told.name)
        child = FORKS.Process(target=_command, args=given)
        child.start()
        child.join(PATIENCE)
        if child.exitcode is None:
            child.kill()
            raise AssertionError(f"sysdesign {' '.join(words)} did not end")
        texts = [Path(file.name).read_text(encoding="utf-8") for file in (printed, told)]
    return subprocess.CompletedProcess(words, child.exitcode, *texts)


def _command(words: tuple[str, ...], cwd: str, environment: Mapping[str, str], printed: str, told: str) -> None:
    status = 1
    with open(printed, "w", encoding="utf-8") as out, open(told, "w", encoding="utf-8") as errors:
        os.dup2(out.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv, sys.stdout, sys.stderr = ["sysdesign", *words], out, errors
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
        out.flush()
        errors.flush()
        os._exit(status)

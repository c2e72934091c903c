"""The process that workers are forked from: it holds the models and their kernels, and runs nothing itself.

    python -m sysdesign.workers.nursery DESCRIPTOR

Over the socket of that number come orders of nine bytes, a letter and a number:
    c    the content for workers from now on: a pickle in the file that comes with it
    h    a worker is wanted, to talk over the socket that comes with it
    r    the worker of that number has ended, or was ended
A worker first tells its own process number. It is forgotten only when the service says so: until then its
number names no other process, and can be killed without looking. "w" is told to the service once all
kernels are there. Where the service ends, in whatever way, the nursery ends its workers and itself.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator

from sysdesign.content import Reference
from sysdesign.models.registry import SUBJECTS, models
from sysdesign.workers.frames import ORDER
from sysdesign.workers.work import work

NICENESS = 10  # of workers: pages come first
LOOK_S = 0.2  # between looks at what is being compiled


class Nursery:
    """Forks workers on order, and makes itself ready between orders."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: set[int] = set()
        self.content: Reference | None = None
        self.compiling = self._fork_compiler()
        self.steps = _steps()

    def obey(self) -> None:
        """Take orders until the service is gone."""
        while True:
            ready, _, _ = select.select([self.control], [], [], self._patience())
            if not ready:
                self._step()
                continue
            data, descriptors, _, _ = socket.recv_fds(self.control, ORDER.size, 1)
            while data and len(data) < ORDER.size and (more := self.control.recv(ORDER.size - len(data))):
                data += more
            if len(data) < ORDER.size:
                return
            letter, number = ORDER.unpack(data)
            self._order(letter, number, descriptors)

    def _order(self, letter: bytes, number: int, descriptors: list[int]) -> None:
        if letter == b"h":
            self._hatch(descriptors[0])
        elif letter == b"c":
            with os.fdopen(descriptors[0], "rb") as file:
                file.seek(0)
                self.content = pickle.load(file)  # from the service that started this process, and no other
        elif letter == b"r" and number in self.children:
            self.children.discard(number)
            os.waitpid(number, 0)

    def _hatch(self, descriptor: int) -> None:
        child = os.fork()
        if child:
            self.children.add(child)
            os.close(descriptor)
            return
        try:
            self.control.close()
            os.nice(NICENESS)
            with socket.socket(fileno=descriptor) as connection, contextlib.suppress(OSError):
                connection.sendall(struct.pack("!Q", os.getpid()))
                assert self.content is not None
                work(connection, self.content)
        finally:
            os._exit(0)

    def _fork_compiler(self) -> int:
        """A process that compiles every kernel into the cache on disk, so that to load them here takes no time."""
        nursery, child = os.getpid(), os.fork()
        if child == 0:
            try:
                self.control.close()
                os.nice(19)
                steps = _steps()
                while os.getppid() == nursery and next(steps, None) is not None:
                    pass
            finally:
                os._exit(0)
        self.children.add(child)
        return child

    def _patience(self) -> float | None:
        return LOOK_S if self.compiling else 0 if self.steps is not None else None

    def _step(self) -> None:
        """One step towards having all kernels here."""
        if self.compiling:
            ended, _ = os.waitpid(self.compiling, os.WNOHANG)
            if ended:
                self.children.discard(ended)
                self.compiling = 0
        elif next(self.steps, None) is None:
            self.steps = None  # type: ignore[assignment]
            with contextlib.suppress(OSError):
                self.control.send(b"w")

    def end(self) -> None:
        """End every worker."""
        for child in self.children:
            os.kill(child, signal.SIGKILL)


def _steps() -> Iterator[str]:
    """Make each subject's kernels, one subject a step; one that cannot be made is made when it is called."""
    for subject in SUBJECTS:
        warm = getattr(importlib.import_module(f"sysdesign.models.{subject}"), "warm", None)
        if warm is not None:
            with contextlib.suppress(Exception):
                warm()
        yield subject


def main() -> None:
    """Serve the socket whose number is the only argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's: it closes the socket
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    models()
    nursery = Nursery(socket.socket(fileno=int(sys.argv[1])))
    try:
        nursery.obey()
    finally:
        nursery.end()


if __name__ == "__main__":
    main()

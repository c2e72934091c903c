"""Hands runs to workers: so many at once, so many waiting, and none longer than it may take.

A run is ended when it overruns, when it takes too much memory or when its asker leaves, and its worker
is replaced. Askers wait in turn; where the queue is full, one of those who ask most is turned away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sysdesign
from sysdesign.errors import SysdesignError
from sysdesign.workers.bounds import COLD_SECONDS, KINDS, SECONDS, why_ended
from sysdesign.workers.frames import ORDER, Answer, Request, packed_request, received_answer

AT_ONCE = 4  # runs, on however many processors: a long one must not keep a short one waiting
WAITING = 32  # runs; beyond them an asker is told to come back
WAIT_S = 20.0  # that an asker waits for a turn
GRACE_S = 0.25  # for a run to end by itself whose asker left: a slider that moves on must not cost a worker
HATCH_S = 60.0  # for the first worker; the libraries are loaded meanwhile
LONGEST = 64_000_000  # bytes of an answer
PIECE = 1 << 18  # bytes of a file
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


Edition = tuple[int, int, bool]  # the content, the nursery's process, whether it had its kernels


class Busy(SysdesignError):
    """Too many runs at once."""


class Fault(Exception):
    """A run failed through no fault of the asker's."""


@dataclass(eq=False)
class Worker:
    """A process that does one run at a time."""

    process: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    edition: Edition  # of the content and kernels that it was forked with

    @property
    def warm(self) -> bool:
        return self.edition[2]


@dataclass(eq=False)
class _Nursery:
    process: subprocess.Popen[bytes]
    control: socket.socket
    content: object = None  # that it was given last
    warm: bool = False


@dataclass(eq=False)
class Pool:
    """Workers for one event loop. `content` gives what they read; where it changes, they are replaced."""

    content: Callable[[], Any]
    at_once: int = AT_ONCE
    most_waiting: int = WAITING
    seconds: float = SECONDS
    cold_seconds: float = COLD_SECONDS
    idle: list[Worker] = field(default_factory=list)
    running: int = 0
    waiting: dict[str, deque[asyncio.Future[None]]] = field(default_factory=dict)
    _nursery: _Nursery | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(
        self,
        operation: str,
        arguments: dict[str, Any],
        *,
        asker: str = "",
        left: Callable[[], Coroutine[Any, Any, None]] | None = None,
        uploads: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The result as JSON. `left` returns when the asker is gone; then the run ends.

        Raises what the operation raises, BudgetSpent for a run that took too much, Busy when there
        are too many, and Fault.
        """
        request = Request(operation, arguments, self.seconds, uploads or {})
        run = asyncio.create_task(self._run(request, asker))
        gone = asyncio.create_task(left()) if left is not None else None
        try:
            if gone is not None:
                await asyncio.wait({run, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not run.done():
                    await asyncio.wait({run}, timeout=GRACE_S)
            if gone is not None and not run.done():
                raise Busy("the asker left")
            return result_of(await run)
        finally:
            run.cancel()
            if gone is not None:
                gone.cancel()
            del run  # else its error, by way of this frame, keeps itself and all of the request until a collection

    async def _run(self, request: Request, asker: str) -> Answer:
        await self._turn(asker)
        try:
            worker = await self._worker()
            if not worker.warm:
                request = replace(request, seconds=max(request.seconds, self.cold_seconds))
            started, whole = time.monotonic(), False
            try:
                async with asyncio.timeout(request.seconds):
                    await _send(worker.writer, request)
                async with asyncio.timeout(request.seconds + 1):  # the worker ends by itself before
                    answer = await received_answer(worker.reader, LONGEST)
                whole = not answer.retire
                return answer
            except (EOFError, OSError, TimeoutError):
                return Answer("BudgetSpent", why_ended(time.monotonic() - started, request).encode())
            finally:
                self.idle.append(worker) if whole else self._end(worker)
        finally:
            self._leave()

    async def _turn(self, asker: str) -> None:
        """Wait for a place. Raises Busy."""
        if self.running < self.at_once:
            self.running += 1
            return
        if sum(map(len, self.waiting.values())) >= self.most_waiting:
            self._turn_away(asker)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(asker, deque()).append(turn)
        try:
            await asyncio.wait({turn}, timeout=WAIT_S)
            if not turn.done():
                raise Busy(f"no run ended in {WAIT_S:g} seconds; try again in a moment")
            turn.result()
        except asyncio.CancelledError:
            if turn.done() and turn.exception() is None:
                self._leave()  # the place was given at this very moment
            raise
        finally:
            self._forget(asker, turn)

    def _turn_away(self, asker: str) -> None:
        """Make room in a full queue: the last of those who ask most goes. Raises Busy where that is this one."""
        most = max(self.waiting, key=lambda each: len(self.waiting[each]))
        if len(self.waiting[most]) <= len(self.waiting.get(asker, ())) + 1:
            raise Busy("too many runs at once; try again in a moment")
        self.waiting[most].pop().set_exception(Busy("too many runs of one asker at once; try again in a moment"))

    def _forget(self, asker: str, turn: asyncio.Future[None]) -> None:
        queue = self.waiting.get(asker)
        if queue is not None and turn in queue:
            queue.remove(turn)
        if queue is not None and not queue:
            del self.waiting[asker]

    def _leave(self) -> None:
        """Give the place to the next asker in turn, or free it."""
        for asker in list(self.waiting):
            queue = self.waiting.pop(asker)
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    if queue:
                        self.waiting[asker] = queue  # at the end: the other askers come first
                    turn.set_result(None)
                    return
        self.running -= 1

    async def _worker(self) -> Worker:
        """A worker with the content of now. Raises Fault where none can be started."""
        why = ""
        for _ in range(2):  # the nursery itself may be gone: one more try with another
            nursery = None
            try:
                edition = await self._ready()
                nursery = self._nursery
                return self._at_hand(edition) or await self._hatched()
            except (OSError, EOFError, TimeoutError) as error:
                why = str(error)
            if nursery is not None and nursery is self._nursery:  # else another run has seen to it
                self.close()
        raise Fault(f"no process for runs could be started: {why}")

    def _at_hand(self, edition: Edition) -> Worker | None:
        while self.idle:
            worker = self.idle.pop()
            if worker.edition == edition and not worker.reader.at_eof():
                return worker
            self._end(worker)
        return None

    async def _ready(self) -> Edition:
        """See that the nursery runs and has the content of now; gives the edition that workers get."""
        async with self._starting:
            if self._nursery is None or self._nursery.process.poll() is not None:
                self._nursery = _started()
            content = self.content()
            if self._nursery.content is not content:
                await asyncio.to_thread(_give, self._nursery.control, content)
                self._nursery.content = content
            self._hear(self._nursery)
            return (id(content), self._nursery.process.pid, self._nursery.warm)

    def _hear(self, nursery: _Nursery) -> None:
        """Whether the nursery has its kernels by now: workers from before are then replaced."""
        with contextlib.suppress(BlockingIOError):
            nursery.warm = nursery.control.recv(1, socket.MSG_DONTWAIT) == b"w" or nursery.warm

    async def _hatched(self) -> Worker:
        nursery = self._nursery
        if nursery is None:
            raise EOFError
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(nursery.control, [ORDER.pack(b"h", 0)], [theirs.fileno()])
            ours.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=ours)
        except OSError:
            ours.close()
            raise
        try:
            async with asyncio.timeout(HATCH_S):
                [process] = struct.unpack("!Q", await reader.readexactly(8))
        except BaseException:
            writer.close()
            raise
        return Worker(process, reader, writer, (id(nursery.content), nursery.process.pid, nursery.warm))

    def _end(self, worker: Worker) -> None:
        """End a worker, whatever it does, and have another ready."""
        worker.writer.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.process, signal.SIGKILL)
        if self._nursery is not None and worker.edition[1] == self._nursery.process.pid:
            with contextlib.suppress(OSError):
                self._nursery.control.send(ORDER.pack(b"r", worker.process))

    async def prepare(self) -> None:
        """Start the nursery, so that the first run does not wait for it."""
        with contextlib.suppress(Fault, OSError):
            self.idle.append(await self._worker())

    def close(self) -> None:
        """End every worker and the nursery."""
        for worker in self.idle:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and its sockets with it
                worker.writer.close()
        self.idle.clear()
        if self._nursery is not None:
            nursery, self._nursery = self._nursery, None
            nursery.control.close()  # it sees that, and ends its workers
            nursery.process.terminate()  # at once, whatever it is making
            try:
                nursery.process.wait(5)
            except subprocess.TimeoutExpired:
                nursery.process.kill()
                nursery.process.wait()


def _started() -> _Nursery:
    ours, theirs = socket.socketpair()
    with theirs:
        ours_first = [str(Path(sysdesign.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sysdesign.workers.nursery", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal reaches all of a session
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(ours_first)},
        )
    return _Nursery(process, ours)


def _give(control: socket.socket, content: Any) -> None:
    """Hand the content over in a file that has no name."""
    with tempfile.TemporaryFile() as file:
        pickle.dump(content, file, protocol=pickle.HIGHEST_PROTOCOL)
        file.flush()
        socket.send_fds(control, [ORDER.pack(b"c", 0)], [file.fileno()])


async def _send(writer: asyncio.StreamWriter, request: Request) -> None:
    """Its files in pieces, the next when one is taken: 64 MB handed over at once are copied at once, and hold pages."""
    writer.write(await asyncio.to_thread(packed_request, request))
    for data in request.uploads.values():
        for at in range(0, len(data), PIECE):
            writer.write(memoryview(data)[at : at + PIECE])
            await writer.drain()


def result_of(answer: Answer) -> bytes:
    """The result as JSON. Raises what the run raised."""
    if not answer.error:
        return answer.body
    kind = next((kind for kind in KINDS if kind.__name__ == answer.error), Fault)
    raise kind(answer.body.decode())

"""Connections that end where the other side is slow: a request does not come, or an answer is not taken."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import h11
from h11._receivebuffer import ReceiveBuffer
from uvicorn.protocols.http.h11_impl import H11Protocol

from sysdesign.service import HEADERS

HEAD_S = 10.0  # from a connection's first moment, or the end of its last answer, to the end of a request's headers
TAKEN_S = 60.0  # for the other side to take what is sent, once it has stopped taking
MOST_HEAD = 64_000  # bytes of a request's headers
MOST_HEADERS = 200  # lines, and of what may follow a body; browsers send some twenty
MOST_PARTS = 2_000  # chunks of a body, where they are shorter than
LEAST_PART = 128  # bytes, as they all are on average

_BLANK_LINE = re.compile(rb"\n\r?\n")


class _FewLines(ReceiveBuffer):
    """Bytes that have come, of which h11 takes the lines of a head, and of the trailers after a body, at once."""

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Raises RemoteProtocolError for very many: each costs some five microseconds, and 256 KB come in one piece."""
        waiting = bytes(self)
        if len(waiting) > MOST_HEAD or waiting.count(b"\n") > MOST_HEADERS:
            end = _BLANK_LINE.search(waiting)
            size = end.start() if end else len(waiting)
            if size > MOST_HEAD or waiting.count(b"\n", 0, size) > MOST_HEADERS:
                raise h11.RemoteProtocolError("too many headers, or too long")
        return super().maybe_extract_lines()


class _Bounded(h11.Connection):
    """h11's reader, which takes some ten microseconds for each chunk: so there may not be very many."""

    _parts = _taken = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._receive_buffer = _FewLines()

    def next_event(self) -> Any:
        """Raises RemoteProtocolError for a body in very many parts."""
        if self.their_state is h11.IDLE:
            self._parts = self._taken = 0
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._parts += event.chunk_start
            self._taken += len(event.data)
            if self._parts > MOST_PARTS and self._taken < self._parts * LEAST_PART:
                raise h11.RemoteProtocolError("a body in too many parts")
        return event


class PatientNotForever(H11Protocol):
    """uvicorn's connection, with an end to waiting; it times only what comes after an answer."""

    _head: asyncio.TimerHandle | None = None
    _taken: asyncio.TimerHandle | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = _Bounded(h11.SERVER, MOST_HEAD)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head()
        self._stop_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken = self._taken or self.loop.call_later(TAKEN_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_taken()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, with the headers that all answers carry; nothing where an answer has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        head = [("content-type", "text/plain; charset=utf-8"), ("connection", "close"), *HEADERS.items()]
        events: list[Any] = [h11.Response(status_code=400, headers=head, reason=b"Bad Request")]
        for event in (*events, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch_head(self) -> None:
        """Time the wait for headers, and for the rest of a body that was answered before it was whole.

        A body that is being read has a bound of its own.
        """
        answered = self.conn.our_state in (h11.DONE, h11.MUST_CLOSE) and self.conn.their_state is h11.SEND_BODY
        if self.conn.their_state is not h11.IDLE and not answered:
            self._stop_head()
        elif self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(HEAD_S, self._cut_off)

    def _cut_off(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
        self._head = None

    def _stop_taken(self) -> None:
        if self._taken is not None:
            self._taken.cancel()
        self._taken = None

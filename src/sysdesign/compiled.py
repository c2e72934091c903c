"""Compiled kernels whose machine code is kept between runs, read only where it can be trusted.

numba keeps it as pickles beside the source, or in the user's cache. Here each begins with a digest, and
a file that others may write, a link, or anything damaged is left unread and compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numba
from numba import types
from numba.core.caching import FunctionCache, IndexDataCacheFile

_DIGEST = hashlib.sha256().digest_size


def njit(*, nogil: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """numba's compiler without Python objects, for one function; its code is kept."""

    def compiled(function: Callable[..., Any]) -> Any:
        kernel: Any = numba.njit(nogil=nogil)(function)
        with suppress(RuntimeError):  # there is no place to keep it
            kernel._cache = _Kept(function)
        if kernel is not function:  # it is where compiling is switched off
            kernel.get_call_template = partial(_called, kernel.get_call_template)
        return kernel

    return compiled


def _called(template: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """What numba asks of a kernel that another one calls: compiled once for whole numbers of all kinds, not for each.

    A constant, and an element of an array of small whole numbers, would each have a kernel of their own.
    """
    return template([_wide(each) for each in given], {name: _wide(each) for name, each in named.items()})


def _wide(kind: Any) -> Any:
    return types.int64 if types.unliteral(kind) in types.signed_domain else kind


class _Kept(FunctionCache):  # type: ignore[misc]
    """numba's cache of one function over files that are checked."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        plain = self._cache_file
        base = os.path.basename(plain._index_name).removesuffix(".nbi")
        self._cache_file = _Files(plain._cache_path, base, plain._source_stamp, function.__code__.co_filename)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with suppress(Exception):  # whatever is wrong with what was kept, the function can be compiled
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


class _Files(IndexDataCacheFile):  # type: ignore[misc]
    """numba's two kinds of files, each with a digest first."""

    def __init__(self, folder: str, base: str, stamp: Any, source: str) -> None:
        super().__init__(cache_path=folder, filename_base=base, source_stamp=stamp)
        self._source = source

    def _load_index(self) -> dict[Any, str]:
        found = self._read(self._index_path)
        if found is None:
            return {}
        version, stamp, overloads = found
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        found = self._read(self._data_path(name))
        if found is None:
            raise OSError(f"{name} cannot be used")  # numba compiles anew
        return found

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, value: Any) -> None:
        data = self._dump(value)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(data).digest() + data)

    def _read(self, path: str) -> Any:
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                data = file.read() if self._trusted(os.fstat(file.fileno()), path) else b""
        except OSError:
            return None
        if len(data) < _DIGEST or hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
            return None
        return pickle.loads(data[_DIGEST:])  # written by us, or by whoever may write the source itself

    def _trusted(self, found: os.stat_result, path: str) -> bool:
        """Whether only those could have written it who may write the program itself."""
        source, folder = os.stat(self._source), os.lstat(os.path.dirname(path))
        owners = {os.getuid(), 0, source.st_uid}
        others = (stat.S_IWGRP | stat.S_IWOTH) & ~source.st_mode
        owned = found.st_uid in owners and folder.st_uid in owners
        closed = not (found.st_mode | folder.st_mode) & others
        return stat.S_ISREG(found.st_mode) and stat.S_ISDIR(folder.st_mode) and owned and closed

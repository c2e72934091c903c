"""What a whole line of a log finds among the symptoms of the real reference."""

from __future__ import annotations

import pytest

from sysdesign.content import default_root
from sysdesign.content.texts import load_texts
from sysdesign.operations.reading import list_symptoms


@pytest.mark.parametrize(
    ("line", "section"),
    [
        ("UNAVAILABLE: HTTP/2 error code: ENHANCE_YOUR_CALM", "16-gRPC-Communication#enhance_your_calm"),
        ("rpc failed, code = 14, ENHANCE_YOUR_CALM (too many)", "16-gRPC-Communication#enhance_your_calm"),
        ("app: EMFILE: too many open files, accept", "03-WebSocket-Implementation#what-one-server-holds"),
        ("botocore: InsufficientFreeAddressesInSubnet in eu-1", "10-Networking-Components#the-subnet-that-is-full"),
    ],
)
def test_a_whole_line_finds_what_stands_within_it(line: str, section: str) -> None:
    assert section in [each.section for each in list_symptoms(load_texts(default_root()), line)]

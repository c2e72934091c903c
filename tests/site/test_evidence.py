"""Which words become the handle of a piece of evidence."""

from __future__ import annotations

import pytest

from sysdesign.content import Reference
from sysdesign.content.markdown import parser
from sysdesign.site.evidence import quantity_text, with_handles


def handled(text: str, small: Reference) -> str:
    """The sentence with its handles in brackets, a mark as []."""
    inline = parser().parse(f"{text}\n\n[^stampede-requests]: x\n[^shards]: x\n[^paper]: x\n[^daily-to-rate]: x\n")[1]
    shown = {"evidence_open": "[", "evidence_close": "]", "softbreak": "\n"}
    return "".join(shown.get(token.type, token.content) for token in with_handles(inline.children or [], small))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It sends 1,000 requests on.[^stampede-requests]", "It sends [1,000 requests] on."),
        ("It sends **1,000 requests** on.[^stampede-requests]", "It sends [1,000 requests] on."),
        ("It sends **1,000** requests on.[^stampede-requests]", "It sends [1,000 requests] on."),
        ("It sends 1,000 **requests**.[^stampede-requests]", "It sends [1,000 requests]."),
        ("It sends *much: 1,000* requests on.[^stampede-requests]", "It sends much: 1,000 requests on.[]"),
        ("It sends 1,000\nrequests on.[^stampede-requests]", "It sends [1,000\nrequests] on."),
        ("Up to 90 shards.[^shards] Then 90 shards.[^shards]", "Up to [90 shards]. Then [90 shards]."),
        ("It was measured.[^paper]", "It was measured.[]"),
        ("It sends some requests on.[^stampede-requests]", "It sends some requests on.[]"),
        ("It sends 41,000 requests on.[^stampede-requests]", "It sends 41,000 requests on.[]"),
        ("It has 90 shardss.[^shards]", "It has 90 shardss.[]"),
        ("See [90 shards](#overview).[^shards]", "See 90 shards.[]"),
        ("[^shards]90 shards follow.", "[90 shards] follow."),
        ("Either 90 shards[^shards] or 1,000 requests[^stampede-requests].", "Either [90 shards] or [1,000 requests]."),
        ("One claim.[^paper][^shards]", "One claim.[][]"),
    ],
)
def test_the_handle_is_the_phrase_or_a_mark(text: str, expected: str, small: Reference) -> None:
    assert handled(text, small) == expected


def test_two_notes_never_share_one_phrase(small: Reference) -> None:
    assert handled("It has 90 shards.[^shards][^shards]", small) == "It has [90 shards].[]"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(2000, "1/s", "2,000/s"), (0.5, "s", "0.5 s"), (0.9, "share", "0.9"), ("3.5 million", "", "3.5 million"),
     ("4 ms", "ms", "4 ms"), ([3, 5], "", "3, 5"), (True, "", "True")],
)  # fmt: skip
def test_quantities_carry_their_unit_once(value: object, unit: str, text: str) -> None:
    assert quantity_text(value, unit) == text

"""What the brief of a document says of its decisions."""

from sysdesign.decide import parse_framework
from sysdesign.decide.plain_answers import plain_answers
from tests.decide.test_deciding import SMALL


def test_it_is_the_plain_answer_and_what_flips_it():
    [found] = plain_answers([parse_framework(SMALL, "small.yaml")], "06-Messaging-Systems")
    assert (found.answer, found.address) == ("One", "06-Messaging-Systems#calls")
    assert all(text.endswith("(Two)") for text in found.flips)


def test_what_is_near_flips_it():
    """A load for which a third less room would not do."""
    nearer = parse_framework(
        SMALL.replace("traffic.reads_per_s / 1000 /s", "traffic.reads_per_s / 60 /s"), "small.yaml"
    )
    [found] = plain_answers([nearer], "06-Messaging-Systems")
    assert any(text.startswith("read rate is at least ") for text in found.flips), found.flips


def test_other_documents_are_left_out():
    assert plain_answers([parse_framework(SMALL, "small.yaml")], "05-Caching-Strategies") == ()

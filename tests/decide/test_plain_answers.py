"""What the brief of a document says of its decisions."""

from sysdesign.content import default_root
from sysdesign.decide import decide, parse_framework
from sysdesign.decide.deciding import first_and_flips
from sysdesign.decide.plain_answers import OF_THE_TEAM, frameworks_of, plain_answers
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from tests.decide.test_deciding import SMALL


def test_it_is_the_plain_answer_and_what_flips_it():
    [found] = plain_answers([parse_framework(SMALL, "small.yaml")], "06-Messaging-Systems")
    assert (found.answer, found.address) == ("One", "06-Messaging-Systems#calls")
    assert all(text.endswith("(Two)") for text in found.flips)


def test_what_is_near_flips_it(monkeypatch):
    """A load for which a third less room would not do."""
    monkeypatch.setattr("sysdesign.decide.plain_answers.SHOWN", 99)
    nearer = parse_framework(
        SMALL.replace("traffic.reads_per_s / 1000 /s", "traffic.reads_per_s / 60 /s"), "small.yaml"
    )
    [found] = plain_answers([nearer], "06-Messaging-Systems")
    assert any(text.startswith("“read rate” of ") and " or more (" in text for text in found.flips), found.flips


def test_the_flips_are_those_of_the_whole_answer():
    framework = parse_framework(SMALL, "small.yaml")
    whole = decide(framework, Workload({}, {}))
    assert first_and_flips(framework, Workload({}, {})) == (whole.first, whole.flips, whole.word_flips)


def test_other_documents_are_left_out():
    assert plain_answers([parse_framework(SMALL, "small.yaml")], "05-Caching-Strategies") == ()


def test_facts_of_the_load_come_before_those_of_the_team():
    told = {name: FIELDS[name].label.lower() for name in FIELDS}
    for found in plain_answers(frameworks_of(default_root(), "06-Messaging-Systems"), "06-Messaging-Systems"):
        of_the_team = [
            any(text.lower().startswith(f"“{label}” ") for name, label in told.items() if name.startswith(OF_THE_TEAM))
            for text in found.flips
        ]
        assert of_the_team == sorted(of_the_team), found.flips

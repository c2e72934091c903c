"""Compiled reading of plain histories: whatever it reads, the reader of every form reads the same."""

import random

import pytest

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.models.consistency.history import ordered
from sysdesign.readers.histories import parse
from sysdesign.readers.plain_histories import plain_history

LOG, COLUMNS, EDN = (
    "INFO  jepsen.util - {}\t:{}\t:{}\t{}",
    "{} :{} :{}\t{}",
    "{{:process {}, :type :{}, :f :{}{} :value {}}}",
)
HEADS = {
    "log": ["INFO  jepsen.core - Running", ""],
    "columns": [":nemesis :info :start\tnil", "; a comment"],
    "edn": ["; a comment", "{:process :nemesis, :type :info, :f :start, :value {:a [1 2]}}"],
}
KINDS = ["read", "write", "cas", "append", "enqueue", "dequeue", "acquire", "release"]
ERRORS = {"log": " :timed-out", "columns": "\t:did-not-match", "edn": ""}


def random_text(rng: random.Random, form: str) -> str:
    lines, waiting, kinds = list(HEADS[form]), {}, rng.sample(KINDS, rng.randint(1, 4))
    more = rng.choice([",", ', :key "x",', ",:key [1 7], :time 1,", ":index 4,:time 2,", " :error nil, :key nil"])
    for _ in range(rng.randint(2, 30)):
        process = rng.randint(0, 4)
        f, value = waiting.pop(process, (None, None))
        ending = rng.choice(["ok", "ok", "fail", "info"]) if f else "invoke"
        if ending == "invoke":
            f = rng.choice(kinds)
            value = (
                "nil" if f in ("read", "dequeue", "acquire", "release") else rng.choice(["1", "2.5", '"a"', '"b c"'])
            )
            value = f"[{rng.randint(0, 2)} 3]" if f == "cas" else value
            waiting[process] = (f, value)
        elif ending == "ok" and f in ("read", "dequeue"):
            value = rng.choice(["1", "nil", '"a"', '""', "1.0"])
        elif ending in ("fail", "info") and rng.random() < 0.5:
            value = rng.choice([":timed-out", ":empty", ":mismatch", value])
        lines.append(_line(rng, form, process, ending, f, value, more))
    return "\n".join(lines) + rng.choice(["", "\n"])


def _line(rng, form, process, ending, f, value, more):
    if form != "edn":
        rest = value + (ERRORS[form] if ending == "fail" and rng.random() < 0.3 else "")
        return (LOG if form == "log" else COLUMNS).format(process, ending, f, rest)
    return EDN.format(
        process,
        ending,
        f,
        more + (" :error [:precondition]," if ending == "fail" and "error" not in more else ""),
        value,
    )


def mutated(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    return (
        text[:at]
        + rng.choice(["", " ", "\n", "[", '"', ":", "x", "9", "\\", "#", ";", "\t", "\r", "é"])
        + text[at + 1 :]
    )


def in_order(history):
    try:
        return repr(list(ordered(history)))
    except InvalidInput as error:
        return str(error)


@pytest.mark.parametrize("form", ["log", "columns", "edn"])
def test_what_is_read_quickly_is_read_alike(form):
    rng, quick = random.Random(17), 0
    for _ in range(600):
        text = random_text(rng, form)
        if rng.random() < 0.6:
            text = mutated(rng, text)
        found = plain_history(text.encode())
        if found is None:
            continue
        quick += 1
        expected = parse(text)
        assert [repr(each) for each in found] == [repr(each) for each in expected], text
        assert in_order(found) == in_order(expected), text
    assert quick > 150


@pytest.mark.parametrize(
    "text",
    [
        "0 :ok :read 1",
        "0 :invoke :write 1\n0 :invoke :write 2",
        "0 :invoke :cas 1",
        "0 :invoke :write nil",
        "0 :invoke :read nil\n0 :ok :write 1",
        "0 :invoke :peek 1",
        "{:process 0, :type :invoke, :f :read, :key 1}\n{:process 0, :type :ok, :f :read, :key 2, :value 1}",
        "{:process 0, :type :invoke, :f :read} {:process 0",
        "{:process 0, :type :invoke, :f :write, :value 1x}",
    ],
)
def test_a_faulty_record_is_left_to_the_reader_that_names_the_fault(text):
    assert plain_history(text.encode()) is None
    with pytest.raises(BadFile):
        parse(text)


def test_keys_within_values_are_left_to_the_reader_that_knows_them():
    text = "0 :invoke :read [x nil]\n0 :ok :read [x 1]"
    assert plain_history(text.encode()) is None
    assert parse(text)[0].key == "x"


def test_events_in_another_order_than_their_times_are_sorted():
    lines = [
        "{:process 1, :type :invoke, :f :read, :time 5}",
        "{:process 0, :type :invoke, :f :write, :value 1, :time 3}",
        "{:process 1, :type :ok, :f :read, :value 1, :time 9}",
    ]
    found = plain_history("\n".join(lines).encode())
    assert [(each.kind, each.invoked, each.line) for each in found] == [("write", 1, 2), ("read", 2, 1)]

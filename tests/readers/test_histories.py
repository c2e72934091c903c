"""Reading recorded histories: both formats, and a line number for whatever is wrong."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import BadContent
from sysdesign.readers.histories import parse, read_history


def event(process=0, type="invoke", f="read", **more):
    import json

    return json.dumps({"process": process, "type": type, "f": f, **more})


def test_json_lines():
    text = "\n".join(
        [
            event(0, f="write", key="x", value=1, time=500),
            event(1, f="read", key="x", value=None),
            event(1, "ok", "read", key="x", value=1),
            "",
            event(0, "ok", "write", key="x", value=1),
            event(2, f="cas", key="x", value=[1, 2]),
            event(2, "fail", "cas", key="x", value=[1, 2]),
            event(3, f="write", key="x", value=[1, "a"]),
            event(3, "info", "write", key="x", value=[1, "a"]),
            event(4, f="dequeue", key="q"),
            event(4, "ok", "dequeue", key="q", value=9),
            event(5, f="write", key="x", value=3),
        ]
    )
    write, look, cas, crashed, taken, never = parse(text)
    assert (write.process, write.kind, write.key, write.value, write.invoked, write.returned) == (
        0,
        "write",
        "x",
        1,
        1,
        4,
    )
    assert (look.value, look.invoked, look.returned) == (1, 2, 3)
    assert (cas.value, cas.succeeded, cas.returned) == ((1, 2), False, 6)
    assert (crashed.value, crashed.returned) == ((1, "a"), math.inf)
    assert taken.value == 9
    assert (never.open, never.line) == (True, 12)


def test_events_are_in_order_of_time_where_all_have_one():
    lines = [
        event(0, f="write", value=1, time=1),
        event(0, "ok", "write", value=1, time=3),
        event(1, time=2),
        event(1, "ok", value=1, time=9),
    ]
    write, look = parse("\n".join(lines))
    assert (write.invoked, look.invoked, write.returned, look.returned) == (1, 2, 3, 4)
    assert look.line == 3
    write, look = parse("\n".join([*lines, event(2)]))[:2]
    assert write.returned < look.invoked


def test_lines_of_the_nemesis_are_passed_over():
    text = '{"process": "nemesis", "type": "info", "f": "start"}\nINFO  jepsen.util - :nemesis\t:info\t:start\tnil\n'
    assert parse(text + event(0, f="write", value=1))[0].line == 3


def test_what_did_not_happen_and_what_says_nothing_is_left_out():
    text = "\n".join(
        [
            event(0, f="write", value=1), event(0, "fail", "write", value=1),
            event(1, f="read"), event(1, "fail", "read"),
            event(2, f="read"), event(2, "info", "read"),
            event(3, f="dequeue"), event(3, "fail", "dequeue"),
        ]
    )  # fmt: skip
    assert parse(text) == ()


def test_the_log_format():
    text = """INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 1\t:invoke\t:write\t4
INFO  jepsen.util - 0\t:ok\t:read\tnil
INFO  jepsen.util - 1\t:ok\t:write\t4
INFO  jepsen.util - 2\t:invoke\t:cas\t[4 0]
INFO  jepsen.util - 2\t:fail\t:cas\t[4 0]
INFO  jepsen.util - 3\t:invoke\t:cas\t[0 3]
INFO  jepsen.util - 3\t:info\t:cas\t:timed-out
INFO  jepsen.util - 4\t:invoke\t:read\tnil
INFO  jepsen.util - 4\t:fail\t:read\t:timed-out
"""
    look, write, cas, crashed = parse(text)
    assert (look.value, write.value, look.returned) == (None, 4, 3)
    assert (cas.value, cas.succeeded) == ((4, 0), False)
    assert (crashed.value, crashed.open) == ((0, 3), True)


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["{"], 1, "not JSON"),
        (["[1]"], 1, "is not an event"),
        ([event(), "", event()], 3, "process 0 asks again; it still waits for line 1"),
        ([event(type="ok")], 1, "process 0 has an answer to nothing it asked"),
        ([event(type="maybe")], 1, "type 'maybe'. It is one of invoke, ok"),
        ([event(time="noon")], 1, "time 'noon'"),
        ([event(f="append")], 1, "operation 'append'. It is one of read, write"),
        (['{"process": 0, "type": "invoke"}'], 1, "no 'f'"),
        ([event(clock=1)], 1, "unknown field 'clock'"),
        ([event(f="write", value=1), event(0, "ok", "read", value=1)], 2, "a read ends the write of line 1"),
        ([event(key="x"), event(0, "ok", key="y", value=1)], 2, "key 'y' ends line 1"),
        ([event(f="cas", value=3)], 1, "cas with value 3"),
        ([event(f="write")], 1, "write without a value"),
        (["INFO  jepsen.util - 0 :invoke :read"], 1, "not a line of a history"),
        (["INFO  jepsen.util - 0 :invoke :append 3"], 1, "operation 'append'"),
    ],
)
def test_a_bad_line_is_named(lines, line, message):
    with pytest.raises(BadContent, match=message) as caught:
        parse("\n".join(lines), "ops.jsonl")
    assert (caught.value.path, caught.value.line) == ("ops.jsonl", line)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(BadContent, match="cannot be read"):
        read_history(tmp_path / "none.jsonl")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(BadContent, match="not UTF-8"):
        read_history(tmp_path / "bytes")
    (tmp_path / "empty").write_text("")
    assert read_history(tmp_path / "empty") == ()


def test_a_history_as_a_text_is_its_size():
    found = parse("\n".join([event(0, f="write", key="x", value=1), event(1, f="write", key="y", value=2)]))
    assert str(found) == "2 operations of 2 processes on 2 keys"
    assert found[0].text == "process 0 (line 1): write x 1, outcome unknown"
    assert found == tuple(found) and len({found, parse("")}) == 2


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=30), st.builds(event, st.integers(0, 1), st.sampled_from(["invoke", "ok"]))))
)
def test_any_text_is_a_history_or_a_clear_refusal(lines):
    try:
        parse("\n".join(lines))
    except BadContent as refusal:
        assert refusal.line >= 1

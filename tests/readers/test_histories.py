"""Reading recorded histories: both formats, and a line number for whatever is wrong."""

import gzip
import json
import math

import edn_format
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.models.transactions.history import Step, Transactions
from sysdesign.readers import edn
from sysdesign.readers.histories import parse, read_history


def event(process=0, type="invoke", f="read", **more):
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
    text = '{"process": "nemesis", "type": "info", "f": "start"}\n'
    assert parse(text + event(0, f="write", value=1))[0].line == 2
    logged = "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\nINFO  jepsen.util - 0\t:invoke\t:write\t1"
    assert parse(logged)[0].line == 2
    only = '{"process": "nemesis", "type": "info", "f": "start", "value": null}\n'
    assert parse(only) == parse('{"process": "clock", "type": "info", "f": "skew"}') == ()


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
        ([event(f="peek")], 1, "operation 'peek'. It is one of read, write"),
        (['{"process": 0, "type": "invoke"}'], 1, "no 'f'"),
        ([event(f="write", value=1), event(0, "ok", "read", value=1)], 2, "a read ends the write of line 1"),
        ([event(key="x"), event(0, "ok", key="y", value=1)], 2, "key 'y' ends line 1"),
        ([event(f="cas", value=3)], 1, "cas with value 3"),
        ([event(f="write")], 1, "write without a value"),
        (["INFO  jepsen.util - 0 :invoke :read"], 1, "not a line of a history"),
        (["INFO  jepsen.util - 0 :invoke :peek 3"], 1, "operation 'peek'"),
        (["0 :invoke :read nil", "and so on"], 2, "not a line of a history"),
        (["{:process 0, :type :invoke, :f :read", "; ends"], 1, "not EDN: '{' is not closed"),
        (["{:process 0, :type :invoke, :f}"], 1, "a key that has no value"),
        (["{:process 0, :type :invoke, :f :read :value 1x}"], 1, "'1x' is not a number"),
        (["[" * 200 + "{:a 1}"], 1, "nested deeper"),
        ([event(f="txn", value=3)], 1, "a transaction with value '3'"),
        ([event(f="txn", value=[["x", 1]])], 1, "a step 'x'"),
        ([event(f="txn", value=[["r", "x", None]]), event(1)], 2, "read among txn"),
    ],
)
def test_a_bad_line_is_named(lines, line, message):
    with pytest.raises(BadFile, match=message) as caught:
        parse("\n".join(lines), "ops.jsonl")
    assert (caught.value.path, caught.value.line) == ("ops.jsonl", line)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_history(tmp_path / "none.jsonl")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="not UTF-16"):
        read_history(tmp_path / "bytes")
    (tmp_path / "empty").write_text("")
    with pytest.raises(BadFile, match="the file is empty"):
        read_history(tmp_path / "empty")
    (tmp_path / "blank").write_text("\n\n")
    assert read_history(tmp_path / "blank") == ()


def test_compressed_files_and_long_lines(tmp_path):
    text = "[" + " ".join(f"{{:process {at} :type :invoke :f :write :value {at}}}" for at in range(60_000)) + "]"
    (tmp_path / "history.edn.gz").write_bytes(gzip.compress(text.encode()))
    assert len(read_history(tmp_path / "history.edn.gz")) == 60_000


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
    except BadFile as refusal:
        assert refusal.line >= 1


# --- forms --------------------------------------------------------------------------------------

SAME = [  # a write of 1, and a later read of nothing
    """[{:process 0, :type :invoke, :f :write, :value 1, :time 10, :index 0}
 {:process 0, :type :ok, :f :write, :value 1, :time 20, :index 1}
 ; the next read is stale
 {:process 1, :type :invoke, :f :read, :value nil, :time 30} #_ {:process 1}
 {:process 1, :type :ok, :f :read, :value nil, :time 40}]""",
    """#jepsen.history.Op{:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :ok
 :f :write :value 1}
({:process :nemesis :type :info :f :kill :value #{"n1" "n2"}}
 {:process 1 :type :invoke :f :read} {:process 1 :type :ok :f :read :value nil})""",
    "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n:nemesis\t:info\t:start\tnil\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\tnil\n",
    """2026-11-29 10:00:00,123{GMT}\tINFO\t[main] jepsen.core: Running test
2026-11-29 10:00:01,123{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:write\t1
2026-11-29 10:00:01,223{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:ok\t:write\t1
2026-11-29 10:00:01,323{GMT}\tINFO\t[jepsen nemesis] jepsen.util: :nemesis\t:info\t:start\tnil
java.lang.RuntimeException: something
2026-11-29 10:00:02,123{GMT}\tINFO\t[jepsen worker 1] jepsen.util: 1\t:invoke\t:read\tnil
2026-11-29 10:00:02,223{GMT}\tINFO\t[jepsen worker 1] jepsen.util: 1\t:ok\t:read\tnil""",
    json.dumps([json.loads(each) for each in (
        event(0, f="write", value=1), event(0, "ok", "write", value=1, node="n1"), event(1), event(1, "ok", value=None),
    )], indent=1),
    """{"client": 0, "op": "put", "value": 1, "call": 0, "return": 5}
{"ClientId": 1, "Input": {"op": "get"}, "Call": 6, "Output": {"value": null}, "Return": 9}""",
    """{"process": 0, "kind": "put", "value": 1, "start": 0, "end": 5},
{"process": 1, "kind": "get", "start": 6, "end": 9}""",
]  # fmt: skip


@pytest.mark.parametrize("text", SAME)
def test_forms_of_the_same_history(text):
    write, look = parse(text)
    assert (write.process, write.kind, write.key, write.value) == (0, "write", None, 1)
    assert (look.process, look.kind, look.key, look.value) == (1, "read", None, None)
    assert write.invoked < write.returned < look.invoked < look.returned


@pytest.mark.parametrize("text", SAME)
@pytest.mark.parametrize("ends", ["\r\n", "\n\n"])
def test_ends_of_lines_do_not_matter(text, ends):
    assert len(parse(text.replace("\n", ends) + ends)) == 2


def test_keys_within_values():
    """Jepsen's independent keys: `[key value]` throughout; a register that holds pairs is read with nil."""
    keyed = """{:process 0 :type :invoke :f :write :value [5 1]} {:process 0 :type :ok :f :write :value [5 1]}
{:process 0 :type :invoke :f :cas :value [6 [1 2]]} {:process 0 :type :fail :f :cas :value [6 [1 2]]}
{:process 1 :type :invoke :f :read :value [5 nil]} {:process 1 :type :ok :f :read :value [5 1]}"""
    assert [(one.key, one.value) for one in parse(keyed)] == [(5, 1), (6, (1, 2)), (5, 1)]
    pairs = """{:process 0 :type :invoke :f :write :value [5 1]} {:process 0 :type :ok :f :write :value [5 1]}
{:process 1 :type :invoke :f :read :value nil} {:process 1 :type :ok :f :read :value [5 1]}"""
    assert [(one.key, one.value) for one in parse(pairs)] == [(None, (5, 1)), (None, (5, 1))]
    swaps = "0 :invoke :cas [1 2]\n0 :ok :cas [1 2]"
    assert parse(swaps)[0].value == (1, 2)


def test_what_a_failure_says():
    def failed(f, error=None, value=(1, 2)):
        given = {} if error is None else {"error": error}
        return parse("\n".join([event(0, f=f, value=value), event(0, "fail", f, value=value, **given)]))

    assert failed("cas", "no leader") == failed("cas", ["timeout", "precondition"][0]) == failed("write") == ()
    (mismatch,) = failed("cas", "value mismatch")
    assert (mismatch.succeeded, mismatch.assumed) == (False, False)
    (silent,) = failed("cas")
    assert (silent.succeeded, silent.assumed) == (False, True)
    (empty,) = failed("dequeue", "empty", None)
    assert (empty.value, empty.open) == (None, False)
    assert failed("dequeue", None, None) == failed("acquire", "held", None) == ()
    assert parse("0\t:invoke\t:cas\t[1 2]\n0\t:fail\t:cas\t:timed-out") == ()


def test_other_words_for_operations():
    text = "\n".join(
        f'{{:process 0, :type :{kind}, :f :{f}, :key "0", :value {value}}}'
        for f, value in (("put", '"a"'), ("append", '"b"'), ("get", '"ab"'))
        for kind in ("invoke", "ok")
    )
    assert [(one.kind, one.value) for one in parse(text)] == [("write", "a"), ("append", "b"), ("read", "ab")]
    locks = "0 :invoke :acquire nil\n0 :ok :acquire nil\n0 :invoke :release nil\n0 :info :release nil"
    assert [(one.kind, one.open) for one in parse(locks)] == [("acquire", False), ("release", True)]


def test_transactions():
    text = """{:index 0 :type :invoke, :f :txn, :process 3, :value [[:append 9 2] [:r 8 nil]]}
{:index 1 :type :ok, :f :txn, :process 3, :value [[:append 9 2] [:r 8 [1 2]]]}
{:index 2 :type :invoke, :f :txn, :process 4, :value [[:w 8 1]]}
{:index 3 :type :info, :f :txn, :process 4, :value [[:w 8 1]]}
{:index 4 :type :invoke, :process 5, :value [[:r 9 nil]]}
{:index 5 :type :fail, :process 5, :value [[:r 9 nil]]}"""
    found = parse(text)
    assert isinstance(found, Transactions) and str(found) == "3 transactions on 2 keys"
    assert [each.ending for each in found] == ["committed", "unknown", "aborted"]
    assert found[0].steps == (Step("append", 9, 2), Step("read", 8, (1, 2)))
    assert (found[0].began, found[0].ended, found[1].ended) == (1, 2, math.inf)
    alone = parse('{"process": 0, "type": "ok", "value": [["append", "x", 1], ["r", "y", [1]]]}')
    assert (alone[0].began, alone[0].ended) == (-math.inf, 1)
    unnamed = parse("{:type :invoke :value [[:r 1 nil]]} {:type :ok :value [[:r 1 nil]]}")
    assert unnamed[0].process is None and len(unnamed) == 1


# --- EDN ------------------------------------------------------------------------------------------

edn_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def as_known(value):
    """What edn_format reads, as this reader gives it."""
    if isinstance(value, edn_format.Keyword):
        return f":{value.name}"
    if isinstance(value, (edn_format.ImmutableList, tuple, list)):
        return tuple(as_known(each) for each in value)
    if isinstance(value, (edn_format.ImmutableDict, dict)):
        return {as_known(key): as_known(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return frozenset(as_known(each) for each in value)
    return value.name if isinstance(value, edn_format.Symbol) else value


def ours(text):
    ((_, value),) = edn.forms(enumerate(text.split("\n"), 1))
    return value


@settings(max_examples=200, deadline=None)
@given(edn_values)
def test_edn_is_read_as_edn_format_reads_it(value):
    text = edn_format.dumps(value)
    assert ours(text) == as_known(edn_format.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        '{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}',
        "[1 -2 3.5 1e3 +4 nil true false :a :b/c some-symbol]",
        '(#{1 2} #_ dropped {:a [], "b" ()} ; comment\n #_ #_ 1 2 "two\nlines" \\a \\newline)',
        '"a \\"quoted\\" \\t \\u00e9 text"',
        "[10N 2.50M]",
    ],
)
def test_edn_by_example(text):
    assert ours(text) == as_known(edn_format.loads(text))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='[]{}()#_"\\:;,~ \n1ax', max_size=30))
def test_any_text_is_edn_or_a_clear_refusal(text):
    try:
        list(edn.forms(enumerate(text.split("\n"), 1), inside=True))
    except edn.BadEdn as refusal:
        assert refusal.line >= 1

"""Texts that people and strangers type: none may hold the interpreter, whatever pattern reads them.

A kind is one reader of text. Its inputs repeat each short piece that the reader's patterns look at,
alone and before a piece that spoils the match, up to the reader's own limit of length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

from abuse.trials import Kind
from sysdesign import units
from sysdesign.checks import quantities, unitless_column
from sysdesign.content import Reference, markdown, parsing
from sysdesign.content.loading import default_root, load_outline
from sysdesign.decide import expression
from sysdesign.decide.record import read_record
from sysdesign.errors import SysdesignError
from sysdesign.models import columnar, consistency, graphql, identity, merging, network
from sysdesign.models.consistency import lanes
from sysdesign.models.protobuf import fields as protobuf_fields
from sysdesign.models.transactions import notation
from sysdesign.operations import reading
from sysdesign.probability import distribution_text
from sysdesign.readers import histories, measurements
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source
from sysdesign.readers.traces import Trace
from sysdesign.running import solving
from sysdesign.search import words as search_words
from sysdesign.site import machine_files

LONG = 200_000
SPOILS = ("", "\x00", "!", "\n\n")

# Reader: (what reads, how many characters at most, the pieces that its patterns look at).
READERS: dict[str, tuple[Callable[[str], object], int, tuple[str, ...]]] = {
    "GraphQL queries": (
        graphql.query_cost,
        LONG,
        (
            "#", "# a\n", "#\n\n", "\n", ",", " ", '"', '"""', "\\", "a", "a:", "{", "}", "(", "[", "$a", "@a",
            "...a ",
            "0", "a{", "a(first:1){", "a(b:[", "query{a}", "fragment a on b{...a}", "\ufeff", "\ud800",
        ),
    ),
    "units": (units.unit, LONG, ("/", " / ", "*", "per ", "1/", "s", "s ", "1", "**", "%", "KB ", "a", "\t")),
    "quantities": (units.parse, LONG, ("1", "1,", "1_", "1.", "1e", " ", "-", "million ", "s/", "٣", "%")),
    "distributions": (
        distribution_text.parse,
        LONG,
        ("1", ".1", "1e", "1ms+", "-", "(", "abs(", "samples(1,", "1,", " ", "\n", "a", "exponential(1)+", "*", "µ"),
    ),
    "expressions": (
        lambda text: expression.condition(text, {}),
        LONG,
        ("1", "1_", "1e", "not ", "-", "(", "a.", "a ", "data.size>1 and ", "[a,", " ", "1/s ", "a(b=", "%"),
    ),
    "words of queries": (search_words.words, LONG, ("a", "a'", "'", "a-", "’a", "-", "1", "a.b/", " ", "é")),
    "compounds of queries": (search_words.compounds, LONG, ("a", "a'", "'", "a-", "-", "+", "a.b/", " ", "a'’")),
    "anchors of headings": (markdown.anchor, LONG, ("a", " ", "-", "_", "*", "\t")),
    "sentences": (
        lambda text: list(markdown.sentences(text)),
        LONG,
        ("a", ". A", ".", " ", "*)", "e.g. ", "A. ", ".) ", "\n"),
    ),
    "quantities of sentences": (
        lambda text: (quantities.quantities(text), quantities.all_numbers(text)),
        50_000,  # a paragraph's bound is lower
        (
            "1 ", "1 a ", "1 a b c per ", "1,", "1.", "1-", "1 to ", "a ", "A.", "A.1 ", "one ", "half a ",
            "2020-10 ", "2020-10 one ", "1 k", "1/", " ",
        ),
    ),
    "links of questions": (parsing._LINK.findall, LONG, ("](", "](a", "](a ", "](a)", ")", "(")),
    "titles of columns": (unitless_column._UNIT.search, LONG, ("(", "()", "(a", ", ", " ", "number ")),
    "Markdown for programs": (
        lambda text: machine_files.markdown(_outline(), text, "../"),
        LONG,
        (
            "](", "](a", "](/", "](a ", "![", "![a](", "![](", "![ ", '![](a "', '![](a "\\', "![](a \t", '"', "```\n",
            "\n", "](#a)", "](x.md)",
        ),
    ),
    "notations of transactions": (
        notation.transactions_of,
        100_000,
        ("[", "<<", "r1", "r1[x", "r1[x=", "w2(x", "r1(x0,", "c1 ", "[x0 << ", "[x0<<x1]", "a<", " ", "1"),
    ),
    "histories as lanes": (
        lanes.history_of,
        LONG,
        ("A:", "A: write 1", "A: write x 1 [0..1]; ", "A: read -> ", ";", "[", "[1..", "..", " ", "\t", "\n", "-> ",
         "1", "nil", "a "),
    ),
    "operations to merge": (
        lambda text: merging.run(operations=text),
        LONG,
        ("a add x", "a add x\n", "a add ", "a remove x\n", "a ", " ", "\t", "\n", "add ", "a add a b ", "\r"),
    ),
    "messages of Protocol Buffers": (
        protobuf_fields.read,
        LONG,
        ("1", "1: ", "1: int32 = 1", "repeated ", "map<", "<", "[", "[1,", "{", "1 {", '"', '"\\', ",", ";", "\n", " ",
         "-", "int32 ", "1=", "a:", "#", "//"),
    ),
    "values of a column": (
        lambda text: columnar.encode(values=text, encoding="plain"),
        LONG,
        ("1", "1,", "a", "a\n", ", ", " ", '"', "-", "1.", "\n", "null,"),
    ),
    "networks": (
        lambda text: network.ranges(networks=text),
        LONG,
        ("1", "10.0.0.0/8", "10.0.0.0/8 ", ".", "/", ",", " ", "\n", ":", "::", "a"),
    ),
    "secrets": (lambda text: identity.totp(secret=text, at_s=0), LONG, ("A", "=", " ", "-", "a", "1", "\n", "é")),
    "variables of queries": (
        lambda text: graphql.query_cost("{ a }", variables=text),
        LONG,
        ("{", '{"a":', "[", "[1,", '"', "\\", "1", " ", "{}", "-", "e"),
    ),
    "first values of registers": (
        lambda text: consistency.check(initial=text),
        LONG,
        ("{", '{"a":', "[", "[1,", '"', "\\", "1", " ", "=", "x=1,", ","),
    ),
    "decision records": (
        read_record,
        LONG,
        ("---\n", "a: b\n", "\n", "| ", "|", "| a | b |\n", "## Outcomes\n", "## Workload\n", "```yaml\n", "```",
         "`", " ", "-"),
    ),
    "lines of logs for symptoms": (
        lambda text: reading.list_symptoms(_outline(), text),
        LONG,
        ("A", "A_", "_", "ERROR", "ERROR: ", "(", "[error] ", " ", "1", "A1_", ":"),
    ),
    "wishes for a result": (
        lambda text: solving.target("queueing.mmc", text),
        LONG,
        ("a", " ", "=", "<=", "1", "mean_wait_s=", "é", "mean_wait_s = 1"),
    ),
    "lines of histories": (
        histories.parse,
        LONG,
        (
            "INFO ", "INFO jepsen.util - ", " ", "\t", "1", ":a ", "[", '"',
            "INFO\tjepsen.util\t-\t1\t:invoke\t", "{", "}",
            "{:a ", "#a ", "#_", ";", "\\", "\\a", '{"a":', '{"f":"read"}', ",", "(", "#{", "^", "\n",
            "1\t:ok\t:read\t1\n",
        ),
    ),
    "trace files": (
        lambda text: [keys for keys, _ in Trace(text.encode(errors="replace")).requests()],
        LONG,
        (
            "a", "1", "a\n", "1,", "a;b\n", '"', '"a', '"a",', '""', ",", ";", "\t", " ", "|", "\n", "\r", "#\n",
            "# a\n",
            "1 8 0 0\n", "<24 get a\n", "ts=1 type=item_get key=a\n", 'a - - [b] "GET / HTTP/1.1" 200 1\n', "[",
            "\\", "\x00",
            '1 - - [', '"GET ',
        ),
    ),
    "files of measurements": (
        lambda text: measurements.read_measurements(_source(text), "ms", Choices("latency"), Notices()),
        LONG,
        (
            "1", "1,", "1,5\n", "1.000.", "1 ms\n", "1 ", "-", "1e", "\n ", "Value ", '"', '"1"', ",", ";", "\t", " ",
            "\n", "#\n", "{", "[",
            '{"a":', "elapsed\n", "a,b\n", 'a_bucket{le="1"} 1\n', "a{", "# TYPE a histogram\n", "50% 4\n",
            "Latency 1ms ",
            "<", "<a>", "<httpSample t=", "\x00",
        ),
    ),
    "files of points": (
        lambda text: measurements.read_points(_source(text), "nodes", Choices("nodes"), Notices()),
        LONG,
        ("1", "1,", "1,2\n", "nodes,", "nodes\n", '"', ",", ";", " ", "\n", "1e", "-", "\t"),
    ),
}  # fmt: skip


@cache
def _outline() -> Reference:
    plan, terms, symptoms = load_outline(default_root())
    return Reference(default_root(), plan, {}, {}, {}, {}, {}, terms, {}, symptoms, {}, {}, {})


def _source(text: str) -> Source:
    return Source(text.encode(errors="replace"))


def kinds() -> Iterator[Kind]:
    """One kind for each reader of text."""
    yield Kind("GraphQL documents with fragments", _documents, _reading(graphql.query_cost))
    for name, (read, longest, pieces) in READERS.items():
        yield Kind(name, lambda longest=longest, pieces=pieces: _inputs(longest, pieces), _reading(read))  # type: ignore[misc]


def _documents() -> Iterator[tuple[str, str]]:
    """GraphQL documents whose fragments open to far more than their text."""
    for count in (2, 30, 300, 3_000):
        chain = " ".join(f"fragment F{n} on T {{ ...F{n + 1} }}" for n in range(count))
        twice = " ".join(f"fragment F{n} on T {{ x {{ ...F{n + 1} }} y: x {{ ...F{n + 1} }} }}" for n in range(count))
        every = "fragment All on T { " + " ".join(f"...F{n}" for n in range(count)) + " }"
        last = f"fragment F{count} on T {{ a(first: 3) {{ b }} }}"
        yield f"a chain of {count} fragments", f"{{ ...F0 }} {chain} {last}"
        yield f"{count} fragments, each twice in the one before", f"{{ ...F0 }} {twice} {last}"
        yield f"{count} fragments in a circle", f"{{ ...F0 }} {chain} fragment F{count} on T {{ ...F0 }}"
        yield f"{count} fragments, each in one that all hold", f"{{ ...All }} {every} {chain} {last}"
        yield f"{count} fields of one name", "{ " + "a(first: 2) { ...F0 } " * count + f" }} {chain} {last}"


def _inputs(longest: int, pieces: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for length, piece, spoil in product((60, 2_000, longest), pieces, SPOILS):
        yield f"{piece!r} repeated to {length:,} characters, then {spoil!r}", (piece * length)[:length] + spoil


def _reading(read: Callable[[str], object]) -> Callable[[Any], None]:
    def attempt(text: str) -> None:
        try:
            read(text)
        except SysdesignError:
            return  # said what would work

    return attempt

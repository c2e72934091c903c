"""Short expressions over a workload, parsed and unit-checked when they are loaded.

    traffic.writes_per_s * traffic.peak_factor > machine.writes_per_s
    messages.replay == needed and messages.retention between 1 day and 30 days
    consistency.reads in [strong, read_your_writes] or not (data.joins == none)
    caching.stampede(arrivals_per_s=traffic.reads_per_s, rebuild_s=cache.rebuild).requests_per_expiry

Comparisons, `in`, `between`, `and`, `or`, `not`, + - * /, literals with units
(10 ms, 2 TB, 5 million/day, 40 /s, 10%), names of workload fields and of derived
numbers, calls of models with keyword arguments, `max`, `min` and `ceil` (whole
machines). Nothing else: no eval, no loops.
Raises InvalidInput; the loader of a framework adds file and line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sysdesign import units
from sysdesign.decide.field import Number, Word
from sysdesign.decide.modelcall import model_call
from sysdesign.decide.node import (
    Arithmetic,
    Both,
    Compare,
    DerivedName,
    Either,
    Extreme,
    Literal,
    Negation,
    Node,
    NumberName,
    WordTest,
)
from sysdesign.decide.workload import field as workload_field
from sysdesign.errors import InvalidInput, UnknownName, nearest
from sysdesign.units import PURE, Dimension

LIMIT_CHARACTERS = 2000
LIMIT_DEPTH = 40
_TAKES = "It takes names, numbers, comparisons and + - * /"
EXTREMES = ("max", "min", "ceil")
KEYWORDS = ("and", "or", "not", "in", "between")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-zµ_]\w*(?:\.\w+)*)|(?P<mark><=|>=|==|!=|[-<>+*/(),=%.\[\]]))"
)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True)
class Token:
    kind: str  # number | name | mark | end
    text: str
    at: int


@dataclass(frozen=True)
class BareWord(Node):
    """A name that only a comparison with a field of words can give a meaning."""

    name: str


@dataclass(frozen=True)
class WordName(Node):
    """A field whose values are words; only comparisons take it."""

    known: Word


Derived = Mapping[str, Node]


def condition(text: object, derived: Derived) -> Node:
    """Parse a condition. Raises InvalidInput."""
    node = _parse(text, derived)
    if not _is_condition(node):
        raise InvalidInput(f"{_quoted(text)} is a value, not a condition. Compare it with something")
    return node


def number(text: object, derived: Derived) -> Node:
    """Parse a numeric expression. Raises InvalidInput."""
    node = _parse(text, derived)
    _require_number(node)
    return node


def _parse(text: object, derived: Derived) -> Node:
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = repr(text)
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(f"{_quoted(text)} stands where an expression is expected. Write one, as in data.size > 2 TB")
    if len(text) > LIMIT_CHARACTERS:
        raise InvalidInput(f"the expression has {len(text)} characters. Keep it under {LIMIT_CHARACTERS}")
    parser = _Parser(text, tokens(text), derived)
    node = parser.either(0)
    parser.expect_end()
    return node


def tokens(text: str) -> list[Token]:
    """The tokens of an expression. Raises InvalidInput at a character that starts none."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidInput(f"{text[at:].strip()[:20]!r} in {_quoted(text)} is not part of an expression. {_TAKES}")
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, Token("end", "the end", len(text))]


class _Parser:
    """Recursive descent, one method a level of binding, loosest first."""

    def __init__(self, text: str, found: list[Token], derived: Derived) -> None:
        self.text, self.tokens, self.derived, self.at = text, found, derived, 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> Token | None:
        token = self.next
        if token.kind != "number" and token.text in texts and token.kind != "end":
            self.at += 1
            return token
        return None

    def need(self, text: str) -> None:
        if self.take(text) is None:
            raise self.wrong(f"{text!r} is expected")

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise self.wrong("the expression should end")

    def wrong(self, expected: str) -> InvalidInput:
        return InvalidInput(f"at {self.next.text!r} in {_quoted(self.text)} {expected}. {_TAKES}")

    def either(self, depth: int) -> Node:
        if depth > LIMIT_DEPTH:
            raise InvalidInput(f"{_quoted(self.text)} is nested more than {LIMIT_DEPTH} deep. Flatten it")
        node = self.both(depth)
        while self.take("or"):
            node = Either(*_conditions(node, self.both(depth)))
        return node

    def both(self, depth: int) -> Node:
        node = self.negation(depth)
        while self.take("and"):
            node = Both(*_conditions(node, self.negation(depth)))
        return node

    def negation(self, depth: int) -> Node:
        if self.take("not"):
            if depth > LIMIT_DEPTH:
                raise InvalidInput(f"{_quoted(self.text)} is nested more than {LIMIT_DEPTH} deep. Flatten it")
            inner = self.negation(depth + 1)
            return Negation(_conditions(inner)[0])
        return self.comparison(depth)

    def comparison(self, depth: int) -> Node:
        left = self.sum(depth)
        if token := self.take(*_COMPARISONS):
            return _compare(token.text, left, self.sum(depth))
        if self.take("in"):
            return _word_test(left, self.word_list())
        if self.take("between"):
            low = self.sum(depth)
            self.need("and")
            return Both(_compare(">=", left, low), _compare("<=", left, self.sum(depth)))
        return left

    def word_list(self) -> list[str]:
        self.need("[")
        words = [self.word()]
        while self.take(","):
            words.append(self.word())
        self.need("]")
        return words

    def word(self) -> str:
        token = self.next
        if token.kind != "name":
            raise self.wrong("a word is expected")
        self.at += 1
        return token.text

    def sum(self, depth: int) -> Node:
        node = self.product(depth)
        while token := self.take("+", "-"):
            node = _arithmetic(token.text, node, self.product(depth))
        return node

    def product(self, depth: int) -> Node:
        node = self.operand(depth)
        while token := self.take("*", "/"):
            node = _arithmetic(token.text, node, self.operand(depth))
        return node

    def operand(self, depth: int) -> Node:
        if self.take("-"):
            if depth > LIMIT_DEPTH:
                raise InvalidInput(f"{_quoted(self.text)} is nested more than {LIMIT_DEPTH} deep. Flatten it")
            inner = self.operand(depth + 1)
            if isinstance(inner, Literal):
                return Literal(-inner.value, inner.kind, inner.percent)
            return _arithmetic("*", Literal(-1.0), inner)
        if self.take("("):
            node = self.either(depth + 1)
            self.need(")")
            return node
        if self.next.kind == "number":
            return self.literal()
        if self.next.kind == "name" and self.next.text not in KEYWORDS:
            return self.name(depth)
        raise self.wrong("a value is expected")

    def literal(self) -> Node:
        value = float(self.next.text.replace("_", ""))
        self.at += 1
        if self.next.kind == "name" and self.next.text in units.SCALES:
            value *= units.SCALES[self.next.text]
            self.at += 1
        unit = self.unit_text()
        size, dimension = units.unit(unit)
        return Literal(units.clean(value * size), dimension, unit == "%")

    def unit_text(self) -> str:
        if self.take("%"):
            return "%"
        text = ""
        if self.next.kind == "name" and units.is_unit(self.next.text):
            text = self.word()
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else self.next
        if self.next.text == "/" and after.kind == "name" and units.is_unit(after.text):
            self.at += 2
            text = f"{text}/{after.text}"
        return text

    def name(self, depth: int) -> Node:
        name = self.word()
        if self.take("("):
            return self.extreme(name, depth) if name in EXTREMES else self.call(name, depth)
        if name in self.derived:
            known = self.derived[name]
            return DerivedName(name, known)
        if "." not in name:
            return BareWord(name)
        try:
            known_field = workload_field(name)
        except UnknownName as error:
            raise InvalidInput(str(error)) from None
        if isinstance(known_field, Number):
            return NumberName(name, known_field.dimension, known_field.unit == "share")
        return WordName(known_field)

    def extreme(self, name: str, depth: int) -> Node:
        values = [self.either(depth + 1)]
        while self.take(","):
            values.append(self.either(depth + 1))
        self.need(")")
        return _extreme(name, values)

    def call(self, name: str, depth: int) -> Node:
        arguments: dict[str, Node | str] = {}
        while not self.take(")"):
            if arguments:
                self.need(",")
            key = self.word()
            self.need("=")
            if key in arguments:
                raise self.wrong(f"{key} stands twice")
            value = self.either(depth + 1)
            arguments[key] = value.name if isinstance(value, BareWord) else value
        result = self.word() if self.take(".") else ""
        for given in arguments.values():
            if isinstance(given, Node):
                _require_number(given)
        return model_call(name, arguments, result)


def _is_condition(node: Node) -> bool:
    return isinstance(node, (Compare, WordTest, Both, Either, Negation))


def _conditions(*nodes: Node) -> tuple[Node, ...]:
    for node in nodes:
        if not _is_condition(node):
            raise InvalidInput(f"{_described(node)} is not a condition. Compare it with something")
    return nodes


def _require_number(node: Node) -> None:
    if _is_condition(node):
        raise InvalidInput("a condition stands where a number is expected. Write a value")
    if isinstance(node, WordName):
        raise InvalidInput(
            f"{node.known.name} is a word, not a number. Compare it with one of {', '.join(node.known.words)}"
        )
    if isinstance(node, BareWord):
        raise InvalidInput(f"{node.name!r} is not known here. Use a field such as data.size, or a derived number")


def _described(node: Node) -> str:
    if isinstance(node, BareWord):
        return repr(node.name)
    return repr(node.known.name) if isinstance(node, WordName) else "a value"


def _compare(operator: str, left: Node, right: Node) -> Node:
    if isinstance(right, WordName) and isinstance(left, BareWord):
        left, right = right, left
    if isinstance(left, WordName):
        if operator not in ("==", "!=") or not isinstance(right, BareWord):
            raise InvalidInput(
                f"{left.known.name} is a word. Compare it by == or != with one of {', '.join(left.known.words)}"
            )
        test = _word_test(left, [right.name])
        return test if operator == "==" else Negation(test)
    left, right = _zero_fits(left, right)
    _require_number(left)
    _require_number(right)
    if left.dimension != right.dimension:
        raise InvalidInput(
            f"{kind_text(left.dimension)} is compared with {kind_text(right.dimension)}. "
            "Give the literal a unit, or mend the formula"
        )
    return Compare(operator, left, right)


def _zero_fits(left: Node, right: Node) -> tuple[Node, Node]:
    """A plain 0 is zero in any unit."""
    if isinstance(right, Literal) and right.value == 0 and right.kind == PURE:
        right = Literal(0.0, left.dimension)
    return left, right


def _word_test(left: Node, words: list[str]) -> Node:
    if not isinstance(left, WordName):
        raise InvalidInput(f"{_described(left)} is not a field of words. `in` takes a field of words and a list")
    known = left.known
    for word in words:
        if word not in known.words:
            raise InvalidInput(f"{known.name} is never {word!r}. {nearest(word, known.words, 'words')}")
    return WordTest(known.name, tuple(words), tuple(known.code(word) for word in words))


def _arithmetic(operator: str, left: Node, right: Node) -> Node:
    _require_number(left)
    _require_number(right)
    if operator in "+-" and left.dimension != right.dimension:
        raise InvalidInput(
            f"{kind_text(left.dimension)} {operator} {kind_text(right.dimension)} has no meaning. "
            "Give both the same kind of unit"
        )
    sign = {"*": 1.0, "/": -1.0}.get(operator)
    kind: Dimension = left.dimension
    if sign is not None:
        time, information, money = (a + sign * b for a, b in zip(left.dimension, right.dimension, strict=True))
        kind = (time, information, money)
    return Arithmetic(operator, left, right, kind)


def _extreme(name: str, values: list[Node]) -> Node:
    for value in values:
        _require_number(value)
    kinds = {value.dimension for value in values if not (isinstance(value, Literal) and value.value == 0)}
    if len(kinds) > 1:
        raise InvalidInput(
            f"{name}(...) is given {' and '.join(map(kind_text, sorted(kinds)))}. Give all the same unit"
        )
    if name == "ceil" and len(values) != 1:
        raise InvalidInput(f"ceil(...) is given {len(values)} values. Give one")
    kind = next(iter(kinds), PURE)
    zeroed = (Literal(0.0, kind) if isinstance(v, Literal) and v.value == 0 else v for v in values)
    return Extreme(name, tuple(zeroed))


def kind_text(dimension: Dimension) -> str:
    names: dict[Dimension, str] = {
        PURE: "a pure number", (1, 0, 0): "a time", (-1, 0, 0): "a rate", (0, 1, 0): "an amount of data",
        (-1, 1, 0): "a data rate", (0, 0, 1): "money", (-1, 0, 1): "money per time",
    }  # fmt: skip
    return names.get(dimension, f"a quantity of dimension {dimension}")


def _quoted(text: object) -> str:
    shown = str(text)
    return repr(shown if len(shown) <= 100 else shown[:97] + "...")

"""A GraphQL document as lists in lists: what an execution would ask for, with the length of each list.

`graphql-core` reads the text; what stands here is its short form, the bounds, and the lengths.
Nothing here is recursive over what the text may make deeper than `DEEPEST`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from sysdesign.errors import InvalidInput, nearest

if TYPE_CHECKING:
    from graphql.language import FieldNode, OperationDefinitionNode, SelectionSetNode, Token, ValueNode

LONGEST_QUERY = 100_000
MOST_TOKENS = 20_000
MOST_FIELDS = 100_000  # of the answer's shape, which fragments can make far larger than the text
DEEPEST = 64
LARGEST_LENGTH = 9_999_999
OPENING, CLOSING = "({[", ")}]"
INSIDE_CONNECTION = ("edges", "nodes")
PAGING = frozenset(
    "after before offset skip cursor page pageSize per_page perPage".split()
)  # not size, which is asked of pictures


@dataclass(frozen=True)
class Selection:
    """A field of the answer; `size` is the length of its list, None for a single object or a value."""

    name: str
    size: float | None
    fields: tuple[Selection, ...]


@dataclass(frozen=True)
class Shape:
    """The fields of an answer, and the lists that give no length, by the way that leads to them."""

    fields: tuple[Selection, ...]
    unsized: tuple[str, ...]


def shape(text: str, *, operation: str, variables: str, lengths: str, unsized_length: float) -> Shape:
    """What the operation of that name asks for. Raises InvalidInput with the position of a fault."""
    document = _Document(text)
    values = document.values(operation, _variables(variables))
    reader = _Shapes(document.fragments, values, tuple(_names(lengths)), unsized_length)
    chosen = document.operation(operation)
    found = reader.fields((chosen.selection_set,), ())
    if not found:
        raise InvalidInput("query: there is no field")
    return Shape(found, tuple(reader.unsized))


def _names(text: str) -> list[str]:
    names = text.replace(",", " ").split()
    if not names or not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
        raise InvalidInput(f"lengths is {text[:60]!r}; it takes names of arguments, as in first, last, limit, count")
    return names


def _variables(text: str) -> dict[str, Any]:
    """Variables from JSON, or from `n=20, open=true`. Raises InvalidInput."""
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidInput('variables is not JSON; write {"n": 20}, or n=20') from None
        return dict(found)
    return dict(_assignment(part) for part in text.replace("\n", ",").split(",") if part.strip())


def _assignment(part: str) -> tuple[str, Any]:
    name, equals, value = part.partition("=")
    if not equals:
        raise InvalidInput(f"variables holds {part.strip()[:60]!r}; write each as name=value, as in n=20")
    value = value.strip()
    words = {"true": True, "false": False, "null": None}
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else value
    return name.strip().removeprefix("$"), words.get(value, number)


class _Document:
    """The operations and fragments of a text, its short form written out first."""

    def __init__(self, text: str) -> None:
        from graphql.language import FragmentDefinitionNode, OperationDefinitionNode  # loads all of the library: 0.2 s

        if len(text) > LONGEST_QUERY:
            raise InvalidInput(f"query has {len(text):,} characters; it takes {LONGEST_QUERY:,} or fewer")
        parsed = _parsed(text)
        self.operations = [each for each in parsed if isinstance(each, OperationDefinitionNode)]
        self.fragments = {each.name.value: each for each in parsed if isinstance(each, FragmentDefinitionNode)}
        if len(self.operations) + len(self.fragments) < len(parsed):
            raise InvalidInput("query: this defines types; give an operation, as in query { orders(first: 10) { id } }")
        self._refuse_cycles()

    def _refuse_cycles(self) -> None:
        """Raises InvalidInput for a fragment that holds itself, or one that is not there."""
        uses = {name: set(_spreads(each.selection_set)) for name, each in self.fragments.items()}
        for name in {used for each in uses.values() for used in each}:
            _known_fragment(name, self.fragments)
        try:
            TopologicalSorter(uses).prepare()
        except CycleError as error:
            raise InvalidInput(f"query: the fragments {' in '.join(error.args[1][:6])} hold themselves") from None

    def operation(self, name: str) -> OperationDefinitionNode:
        """The operation of that name, or the only one. Raises InvalidInput."""
        names = [each.name.value if each.name else "" for each in self.operations]
        if name and name not in names:
            raise InvalidInput(f"operation is {name[:60]!r}. {nearest(name, filter(None, names), 'operations')}")
        if not self.operations:
            raise InvalidInput("query: there is no field; the text holds fragments alone")
        if len(self.operations) > 1 and not name:
            shown = ", ".join(names[:10])
            raise InvalidInput(f"query holds {len(names)} operations ({shown}); name one with operation=")
        return self.operations[names.index(name)] if name else self.operations[0]

    def values(self, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the operation's variables: those given over its defaults. Raises InvalidInput."""
        definitions = self.operation(operation).variable_definitions or ()
        declared = {each.variable.name.value: each.default_value for each in definitions}
        needed = [each.variable.name.value for each in definitions if _is_needed(each)]
        for name in given:
            if name not in declared:
                raise InvalidInput(f"variables names {name[:60]!r}. {nearest(name, declared, 'variables')}")
        defaults = {name: _plain(value, {}) for name, value in declared.items() if value is not None}
        missing = [name for name in needed if given.get(name) is None and (name in given or name not in defaults)]
        if missing:
            shown = ", ".join(f"${name[:60]}" for name in missing[:5])
            raise InvalidInput(f"query needs {shown}; give it with variables=, as in {missing[0][:60]}=20")
        return {**defaults, **given}


def _is_needed(definition: Any) -> bool:
    """Whether a variable may not be left out: its type ends with !, as in $n: Int!."""
    from graphql.language import NonNullTypeNode

    return isinstance(definition.type, NonNullTypeNode)


def _parsed(text: str) -> tuple[Any, ...]:
    from graphql import GraphQLError, parse

    source = _Source(text)
    try:
        source.write_out()
        return parse(
            source.text, no_location=True, max_tokens=MOST_TOKENS, allow_empty_selection_sets=False
        ).definitions
    except GraphQLError as error:
        raise source.fault(error) from None


class _Source:
    """A text with its short form written out, which knows where each character stood."""

    def __init__(self, text: str) -> None:
        self.given = self.text = text.encode(errors="replace").decode()  # a lone surrogate is no character
        self.inserted: list[tuple[int, int]] = []  # place in the given text, characters written in there

    def write_out(self) -> None:
        """`a(5) { b }` becomes `{ a(first: 5) { b } }`. Raises InvalidInput where the text is too deep."""
        tokens = list(self._tokens())
        if not tokens:
            raise self._at(0, "there is no field")
        parts, last = [], 0
        wrapped = _kind(tokens[0]) not in ("{", "query", "mutation", "subscription", "fragment")
        for at, length in (*([(0, "{ ")] if wrapped else []), *_bare_lengths(tokens)):
            parts += [self.given[last:at], length]
            self.inserted.append((at, len(length)))
            last = at
        self.text = "".join((*parts, self.given[last:], "\n}" if wrapped else ""))

    def _tokens(self) -> Iterator[Token]:
        from graphql.language import Lexer, Source, TokenKind

        lexer, depth = Lexer(Source(self.given)), 0
        for _ in range(MOST_TOKENS):
            token = lexer.advance()
            if token.kind is TokenKind.EOF:
                if depth:
                    raise self._at(len(self.given), "the text ends inside parentheses or braces")
                return
            kind = _kind(token)
            depth += (kind in OPENING) - (kind in CLOSING)
            if depth > DEEPEST:
                raise self._at(token.start, f"deeper than {DEEPEST}")
            if depth < 0:
                raise self._at(token.start, f"found {kind!r} after a whole query")
            yield token
        raise InvalidInput(f"query has more than {MOST_TOKENS:,} words and signs")

    def fault(self, error: Any) -> InvalidInput:
        """The library's error as ours, at its place in the text as it was given."""
        at = (error.positions or [0])[0]
        for place, length in self.inserted:
            at -= length if at > place else 0
        return self._at(min(max(at, 0), len(self.given)), str(error.message).removeprefix("Syntax Error: ").rstrip("."))

    def _at(self, at: int, what: str) -> InvalidInput:
        return InvalidInput(
            f"query, position {at + 1}: {what}; write lists with their lengths, as in "
            "repositories(50) { issues(10) }, or a GraphQL operation"
        )


def _kind(token: Token) -> str:
    """The sign, or the word of a name."""
    from graphql.language import TokenKind

    return (token.value or "") if token.kind is TokenKind.NAME else token.kind.value


def _bare_lengths(tokens: list[Token]) -> Iterator[tuple[int, str]]:
    """Places where a length stands alone in parentheses."""
    from graphql.language import TokenKind

    for before, token, after in zip(tokens, tokens[1:], tokens[2:]):  # noqa: B905
        if token.kind in (TokenKind.INT, TokenKind.FLOAT) and _kind(before) == "(" and _kind(after) == ")":
            yield token.start, "first: "


def _spreads(selected: SelectionSetNode) -> Iterator[str]:
    """Names of the fragments that a selection uses, at any depth."""
    from graphql.language import FragmentSpreadNode

    for each in selected.selections:
        if isinstance(each, FragmentSpreadNode):
            yield each.name.value
        elif (inner := getattr(each, "selection_set", None)) is not None:
            yield from _spreads(inner)


def _known_fragment(name: str, fragments: Mapping[str, Any]) -> Any:
    if name not in fragments:
        raise InvalidInput(f"query uses the fragment {name[:60]!r}. {nearest(name, fragments, 'fragments')}")
    return fragments[name]


@dataclass
class _Shapes:
    """Fields as an execution collects them: fragments opened, fields of one name in one."""

    fragments: Mapping[str, Any]
    values: Mapping[str, Any]
    lengths: tuple[str, ...]
    unsized_length: float
    unsized: dict[str, None] = field(default_factory=dict)
    known: dict[tuple[int, ...], tuple[Selection, ...]] = field(default_factory=dict)
    heights: dict[int, int] = field(default_factory=dict)
    visited: int = 0

    def fields(self, selected: tuple[SelectionSetNode, ...], trail: tuple[str, ...]) -> tuple[Selection, ...]:
        """The fields of the same object in several selections. What a fragment repeats is worked out once."""
        key = tuple(dict.fromkeys(map(id, selected)))
        if key not in self.known:
            named: dict[str, list[FieldNode]] = {}
            for node in self._collected(selected):
                named.setdefault((node.alias or node.name).value, []).append(node)
            self.known[key] = found = tuple(self._selection(nodes, trail) for nodes in named.values())
            self.heights[id(found)] = 1 + max((self.heights.get(id(each.fields), 0) for each in found), default=-1)
        if len(trail) + self.heights[id(self.known[key])] > DEEPEST:
            raise InvalidInput(f"query: deeper than {DEEPEST}, at {'.'.join(trail[:4])}")
        return self.known[key]

    def _collected(self, selected: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """Fields of selections and of the fragments in them, each fragment once."""
        from graphql.language import FieldNode, FragmentSpreadNode, InlineFragmentNode

        waiting, opened = list(selected)[::-1], set[str]()
        while waiting:
            for each in waiting.pop().selections:
                self._count()
                if not self._included(each):
                    continue
                if isinstance(each, FieldNode):
                    yield each
                elif isinstance(each, InlineFragmentNode):
                    waiting.append(each.selection_set)
                elif isinstance(each, FragmentSpreadNode) and each.name.value not in opened:
                    opened.add(each.name.value)
                    waiting.append(_known_fragment(each.name.value, self.fragments).selection_set)

    def _count(self) -> None:
        self.visited += 1
        if self.visited > MOST_FIELDS:
            raise InvalidInput(f"query: its fragments open to more than {MOST_FIELDS:,} fields; give a smaller one")

    def _included(self, node: Any) -> bool:
        """Whether @skip and @include let a field in; a condition that is not known lets it in."""
        for directive in node.directives or ():
            wanted = {"skip": False, "include": True}.get(directive.name.value)
            given = next((each.value for each in directive.arguments or () if each.name.value == "if"), None)
            value = _plain(given, self.values) if given is not None else None
            if wanted is not None and value is (not wanted):
                return False
        return True

    def _selection(self, nodes: list[FieldNode], trail: tuple[str, ...]) -> Selection:
        name = nodes[0].name.value
        here = (*trail, name)
        inner = tuple(node.selection_set for node in nodes if node.selection_set is not None)
        fields = self.fields(inner, here) if inner else ()
        sizes = [size for node in nodes if (size := self._length(node)) is not None]
        if not sizes and _seems_list(nodes, fields, self.lengths):
            self.unsized[".".join(here)] = None
            sizes = [self.unsized_length]
        return Selection(name, max(sizes, default=None), fields)

    def _length(self, node: FieldNode) -> float | None:
        """The length that one of its arguments gives. Raises InvalidInput for one that is no whole number."""
        for argument in node.arguments or ():
            if argument.name.value in self.lengths:
                value = _plain(argument.value, self.values)
                if value is None:
                    continue
                if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_LENGTH:
                    shown = str(value)[:40]
                    raise InvalidInput(
                        f"query: {node.name.value}({argument.name.value}: {shown}); "
                        f"a list's length is a whole number up to {LARGEST_LENGTH:,}"
                    )
                return float(value)
        return None


def _seems_list(nodes: list[FieldNode], fields: tuple[Selection, ...], lengths: tuple[str, ...]) -> bool:
    """Whether a field without a length looks like a list: no schema says so, but how it is asked for does."""
    name, arguments = nodes[0].name.value, {each.name.value for node in nodes for each in node.arguments or ()}
    if name in INSIDE_CONNECTION:
        return False
    pages = bool(arguments & PAGING) or not arguments.isdisjoint(lengths)
    connection = any(each.name in INSIDE_CONNECTION for each in fields)
    plural = bool(fields) and name.endswith("s") and not name.endswith(("ss", "us", "is"))
    return pages or connection or plural


def _plain(node: ValueNode, values: Mapping[str, Any]) -> Any:
    """A value in the text: a number, a truth or a text; None for what is not known or has parts."""
    from graphql.language import BooleanValueNode, IntValueNode, VariableNode

    if isinstance(node, VariableNode):
        return values.get(node.name.value)
    if isinstance(node, BooleanValueNode):
        return node.value
    if isinstance(node, IntValueNode):
        return int(node.value) if len(node.value) < 20 else node.value
    return getattr(node, "value", None)

"""Reads a distribution from a text, by recursive descent; nothing in the text is ever run as code.

    sum     = term { ("+" | "-") term }
    term    = factor { ("*" | "/") factor }
    factor  = ["-"] number [unit] | name "(" arguments ")" | "(" sum ")"

One distribution in a sum is scaled and shifted by the numbers around it; several are a
mixture, and their factors are its weights. An error names the position, from 1, and what
would work there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from sysdesign.errors import InvalidInput
from sysdesign.probability import mixing
from sysdesign.probability.mixing import EXAMPLES, Parts

LONGEST_TEXT = 1_000_000
DEEPEST = 20
NANOSECONDS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9, "d": 86400e9}
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-zµ_]\w*)|(?P<sign>[-+*/(),=]))"
)


class Token(NamedTuple):
    kind: str  # number, word, sign, end
    text: str
    at: int  # position in the text, from 0


class Term(NamedTuple):
    """A factor and the distribution it multiplies; a bare number has none."""

    factor: float
    distribution: Parts | None
    at: int
    has_unit: bool = False


@dataclass(frozen=True)
class Signature:
    """One way to give a family's parameters; a letter says what each is.

    t is a value in the input's unit, r a rate (one over that unit), n a pure number.
    """

    names: tuple[str, ...]
    kinds: str
    make: Callable[..., Parts]
    fault: Callable[..., str | None]


def _member(family: str) -> Callable[..., Parts]:
    return lambda *parameters: mixing.member(family, *parameters)


def _positive(**parameters: float) -> str | None:
    for name, value in parameters.items():
        if not value > 0:
            return f"{name} is a positive number"
    return None


def _from(low: float, high: float, name: str) -> Callable[..., str | None]:
    """Positive everywhere, and one shape within the range where every moment of the draws stays a number."""

    def fault(**parameters: float) -> str | None:
        if not low <= parameters[name] <= high:
            return f"{name} is from {low:g} to {high:g}"
        return _positive(**parameters)

    return fault


def _spread(low: float, high: float) -> str | None:
    return None if low < high else "low is less than high"


def _median_p99(median: float, p99: float) -> Parts:
    return mixing.member("lognormal", math.log(median), math.log(p99 / median) / float(ndtri(0.99)))


def _median_p99_fault(median: float, p99: float) -> str | None:
    return _positive(median=median) or (None if median < p99 <= 1e10 * median else "p99 is above the median")


def _sigma_fault(sigma: float, **rest: float) -> str | None:
    if "mu" in rest:
        return None if 0 < sigma <= 10 and abs(rest["mu"]) <= 100 else "sigma is from 0 to 10 and mu from -100 to 100"
    return _positive(**rest) or (None if 0 < sigma <= 10 else "sigma is from 0 to 10")


def _stages_fault(stages: float, **rest: float) -> str | None:
    return _positive(**rest) or (
        None if stages == int(stages) and 1 <= stages <= 1e6 else "stages is a whole number from 1 to 1e6"
    )


SIGNATURES: dict[str, tuple[Signature, ...]] = {
    "constant": (Signature(("value",), "t", mixing.constant, lambda value: None),),
    "exponential": (
        Signature(("mean",), "t", _member("exponential"), _positive),
        Signature(("rate",), "r", lambda rate: mixing.member("exponential", 1 / rate), _positive),
    ),
    "pareto": (Signature(("minimum", "shape"), "tn", _member("pareto"), _from(0.1, 1e6, "shape")),),
    "lognormal": (
        Signature(("mu", "sigma"), "nn", _member("lognormal"), _sigma_fault),
        Signature(("median", "p99"), "tt", _median_p99, _median_p99_fault),
        Signature(
            ("median", "sigma"),
            "tn",
            lambda median, sigma: mixing.member("lognormal", math.log(median), sigma),
            _sigma_fault,
        ),
        Signature(
            ("mean", "sigma"),
            "tn",
            lambda mean, sigma: mixing.member("lognormal", math.log(mean) - sigma**2 / 2, sigma),
            _sigma_fault,
        ),
    ),
    "normal": (Signature(("mean", "sd"), "tt", _member("normal"), lambda mean, sd: _positive(sd=sd)),),
    "uniform": (Signature(("low", "high"), "tt", _member("uniform"), _spread),),
    "weibull": (Signature(("scale", "shape"), "tn", _member("weibull"), _from(0.1, 1e3, "shape")),),
    "gamma": (
        Signature(("shape", "scale"), "nt", _member("gamma"), _from(0.01, 1e6, "shape")),
        Signature(
            ("mean", "shape"),
            "tn",
            lambda mean, shape: mixing.member("gamma", shape, mean / shape),
            _from(0.01, 1e6, "shape"),
        ),
    ),
    "erlang": (
        Signature(
            ("stages", "mean"),
            "nt",
            lambda stages, mean: mixing.member("gamma", stages, mean / stages),
            _stages_fault,
        ),
        Signature(
            ("stages", "rate"),
            "nr",
            lambda stages, rate: mixing.member("gamma", stages, 1 / rate),
            _stages_fault,
        ),
    ),
}
NAMES = ", ".join((*SIGNATURES, "percentiles", "samples", "abs"))


def parse(text: str, unit: str = "") -> Parts:
    """The distribution that a text describes, its numbers in `unit`. Raises InvalidInput."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"a distribution of {len(text)} characters; it takes {LONGEST_TEXT} or fewer")
    return _Reader(text, unit).distribution()


class _Reader:
    def __init__(self, text: str, unit: str) -> None:
        self.text, self.unit = text, unit
        self.tokens, self.next, self.depth = self.split(), 0, 0

    def fault(self, at: int, fix: str) -> InvalidInput:
        shown = self.text if len(self.text) <= 120 else self.text[:117] + "..."
        return InvalidInput(f"distribution {shown!r}, position {at + 1}: {fix}")

    def split(self) -> list[Token]:
        tokens, at = [], 0
        end = len(self.text.rstrip())
        while at < end:
            match = TOKEN.match(self.text, at)
            if match is None:
                here = at + len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self.fault(here, f"{self.text[here]!r} does not belong in a distribution; {EXAMPLES}")
            kind = str(match.lastgroup)
            tokens.append(Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return [*tokens, Token("end", "", end)]

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        self.next += 1
        return self.tokens[self.next - 1]

    def took(self, sign: str) -> bool:
        if self.token.kind == "sign" and self.token.text == sign:
            self.next += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.took(sign):
            raise self.fault(self.token.at, f"found {self.token.text or 'the end'!r}, expected {sign!r}")

    def distribution(self) -> Parts:
        term = self.sum()
        if self.token.kind != "end":
            raise self.fault(
                self.token.at, f"found {self.token.text!r} after a whole distribution; join with +, * or /"
            )
        return self.settle(term)

    def settle(self, term: Term) -> Parts:
        if term.distribution is not None:
            return term.distribution
        return self.made(term.at, lambda: mixing.constant(term.factor))

    def made(self, at: int, make: Callable[[], Parts]) -> Parts:
        try:
            return make()
        except (InvalidInput, OverflowError, ZeroDivisionError) as error:
            raise self.fault(at, str(error)) from None

    def sum(self) -> Term:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fault(self.token.at, f"parentheses deeper than {DEEPEST}; write it flatter")
        terms = [self.term(1.0)]
        while self.token.text in ("+", "-"):
            terms.append(self.term(1.0 if self.take().text == "+" else -1.0))
        self.depth -= 1
        return self.joined(terms)

    def joined(self, terms: list[Term]) -> Term:
        drawn = [term for term in terms if term.distribution is not None]
        constant = math.fsum(term.factor for term in terms if term.distribution is None)
        at = terms[0].at
        if not drawn:
            return Term(constant, None, at, any(term.has_unit for term in terms))
        if len(drawn) == 1:
            one = drawn[0]
            mixed = self.made(one.at, lambda: mixing.scaled(one.distribution, one.factor))  # type: ignore[arg-type]
        else:
            weights, members = [term.factor for term in drawn], [term.distribution for term in drawn]
            mixed = self.made(drawn[0].at, lambda: mixing.mixture(weights, members))  # type: ignore[arg-type]
        return Term(1.0, self.made(at, lambda: mixing.shifted(mixed, constant)) if constant else mixed, at)

    def term(self, sign: float) -> Term:
        term = self.factor()
        factor, drawn, has_unit = sign * term.factor, term.distribution, term.has_unit
        while self.token.text in ("*", "/"):
            operator, other = self.take(), self.factor()
            if operator.text == "/" and (other.distribution is not None or other.factor == 0):
                raise self.fault(other.at, "divide by a number other than 0")
            if drawn is not None and other.distribution is not None:
                raise self.fault(other.at, "two distributions are multiplied; only a number times a distribution works")
            factor = factor / other.factor if operator.text == "/" else factor * other.factor
            drawn, has_unit = drawn or other.distribution, has_unit or other.has_unit
        if drawn is not None and has_unit:
            raise self.fault(term.at, "a factor or weight of a distribution is a pure number, without a unit")
        return Term(factor, drawn, term.at, has_unit)

    def factor(self) -> Term:
        token = self.take()
        if token.kind == "sign" and token.text == "-":
            value, has_unit = self.number("t")
            return Term(-value, None, token.at, has_unit)
        if token.kind == "sign" and token.text == "(":
            inner = self.sum()
            self.expect(")")
            return inner
        self.next -= 1
        if token.kind == "number":
            value, has_unit = self.number("t")
            return Term(value, None, token.at, has_unit)
        if token.kind == "word":
            return Term(1.0, self.call(), token.at)
        raise self.fault(
            token.at, f"found {token.text or 'the end'!r}, expected a number or one of {NAMES}; {EXAMPLES}"
        )

    def number(self, kind: str) -> tuple[float, bool]:
        """A number with its unit turned into ours: t a value, r a rate (183/s), n a pure number."""
        sign = -1.0 if self.took("-") else 1.0
        token = self.take()
        if token.kind != "number":
            raise self.fault(token.at, f"found {token.text or 'the end'!r}, expected a number")
        value = sign * float(token.text)
        if not math.isfinite(value):
            raise self.fault(token.at, f"{token.text} is too large")
        if kind == "r" and self.token.text == "/" and self.tokens[self.next + 1].kind == "word":
            self.take()
            return value / self.unit_factor(self.take()), True
        if self.token.kind != "word":
            return value, False
        if kind != "t":
            raise self.fault(self.token.at, "this number takes no unit" if kind == "n" else 'write a rate as "183/s"')
        return value * self.unit_factor(self.take()), True

    def unit_factor(self, token: Token) -> float:
        if token.text == self.unit:
            return 1.0
        if token.text in NANOSECONDS and self.unit in NANOSECONDS:
            return NANOSECONDS[token.text] / NANOSECONDS[self.unit]
        works = (
            f"one of {', '.join(NANOSECONDS)}" if self.unit in NANOSECONDS else (self.unit or "none, a plain number")
        )
        raise self.fault(token.at, f"unit {token.text!r}; what works here is {works}")

    def call(self) -> Parts:
        name = self.take()
        if name.text == "abs":
            self.expect("(")
            inner = self.sum()
            self.expect(")")
            return mixing.absolute(self.settle(inner))
        if name.text == "samples":
            return mixing.measured(self.samples())
        if name.text == "percentiles":
            return self.percentiles(name)
        if name.text not in SIGNATURES:
            raise self.fault(name.at, f"there is no distribution {name.text!r}; there is {NAMES}")
        return self.member(name)

    def percentiles(self, name: Token) -> Parts:
        """Pairs of a share and a value."""
        self.expect("(")
        found: list[float] = []
        while not found or self.took(","):
            found.append(self.number("n")[0])
            self.expect(",")
            found.append(self.number("t")[0])
        self.expect(")")
        return self.made(name.at, lambda: mixing.percentiles(found[::2], found[1::2]))

    def samples(self) -> list[float]:
        self.expect("(")
        values = [self.number("t")[0]]
        while self.took(","):
            values.append(self.number("t")[0])
        self.expect(")")
        return values

    def member(self, name: Token) -> Parts:
        signatures = SIGNATURES[name.text]
        self.expect("(")
        named = self.token.kind == "word"
        begin = self.next
        given: list[str] = []
        while not self.took(")"):
            if given:
                self.expect(",")
            given.append(self.argument_name() if named else "")
            self.skip_argument()
        signature = self.matching(name, signatures, given, named)
        self.next = begin
        values = self.arguments(signature, given, named)
        fault = signature.fault(**dict(zip(signature.names, values, strict=True)))
        if fault:
            raise self.fault(name.at, f"in {name.text}, {fault}")
        return self.made(name.at, lambda: signature.make(*values))

    def argument_name(self) -> str:
        token = self.take()
        if token.kind != "word":
            raise self.fault(token.at, f"found {token.text or 'the end'!r}, expected the name of a parameter")
        self.expect("=")
        return token.text

    def skip_argument(self) -> None:
        begin = self.next
        while self.token.kind != "end" and self.token.text not in (",", ")"):
            self.next += 1
        if self.token.kind == "end":
            raise self.fault(self.token.at, "the text ends inside parentheses; close them with ')'")
        if self.next == begin:
            raise self.fault(self.token.at, f"found {self.token.text!r}, expected a number")

    def matching(self, name: Token, signatures: tuple[Signature, ...], given: list[str], named: bool) -> Signature:
        if not named and len(given) == len(signatures[0].names):
            return signatures[0]
        for signature in signatures:
            if named and sorted(given) == sorted(signature.names):
                return signature
        forms = " or ".join(f"{name.text}({', '.join(f'{p}=' for p in s.names)})" for s in signatures)
        raise self.fault(name.at, f"write {forms}")

    def arguments(self, signature: Signature, given: list[str], named: bool) -> list[float]:
        values = dict.fromkeys(signature.names, math.nan)
        for position, argument in enumerate(given):
            if position:
                self.expect(",")
            if named:
                self.argument_name()
            key = argument or signature.names[position]
            values[key], _ = self.number(signature.kinds[signature.names.index(key)])
            if self.token.text not in (",", ")"):
                raise self.fault(
                    self.token.at, f"found {self.token.text!r} after a number; each parameter is one number"
                )
        self.expect(")")
        return list(np.array(list(values.values())).tolist())

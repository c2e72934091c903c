"""Numbers in files, each with its unit: of the line itself, of the header, of the tool, or as chosen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sysdesign import units
from sysdesign.errors import BadFile, InvalidInput
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices

DIGITS = r"[-+]?(?:[0-9][0-9.,'_\u00a0\u202f]{0,60}|\.[0-9]{1,60})(?:[eE][-+]?[0-9]{1,3})?"
DECIMAL_COMMA = re.compile(r"[-+]?(?:[0-9]{1,3}(?:\.[0-9]{3}){1,9}|[0-9]{1,30}),[0-9]{1,30}(?:\s*[A-Za-zµ%]{1,12})?")
THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:[,'_\u00a0\u202f][0-9]{3})+(?:\.[0-9]*)?")
# How a column's name ends with its unit: `Latenz [s]`; `elapsedMillis`; `latency_ms`, `Zeit in Sekunden`.
IN_BRACKETS = re.compile(r"[\[({<]\s*([^\W\d_]{1,14})\s*[\])}>]$")
LAST_WORDS = (re.compile(r"(?<=[a-z])([A-Z][a-z]{1,11})$"), re.compile(r"(?:^|[\W_])([^\W\d_]{1,14})$"))
_WORDS = {
    "s": "s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi",
    "ms": "ms msec msecs millis millisecond milliseconds millisekunde millisekunden milliseconde millisecondes "
    "milisegundo milisegundos millisecondo millisecondi",
    "us": "us µs usec usecs micros microsecond microseconds mikrosekunde mikrosekunden microseconde microsecondes "
    "microsegundo microsegundos microsecondo microsecondi",
    "ns": "ns nsec nsecs nanos nanosecond nanoseconds nanosekunde nanosekunden nanoseconde nanosecondes nanosegundo "
    "nanosegundos nanosecondo nanosecondi",
    "min": "min mins minute minutes minuten minuto minutos minuti",
    "h": "h hr hrs hour hours stunde stunden heure heures hora horas ora ore",
    "B": "b byte bytes octet octets",
    "KB": "kb", "MB": "mb", "GB": "gb", "KiB": "kib", "MiB": "mib", "GiB": "gib",
}  # fmt: skip
UNITS = {word: unit for unit, words in _WORDS.items() for word in words.split()}
STATISTIC = "min"  # which is a minimum at least as often as minutes, unless it stands in brackets


def _unit(word: str) -> str:
    """The unit that a word stands for; "" for none. One letter counts as it is written alone."""
    unit = UNITS.get(word.replace("\u03bc", "µ").lower(), "")
    return "" if len(word) == 1 and word != unit else unit


@dataclass(frozen=True)
class Amounts:
    """How the numbers of one file are read into an input's unit."""

    name: str
    wanted: str  # the input's unit
    unit: str  # of numbers that carry none
    choices: Choices
    notices: Notices
    comma: bool = False  # whether a comma is the decimal sign
    plain: bool = True  # whether numbers without a unit were seen, and may stand beside others

    FORM: ClassVar[re.Pattern[str]] = re.compile(rf"({DIGITS})\s*([A-Za-zµ%]{{0,12}})")

    @staticmethod
    def of(name: str, wanted: str, header: str, tool: str, choices: Choices, notices: Notices) -> Amounts:
        """By what is chosen, what the header says, what the tool writes, else the input's own unit."""
        chosen = choices.get("unit")
        if not chosen and not tool and wanted:
            Amounts._check_bracketed(name, header, choices)
        said = str(chosen) if chosen else Amounts.unit_of(header) or tool
        return Amounts(name, wanted, said, choices, notices)

    @staticmethod
    def _check_bracketed(name: str, header: str, choices: Choices) -> None:
        """Raises BadFile where a column's name holds a unit in square brackets, and it is none that is known."""
        found = IN_BRACKETS.search(header.strip())
        if found and found[0].endswith("]") and not _unit(found[1]):
            message = f"the column {header.strip()[:40]!r} seems to be in {found[1]!r}, which is no known unit"
            raise BadFile(name, 1, message, f"Say which it is: {choices.say('unit')}s, ms, us, ns, min, h, B")

    @staticmethod
    def unit_of(header: str) -> str:
        """The unit that a column's name ends with; "" where it names none."""
        held = IN_BRACKETS.search(header.strip())
        if held:
            return _unit(held[1])
        words = [found[1] for form in LAST_WORDS if (found := form.search(header.strip()))]
        return next(filter(None, (_unit(word) for word in words if word.lower() != STATISTIC)), "")

    def settled(self, sample: Sequence[str]) -> Amounts:
        """With the decimal sign told from some of the values, and what is taken for granted said."""
        held = [value for value in sample if value.strip()]
        comma = decimal_comma(held) or self.choices.get("decimal") == "comma"
        if comma:
            self.notices.say("a comma was read as the decimal sign")
        forms = [self.FORM.fullmatch(value.strip()) for value in held]
        without = [value for value, form in zip(held, forms, strict=True) if form and not form[2]]
        if without and any(form and form[2] for form in forms):
            raise BadFile(
                self.name, 1, f"some values have a unit and some have none, as {without[0]!r}", "Give each its unit"
            )
        if without and not self.unit and self.wanted:
            self.notices.say(f"numbers were read in {self.wanted}; choose with {self.choices.say('unit')}")
        if without and self.unit:
            self.notices.say(f"numbers were read in {self.unit}; choose with {self.choices.say('unit')}")
        return replace(self, comma=comma, plain=bool(without) or not held)

    def value(self, text: str, line: int) -> float:
        """A field as a number in the input's unit. Raises BadFile with the line."""
        form = self.FORM.fullmatch(text.strip())
        if form is None:
            raise BadFile(
                self.name, line, f"{text.strip()[:40]!r} is not a number", "Give a number, with or without a unit"
            )
        if not form[2] and not self.plain:
            raise BadFile(
                self.name, line, f"{text.strip()[:40]!r} has no unit, and the lines before have", "Give each its unit"
            )
        try:
            number = self._number(form[1], line)
            return self._in_wanted(number, form[2] or self.unit)
        except BadFile:
            raise
        except InvalidInput as error:
            raise self._fault(line, str(error), "Give a number in a unit of the input's kind") from None

    def _fault(self, line: int, found: str, fix: str) -> BadFile:
        return BadFile(self.name, line, found, fix)

    def _number(self, digits: str, line: int) -> float:
        if self.comma:
            digits = digits.replace(".", "").replace(",", ".")
        elif THOUSANDS.fullmatch(digits):
            digits = re.sub("[,'_\u00a0\u202f]", "", digits)
        try:
            return units.finite(float(digits))
        except ValueError:
            raise self._fault(
                line,
                f"{digits[:40]!r} can be read in two ways",
                f"Say {self.choices.say('decimal')}comma, or write 1234.5",
            ) from None

    def _in_wanted(self, number: float, unit: str) -> float:
        if not unit or unit == self.wanted:
            return number
        size, dimension = units.unit(unit)
        size_wanted, dimension_wanted = units.unit("" if self.wanted in ("", "share") else self.wanted)
        if dimension != dimension_wanted:
            raise InvalidInput(f"the file is in {unit} and the input in {self.wanted or 'pure numbers'}")
        return units.clean(number * size / size_wanted)


def decimal_comma(values: Iterable[str]) -> bool:
    """Whether the values use a comma as the decimal sign: one comma each, after any points, with digits behind it.

    Three digits behind every comma may as well be thousands, unless a point parts thousands before it.
    """
    with_comma = [value.strip() for value in values if "," in value]
    if not with_comma or not all(DECIMAL_COMMA.fullmatch(value) for value in with_comma):
        return False
    return any(len(value.rpartition(",")[2]) != 3 or "." in value for value in with_comma)

"""An answer as a page of plain text: what to choose, why, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from sysdesign.decide.answer import Answer, Reason, Verdict, fact_text, flip_texts
from sysdesign.decide.confidence import Confidence
from sysdesign.decide.field import Number, Word
from sysdesign.decide.flips import Flip
from sysdesign.decide.quantity import number_text
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval

SHOWN_FLIPS = 6


def prose(answer: Answer) -> str:
    """The answer for people, as paragraphs and short lists."""
    parts = [answer.framework.question, *_choice(answer), *_changes(answer), *_against(answer), *_more(answer)]
    return "\n\n".join(parts) + "\n"


def _choice(answer: Answer) -> Iterator[str]:
    if not answer.first:
        yield _contradiction(answer)
        return
    best = answer.verdict(answer.first)
    plain = " It is the default: nothing forces another." if answer.first == answer.framework.default else ""
    yield f"Choose: {best.label}.{plain}"
    facts = list(deciding_facts(answer))
    if facts:
        yield "Because:\n" + _list(facts)
    second = next((v for v in answer.verdicts[1:] if v.verdict != "ruled out"), None)
    if second is not None:
        yield f"The credible alternative: {second.label}. What separates them: {_sentence(answer.binding.text)}"
    if answer.does_not_matter:
        names = ", ".join(answer.framework.options[name].label for name in answer.does_not_matter)
        yield f"Between these it hardly matters here: {names}."


def deciding_facts(answer: Answer, most: int = 3) -> Iterator[str]:
    """The two or three facts that decided, most weighty first."""
    best = answer.verdict(answer.first)
    found = []
    if answer.first != answer.framework.default:
        found += [reason_text(reason) for reason in answer.verdict(answer.framework.default).ruled_out_by]
        found += [reason_text(reason) for reason in answer.verdict(answer.framework.default).risks]
    if answer.binding.kind in ("constraint", "criterion", "preference") and answer.binding.text:
        found.append(_sentence(answer.binding.text))
    found += [_sentence(text) for text in best.liked_because]
    seen: list[str] = []
    for text in found:
        if not any(text in other or other in text for other in seen):
            seen.append(text)
    yield from seen[:most]


def reason_text(reason: Reason) -> str:
    """A rule that holds, as a sentence with what is needed and offered."""
    if not reason.needed:
        return _sentence(reason.because)
    offered = f", offered {reason.offered}" if reason.offered else ""
    gap = f", {reason.gap}" if reason.gap and "against" not in reason.gap else ""
    return f"{_sentence(reason.because)} (Needed {reason.needed}{offered}{gap}.)"


def _contradiction(answer: Answer) -> str:
    if not answer.contradiction:
        return "Nothing survives, whatever the unknown facts turn out to be."
    wishes = _list(
        f"{name}: {fact_text(name, answer.workload)} ({FIELDS[name].meaning})" for name in answer.contradiction
    )
    return f"Nothing survives. These cannot hold together; give one of them up:\n{wishes}"


def _changes(answer: Answer) -> Iterator[str]:
    lines = [flip_text(flip, answer) for flip in (answer.flips or ())[:SHOWN_FLIPS]]
    lines += [
        f"{word_text(flip.input, flip.word)}: {_label(answer, flip.becomes)}"
        for flip in (answer.word_flips or ())[: 2 * SHOWN_FLIPS]
    ]
    if lines:
        yield "What would change the answer:\n" + _list(lines)
    elif answer.flips is not None:
        yield "No single input, changed alone, changes the answer."
    if answer.confidence is not None:
        yield _confidence(answer, answer.confidence)


def flip_text(flip: Flip, answer: Answer) -> str:
    """A flip as a distance: "at 40,000/s, 3.33 times your 12,000/s: ..."."""
    field = FIELDS[flip.input]
    assert isinstance(field, Number)
    becomes = _label(answer, flip.becomes)
    if flip.now == 0 and flip.value <= field.least:
        return f"{flip.input} at anything above 0: {becomes}"
    value, now = flip_texts(flip)
    present = _present(flip.input, now, answer)
    if value == now:
        side = "above" if flip.direction == "up" else "below"
        return f"{flip.input} just {side} {present}: {becomes}"
    times = "" if field.unit == "share" else _times(flip.factor)
    distance = f"{times} {present}" if times else f"against {present}"
    return f"{flip.input} at {value}, {distance}: {becomes}"


def _present(name: str, text: str, answer: Answer) -> str:
    """The value that the ranking used, and where it comes from."""
    stated = answer.workload.values.get(name)
    if stated is None:
        return f"the {text} assumed"
    return f"{text}, the middle of your range" if isinstance(stated, Interval) else f"your {text}"


def _times(factor: float) -> str:
    """A factor in words, "3.3 times" or "40% of" or "1/30 of"; nothing where it would read as 1 or is none."""
    if not math.isfinite(factor) or factor <= 0 or 0.9995 < factor < 1.005:
        return ""
    if factor > 1:
        return f"{number_text(factor)} times"
    return f"{number_text(100 * factor)}% of" if factor >= 0.1 else f"1/{number_text(1 / factor)} of"


def word_text(name: str, word: str) -> str:
    """A field with one of its words and what the word means."""
    field = FIELDS[name]
    assert isinstance(field, Word)
    meaning = field.words[word][1]
    return f"{name} = {word}" + (f" ({meaning})" if meaning else "")


def _confidence(answer: Answer, found: Confidence) -> str:
    if not found.open_inputs:
        return "Every input is known exactly."
    text = (
        f"With {len(found.open_inputs)} inputs unknown or in ranges, this stays first in {found.share:.0%} "
        f"of {found.worlds:,} sampled worlds."
    )
    if found.question:
        meaning = FIELDS[found.question].meaning
        text += f" The answer that would help most: {found.question} ({meaning}); "
        text += f"it would raise that to about {found.share_after:.0%}."
    return text


def _against(answer: Answer) -> Iterator[str]:
    out = [verdict for verdict in answer.verdicts if verdict.verdict == "ruled out"]
    if out and answer.first:
        yield "Ruled out:\n" + _list(_by_text((verdict.label, _first_reason(verdict)) for verdict in out))
    open_ = {"", *(verdict.option for verdict in answer.verdicts if verdict.verdict != "ruled out")}
    cautions = [caution for caution in answer.cautions if caution.option in open_]
    if cautions:
        first = sorted(cautions, key=lambda caution: caution.option != answer.first)  # stable: the others as they come
        yield "Beware:\n" + _list(_by_text((_label(answer, c.option), _sentence(c.because)) for c in first))


def _by_text(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One line for each text, with the names of all that it is said of."""
    names: dict[str, list[str]] = {}
    for name, text in lines:
        names.setdefault(text, []).append(name)
    for text, those in names.items():
        yield f"{'; '.join(those)}: {text}"


def _first_reason(verdict: Verdict) -> str:
    return reason_text(verdict.ruled_out_by[0])


def _more(answer: Answer) -> Iterator[str]:
    edges = answer.interactions()
    if edges:
        yield "With it come:\n" + _list(
            f"{edge['kind']} {edge['target']}: {_sentence(edge['because'])}" for edge in edges
        )
    if answer.notes:
        yield "Note:\n" + _list(answer.notes)
    if answer.first:
        yield f"Read: {answer.framework.options[answer.first].section}"


def _label(answer: Answer, option: str) -> str:
    return answer.framework.options[option].label if option else "nothing survives"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _list(lines: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)

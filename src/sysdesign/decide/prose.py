"""An answer as a page of plain text: what to choose, why, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from sysdesign.decide.answer import Answer, Reason, Verdict, fact_text, flip_texts
from sysdesign.decide.binding import separation
from sysdesign.decide.confidence import Confidence
from sysdesign.decide.field import Number, Word
from sysdesign.decide.flips import Flip
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval
from sysdesign.units import number_text

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
    second = _alternative(answer)
    apart = second is not None and second.option != answer.framework.default  # told of the alternative, not here
    facts = list(deciding_facts(answer, with_binding=not apart))
    if facts:
        yield "Because:\n" + _list(facts)
    if second is not None:
        told = _not_yet_told(_sentence(answer.binding.text), facts)
        yield f"The credible alternative: {second.label}." + (f" What separates them: {told}" if told else "")
    if answer.does_not_matter:
        names = "; ".join(answer.framework.options[name].label for name in answer.does_not_matter)
        yield f"Between these it hardly matters here: {names}."


def _not_yet_told(text: str, facts: list[str]) -> str:
    """The text without what the facts have said: all of it, or the reason after its numbers."""
    reason = text.partition("\u201d. ")[2]
    if text in facts:
        return ""
    return text.removesuffix(f" {reason}") if reason and any(fact.endswith(reason) for fact in facts) else text


def _alternative(answer: Answer) -> Verdict | None:
    """The second, where it is not ruled out."""
    second = answer.verdicts[1] if len(answer.verdicts) > 1 else None
    return second if second is not None and second.verdict != "ruled out" else None


def deciding_facts(answer: Answer, most: int = 3, *, with_binding: bool = True) -> Iterator[str]:
    """The two or three facts that decided, most weighty first.

    Why not the default comes first; `with_binding` adds what separates the first from the second.
    """
    best = answer.verdict(answer.first)
    found = list(_against_default(answer, best))
    if with_binding and answer.binding.kind in ("constraint", "criterion", "preference") and answer.binding.text:
        found.append(_sentence(answer.binding.text))
    found += [_sentence(text) for text in best.liked_because if text != answer.binding.text]
    seen: list[str] = []
    for text in found:
        if not any(text in other or other in text for other in seen):
            seen.append(text)
    yield from seen[:most]


def _against_default(answer: Answer, best: Verdict) -> Iterator[str]:
    default = answer.verdict(answer.framework.default)
    if best is default:
        return
    reasons = (*default.ruled_out_by, *default.risks)
    told: set[tuple[str, str]] = set()
    for reason in reasons:
        if (reason.needed, reason.offered) not in told or not reason.gap:  # the same numbers once more say nothing new
            yield reason_text(reason)
        told.add((reason.needed, reason.offered))
    if not reasons and answer.binding.between != (best.option, default.option):
        yield _sentence(separation(answer.framework, best, default).text)


def reason_text(reason: Reason) -> str:
    """A rule that holds, as a sentence with what is needed and offered."""
    if not reason.needed:
        return _sentence(reason.because)
    needed = reason.needed if reason.stated else f"Needed: {reason.needed}"
    offered = f"; offered: {reason.offered}" if reason.offered else ""
    gap = f", {reason.gap}" if reason.gap and "against" not in reason.gap else ""
    return f"{_sentence(reason.because)} ({needed}{offered}{gap}.)"


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
    return f"{name} = {word}" + (f" ({meaning})" if meaning and meaning != word else "")


def _confidence(answer: Answer, found: Confidence) -> str:
    if not found.open_inputs:
        return "Every input that decides is known exactly."
    count = len(found.open_inputs)
    inputs = "1 input unknown or in a range" if count == 1 else f"{count} inputs unknown or in ranges"
    text = f"With {inputs}, this stays first in {share_text(found.share)} {found.worlds:,} sampled worlds."
    if found.question:
        meaning = FIELDS[found.question].meaning
        text += f" The answer that would help most: {found.question} ({meaning}); "
        text += f"it would raise that to about {found.share_after:.0%}."
    return text


def share_text(share: float) -> str:
    """A share of worlds: "all", "none of the", "86% of"; never 100% of what is not all."""
    if share in (0, 1):
        return "all" if share else "none of the"
    if 0.01 <= share <= 0.99:
        return f"{share:.0%} of"
    return f"{min(max(share, 0.001), 0.999):.1%} of"


def _against(answer: Answer) -> Iterator[str]:
    out = [verdict for verdict in answer.verdicts if verdict.verdict == "ruled out"]
    if out and answer.first:
        yield "Ruled out:\n" + _list(_by_text((verdict.label, _first_reason(verdict)) for verdict in out))
    second = _alternative(answer)
    shown = ("", answer.first, second.option if second else "", *answer.does_not_matter)
    cautions = [caution for caution in answer.cautions if caution.option in shown]
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
    return answer.framework.options[option].label if option else "no option is left"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _list(lines: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)

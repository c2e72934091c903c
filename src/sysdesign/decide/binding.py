"""What separates one option from another: a rule, a criterion, a preference, or only the default."""

from __future__ import annotations

from sysdesign.decide.answer import Binding, Regret, Verdict
from sysdesign.decide.framework import Framework

NEAR = 1e-9


def binding(framework: Framework, verdicts: tuple[Verdict, ...], first: str) -> Binding:
    """What separates the first from the second, or from the default where all others are ruled out."""
    if not first:
        return Binding("none", ("", ""), "Nothing survives.")
    best, second = verdicts[0], verdicts[1]
    if second.verdict != "ruled out":
        return separation(framework, best, second)
    rival = next(v for v in verdicts if v.option == framework.default) if first != framework.default else second
    because = rival.ruled_out_by[0].because if rival.ruled_out_by else ""
    return Binding("constraint", (best.option, rival.option), because)


def separation(framework: Framework, best: Verdict, other: Verdict) -> Binding:
    """What places `best` before `other`, of which neither is ruled out."""
    pair = (best.option, other.option)
    if other.risks and not best.risks:
        return Binding("constraint", pair, other.risks[0].because)
    if best.option == framework.default and best.score > other.score + NEAR:
        text = f"{_named(other)} is better by less than is worth telling apart, and the default is the plainer answer."
        return Binding("default", pair, text)
    ours = {regret.criterion: regret for regret in best.regrets}
    theirs = {regret.criterion: regret for regret in other.regrets}
    gains = {name: _of(theirs, name) - _of(ours, name) for name in (*ours, *theirs)}
    name = max(gains, key=lambda name: gains[name], default="")
    if best.liked_because and sum(gains.values()) <= NEAR:
        return Binding("preference", pair, best.liked_because[0])
    if name and gains[name] > 0:
        return Binding("criterion", pair, _told(theirs[name], best, ours.get(name), other))
    if best.liked_because:
        return Binding("preference", pair, best.liked_because[0])
    if best.option == framework.default:
        return Binding("default", pair, "Nothing separates them, and the default is the plainer answer.")
    return Binding("default", pair, "Nothing separates them but their order.")


def _of(regrets: dict[str, Regret], name: str) -> float:
    return regrets[name].regret if name in regrets else 0.0


def _named(verdict: Verdict) -> str:
    return f"\u201c{verdict.label}\u201d"


def _told(theirs: Regret, best: Verdict, ours: Regret | None, other: Verdict) -> str:
    """A criterion with both values and its scale, as "Wait: 150 ms with A (40 ms is fine, 150 ms the limit), ..."."""
    name, scale = theirs.criterion, f" ({theirs.target.text} is fine, {theirs.limit.text} the limit)"
    if theirs.judged:
        name, scale = f"{name}, on a scale from {theirs.target.text} to {theirs.limit.text}", ""
    against = f"{ours.value.text} with {_named(best)}" if ours else f"none with {_named(best)}"
    because = f". {theirs.because}" if theirs.because else ""
    return f"{name}: {theirs.value.text} with {_named(other)}{scale}, {against}{because}"

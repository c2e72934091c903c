"""How an answer was computed: formulas as written, what they are held against, and the regret that came of it."""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.decide.answer import Answer
from sysdesign.decide.framework import Framework


def explained(answer: Answer) -> str:
    """For those who want to check it, with the names that the files use."""
    return "\n\n".join(
        [
            f"{answer.worlds} likely cases were drawn: what is stated as it is, the rest from what is usual. In each, "
            "an outcome costs nothing at its target, 1 at its limit and grows more slowly beyond. The option with the "
            "least sum, on the mean over the cases, comes first.",
            *_rows(answer),
            *_named(answer.framework),
            *_rules(answer),
            _sums(answer),
        ]
    )


def _rows(answer: Answer) -> Iterator[str]:
    formulas = {rule.outcome.id: rule for rule in answer.framework.consequences}
    for row in answer.rows:
        rule = formulas.get(row.outcome)
        lines = [f"{row.label} [{row.outcome}]" + (f": {row.because}" if row.because else "")]
        if rule is not None:
            lines += [f"  when {rule.text}"] if rule.text else []
            lines += [f"  {option} = {text}" for option, text in rule.texts.items()]
        else:
            lines.append(f"  from the components of each option and {answer.framework.efforts.path}")
        shares = ", ".join(f"{option} {cell.regret:.3g}" for option, cell in row.cells.items())
        yield "\n".join([*lines, f"  counts: {shares}"])


def _named(framework: Framework) -> Iterator[str]:
    if framework.derived_texts:
        yield "\n".join(["Where", *(f"  {name} = {text}" for name, text in framework.derived_texts.items())])


def _rules(answer: Answer) -> Iterator[str]:
    lines = [
        f"  {', '.join(rule.rules_out)}: when {rule.text}. {rule.because}" for rule in answer.framework.constraints
    ]
    if lines:
        yield "\n".join(["What rules an option out", *lines])


def _sums(answer: Answer) -> str:
    lines = [f"  {each.option}: {each.regret:.4g}, best in {each.best_in:.0%}" for each in answer.verdicts]
    return "\n".join(["Sums (a case that a rule excludes adds to them)", *lines])

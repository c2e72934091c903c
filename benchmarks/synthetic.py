"""References of any size for the benchmarks: documents of about 8,000 words each, with evidence, tables and terms."""

from __future__ import annotations

import random
from pathlib import Path

SECTIONS = (
    "Overview", "Core Concepts", "Architecture Patterns", "Trade-offs and Considerations", "AWS Implementation",
    "Use Cases", "Best Practices", "Common Pitfalls", "References",
)  # fmt: skip
WORDS = (
    "a the of to and in that it is for with as on by at from this when each one request cache store server queue write "
    "read client origin copy node region replica message log index key value load time cost limit failure retry timeout"
).split()


def write_reference(root: Path, documents: int) -> Path:
    """Write a plan and that many documents under `root`."""
    root.mkdir(parents=True, exist_ok=True)
    names = [f"{number:04d}-Topic-{number}" for number in range(documents)]
    plan = ["groups:", '  - {id: all, title: All, sentence: "All."}']
    plan.append(f"reading_order: [{', '.join(f'{n:04d}-t' for n in range(documents))}]")
    plan.append("documents:")
    for number, name in enumerate(names):
        plan.append(
            f"  - {{slug: {number:04d}-t, number: {number}, name: {name}, title: Topic {number}, group: all, "
            f'sentence: "One.", prerequisites: [], topics: []}}'
        )
        (root / f"{name}.md").write_text(document(number), encoding="utf-8")
    (root / "plan.yaml").write_text("\n".join(plan) + "\n", encoding="utf-8")
    (root / "sources.yaml").write_text(
        "\n".join(
            f'source-{n}: {{author: "A. Author", title: "On topic {n}", year: 2000, kind: paper, '
            f'url: "https://example.com/{n}", seen: {{url: "https://example.com/{n}", read: full}}}}'
            for n in range(40)
        ),
        encoding="utf-8",
    )
    return root


def document(number: int) -> str:
    """One document, the same for the same number."""
    chance = random.Random(number)
    parts = [f"# Topic {number}\n"]
    for title in SECTIONS:
        parts.append(f"## {title}\n")
        for at in range(5):
            parts.append(f"### {title} part {at} of {number}\n")
            parts += [_paragraph(chance) for _ in range(3)]
            parts.append(_list(chance))
        parts.append(_table(chance))
    return "\n".join(parts)


def _sentence(chance: random.Random) -> str:
    words = " ".join(chance.choices(WORDS, k=chance.randint(8, 20)))
    note = f"[^source-{chance.randrange(40)}]" if chance.random() < 0.15 else ""
    return f"{words.capitalize()}.{note}"


def _paragraph(chance: random.Random) -> str:
    return "\n".join(_sentence(chance) for _ in range(3)) + "\n"


def _list(chance: random.Random) -> str:
    return "\n".join(f"- {_sentence(chance)}" for _ in range(3)) + "\n"


def _table(chance: random.Random) -> str:
    rows = [f"| {' | '.join(chance.choices(WORDS, k=4))} |" for _ in range(6)]
    return "\n".join(["| name | wait (ms) | cost (units) | when |", "| --- | --- | --- | --- |", *rows]) + "\n"

"""A small complete document: as little as every rule of the form lets pass.

`parts` gives its pieces, so that a test can take one away or change it.
"""

from __future__ import annotations

from pathlib import Path

from tests.reading import RECORDS, write_reference

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"/>'

CONCEPT = """### Cache stampede

**In short:** Let one request rebuild an entry: at 2,000 requests a second and half a second, a thousand come else.

When a popular entry expires, requests miss together; `XFETCH` spreads them.

```text
value = get(key)
if value is None: rebuild()
```
"""

PATTERN = """### Cache-aside

**In short:** Read the [copy](#cache-stampede) first and fill it on a miss; set a lifetime on every entry.

![A service asks its cache first](figures/05-caching/aside.svg "The service fills the cache itself.")

- **Use when** reads repeat.
- **Not when** each read is of its own kind.
- **At ten times the load** one node is too small.
- **Sign of the wrong choice** is a hit ratio below a half.
"""

TOGETHER = """### How the Parts Fit Together

One request asks the copy, then the origin; the timeout of the second is what the first leaves.
"""

SUM = "| {star}How many requests meet expiry {n}? | `rate` × rebuild | 1,000 requests[^requests] | caching |\n"

SERVICE = """### Amazon ElastiCache

**In short:** Take it where a copy may be lost; alarm on `Evictions`.

| Limit | Default | At most | What you see when you hit it | Can it be raised |
| - | - | - | - | - |
| ★ Nodes in a cluster | none | more | `NodeQuotaForClusterExceeded` | yes |
| Parameter groups | none | more | an error | yes |

It promises nothing of a single node.
"""

WIRING = """### Wiring

| What feeds what | Set | To | Why |
| - | - | - | - |
| Stream to function | Batch size | what fits its time | A batch is tried again whole |
"""

PITFALL = """### Pitfall {n}

- **Symptom** Slow after `FLUSHALL`.
- **Cause** The cache is cold.
- **Looks the same** A slow network.
- **Detect** Look at `keyspace_misses`.
- **Fix** Warm it before it gets traffic {n}.
- **Not a fix** More memory.
"""

QUESTION = """#### {question}

Shortly: it depends.

See [Cache stampede](#cache-stampede).
"""

RULES = (
    "long-body", "heavy-concepts", "excess-code", "one-sided-pattern", "parts-apart", "few-pitfalls", "few-questions",
    "late-answer", "few-symptoms", "thin-question-bank", "thin-sizing", "missing-limits", "missing-wiring", "odd-stars",
    "section-order", "heading-level", "code-in-aws-section", "vendor-name-outside", "broken-link", "broken-address",
    "footnote-unknown", "footnote-unused", "missing-decision",
)  # fmt: skip


def parts() -> dict[str, str]:
    """Pieces of the document in their order."""
    questions = [f"Why is it slow {n}?" for n in range(15)] + [f"Redis or Memcached {n}?" for n in range(3)]
    return {
        "title": "# Caching Strategies\n",
        "overview": "## Overview\n\nA cache keeps copies near their readers. It must say how old they may be.\n",
        "concepts": "## Core Concepts\n",
        "concept": CONCEPT,
        "patterns": "## Architecture Patterns\n",
        "pattern": PATTERN,
        "together": TOGETHER,
        "trade-offs": "## Trade-offs and Considerations\n\nThe [remedy](decisions/remedy.yaml) can be run.\n",
        "sizing": "### Sizing\n\nThe rows with ★ are in the brief.\n\n| Question | Formula | Worked example | Model |\n"
        "| - | - | - | - |\n" + "".join(SUM.format(n=n, star="★ " if n < 2 else "") for n in range(8)),
        "services": "## AWS Implementation\n",
        "service": SERVICE,
        "wiring": WIRING,
        "cases": "## Use Cases\n\n### A shop\n\nIt sold things.\n",
        "practices": "## Best Practices\n\nSet a limit.\n",
        "pitfalls": "## Common Pitfalls\n\n" + "\n".join(PITFALL.format(n=n) for n in range(10)),
        "questions": "### Common Questions\n\n" + "\n".join(QUESTION.format(question=each) for each in questions),
        "references": "## References\n\nNone.\n\n[^requests]: x\n",
    }  # fmt: skip


def symptoms(count: int = 8) -> str:
    """Texts of programs that lead to the document."""
    entry = (
        'e{n}: {{notice: "ERR number {n} of a kind", kind: {kind}, section: "05-Caching-Strategies#cache-stampede"}}\n'
    )
    return "".join(entry.format(n=n, kind=("error", "log", "metric")[n % 3]) for n in range(count))


def bank(count: int = 40, tuned: int = 20) -> str:
    """A question bank in which that many are tuned on."""
    entry = '- {{question: "Why {n}?", sections: ["05-Caching-Strategies#cache-stampede"], tuned: {tuned}}}\n'
    return "".join(entry.format(n=n, tuned=str(n < tuned).lower()) for n in range(count))


def write_example(folder: Path, *, collected: str | None = None, **changed: str) -> Path:
    """Write the reference and its question bank below `folder`; `changed` replaces pieces, or files named in full."""
    pieces = parts()
    files = {name: text for name, text in changed.items() if name not in pieces}
    text = "\n".join({**pieces, **{name: text for name, text in changed.items() if name in pieces}}.values())
    decision = Path(__file__).parent / "site" / "reference" / "decisions" / "remedy.yaml"
    root = write_reference(
        folder / "reference",
        **{
            **RECORDS,
            "05-Caching-Strategies.md": text,
            "symptoms.yaml": symptoms(),
            "figures/05-caching/aside.d2": "a: b\n",
            "figures/05-caching/aside.svg": DRAWING,
            "decisions/remedy.yaml": decision.read_text(encoding="utf-8"),
            **files,
        },
    )
    path = folder / "tests" / "questions" / "05.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(bank() if collected is None else collected, encoding="utf-8")
    return root

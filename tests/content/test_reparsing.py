"""An edited document is what parsing it from nothing gives, however little of it is parsed again."""

from __future__ import annotations

import random

import pytest

from sysdesign.content.parsing import parse_document
from sysdesign.content.reparsing import reparsed

TEXT = """\
# A Document

**In short:** it holds one of everything.[^one]

## Parts

Words with `code`, $x^2$ and *stress*. A second sentence.[^two] See [Rest](#rest).

- **First** is a lead.[^one]
- second

  ## within a list

| Name | Value |[^one]
| --- | --- |
| a | 1[^two] |

### Formula

$$
y = x
$$

The sizes:

| Name | Value |
| --- | ---: |
| a | 2 |
| b | 3[^one] |

```text
# no heading
```

### Formula

![Alt](figures/x.svg "A caption.")[^two]

> A quote
> # in it

Setext
------

Below it.

## Common Questions

### Which?

**This one.** For a reason.

See [Parts](#parts).

## References

[^one]: A text with [a link](https://example.org).
[^two]: Another,
    on two lines.

## Rest

Last words.
"""
LINES = (
    "", "Plain words.", "A word.[^one]", "## Formula", "### Other", "#### Deep", "# Title", "```", "$$", "$$ z $$",
    "    indented", "- item", "  - inner", "> quote", "---", "===", "| a | b |", "[^three]: new", "- [a", "b]: x",
    "[link]: https://example.org", "See [link] and [Rest].", "<div>", "> [!NOTE]", "[^two]", "1. one", "~~~", "\tx",
    "## ", "##no", "$x$", "**Lead.** More",
)  # fmt: skip


def parsed(text: str):
    return parse_document(text, "05-caching", "05", "x.md")


def edited(text: str, chance: random.Random) -> str:
    """The text with one stretch of up to three lines exchanged, taken out or put in."""
    lines = text.split("\n")
    at = chance.randrange(2, len(lines) + 1)
    new = [chance.choice((*LINES, *lines)) for _ in range(chance.choice((0, 1, 1, 1, 2, 3)))]
    lines[at : at + chance.choice((0, 1, 1, 2, 3))] = new
    return "\n".join(lines)


def test_any_edit_gives_what_the_whole_gives() -> None:
    chance, partly = random.Random(1), 0
    before = parsed(TEXT)
    for at in range(500):
        text = edited(before.source, chance)
        found, whole = reparsed(before, text), parsed(text)
        if found is not None:
            partly += 1
            assert found == whole, (before.source, text)
            assert [each.tokens for each in found.sections] == [each.tokens for each in whole.sections]
        before = (found or whole) if at % 12 else parsed(TEXT)  # an edit of an edit, and not too far from sense
    assert partly > 100


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A second sentence.", "A third sentence.[^one]"),
        ("A second sentence.", "A second sentence.\n\nAnd a paragraph."),
        ("- second\n", ""),
        ("| b | 3[^one] |", "| b | 4[^one] |\n| c | 5 |"),
        ("y = x", "y = 2 x"),
    ],
)
def test_an_edit_within_a_section_leaves_the_others_alone(old: str, new: str) -> None:
    before = parsed(TEXT)
    text = TEXT.replace(old, new, 1)
    found = reparsed(before, text)
    assert found is not None and found == parsed(text)
    assert found.sections[0] is before.sections[0]
    last = next(token for token in reversed(before.tokens) if token.type == "inline")
    assert any(token.children is last.children for token in found.tokens)


@pytest.mark.parametrize(
    "edit",
    ["```\nopen", "$$\nopen", "[^one]: A text first.", "[Rest]: https://example.org", "- [a\n  b]: x", "> [c\\]d]: x"],
)
def test_what_reaches_beyond_its_section_is_read_whole(edit: str) -> None:
    assert reparsed(parsed(TEXT), TEXT.replace("A second sentence.", f"A second sentence.\n\n{edit}\n", 1)) is None


def test_lines_of_open_brackets_are_each_read_once() -> None:
    """In a process of its own: the pattern holds the interpreter, and pages with it, while it looks."""
    import os
    import resource
    from contextlib import suppress

    from sysdesign.content.reparsing import _LINK_DEFINITION

    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            resource.setrlimit(resource.RLIMIT_CPU, (5, 5))  # a hundred times what it takes
            for piece in ("[\n", "[a\n", "- [b\n", "[^a\n"):
                for _ in range(20):
                    assert not _LINK_DEFINITION.search(piece * 20_000)
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert _LINK_DEFINITION.search("text\n> [a \\[b\\] c]: there") and _LINK_DEFINITION.search("[a\nb]: there")

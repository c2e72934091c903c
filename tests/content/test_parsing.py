"""One parse: sections, statements with their evidence, tables, figures, links, questions."""

from __future__ import annotations

from sysdesign.content.markdown import anchor, sentences
from sysdesign.content.parsing import parse_document

TEXT = """# Caching

Intro, e.g. this one. The second has 5 parts.[^a] Third
runs on to line 4.[^b][^c] End.

## Overview

![A client asks a cache](figures/05-caching/x.svg "It answers in 10 ms.")[^cap]

### Cache Aside (look-aside)!

Costs by store:[^t]

| Store | Wait (ms) |
| ----- | --------- |
| A[^x] | **6** [l](04-Database-Technologies.md) |

- item one `code` $x=1$ costs 7.

### Overview

Again.

## Common Pitfalls

### Cold

**In short:** Warm `it` before noon.[^b]
Then wait.

**In short:** Not again.

- **Symptom.** Slow
  - **Not** this
- **Cause** Cold.[^c]

  And old.
- No lead.

### Common Questions

#### Why?

**Because it does.** And more.

#### How?

Slowly. Then fast.

More of it.
See [what it is](#overview) and [another](04-Database-Technologies.md#reads).

#### When?

[^a]: A note.
"""


def document():
    return parse_document(TEXT, "05-caching", "05-Caching-Strategies", "reference/05.md")


def test_sections_have_github_anchors_and_parents() -> None:
    found = {section.anchor: section for section in document().sections}
    assert list(found)[:4] == ["caching", "overview", "cache-aside-look-aside", "overview-1"]
    assert found["cache-aside-look-aside"].parents == ("caching", "overview")
    assert (found["overview"].line, found["overview"].end_line) == (6, 9)


def test_a_mark_after_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    backed = {statement.text: statement.backing for statement in document().statements}
    assert backed["Intro, e.g. this one."] == ()
    assert backed["The second has 5 parts."] == ("a",)
    assert backed["Third runs on to line 4."] == ("b", "c")
    assert backed["End."] == ()


def test_lines_of_statements_are_their_own() -> None:
    lines = {statement.text: statement.line for statement in document().statements}
    assert lines["End."] == 4
    assert lines["Again."] == 22


def test_a_tables_caption_line_covers_its_cells() -> None:
    cells = {s.text: s.backing for s in document().statements if s.kind in ("cell", "header")}
    assert cells["A"] == ("x", "t")
    assert cells["6 l"] == ("t",)
    assert cells["Wait (ms)"] == ("t",)


def test_a_mark_beside_a_figure_covers_its_caption() -> None:
    captions = [statement for statement in document().statements if statement.kind == "caption"]
    assert [(s.text, s.backing) for s in captions] == [("It answers in 10 ms.", ("cap",))]
    figure = document().figures[0]
    assert (figure.name, figure.section, figure.alt) == ("05-caching/x", "overview", "A client asks a cache")


def test_prose_counts_words_of_paragraphs_and_lists_alone() -> None:
    section = document().by_anchor["cache-aside-look-aside"]
    assert section.text == "Costs by store:\nitem one code x=1 costs 7."


def test_questions_take_the_bold_lead_or_the_first_paragraph_and_where_the_last_line_leads() -> None:
    assert [(q.question, q.short_answer, q.see) for q in document().questions] == [
        ("Why?", "Because it does.", ()),
        ("How?", "Slowly. Then fast.", ("#overview", "04-Database-Technologies.md#reads")),
        ("When?", "", ()),
    ]


def test_the_parts_that_programs_read_keep_their_markdown() -> None:
    sections = document().by_anchor
    assert sections["cold"].in_short == "Warm `it` before noon.[^b]\nThen wait."
    assert sections["overview"].in_short == ""
    leads = [(lead.name, lead.markdown, lead.line) for lead in sections["cold"].leads]
    assert leads == [("Symptom", "Slow\n\n**Not** this", 33), ("Cause", "Cold.[^c]\n\nAnd old.", 35)]
    assert document().tables[0].markdown == (("A[^x]", "**6** [l](04-Database-Technologies.md)"),)


def test_raw_html_stays_text() -> None:
    parsed = parse_document("# T\n\n<script>alert(1)</script>\n", "05-caching", "05", "x.md")
    assert "<script>" in parsed.sections[0].text


def test_anchor_and_sentences() -> None:
    assert anchor("TTL & eviction: what's next?") == "ttl--eviction-whats-next"
    assert [text for text, _ in sentences("It costs 3.5 ms. Then 4 vs. 5. Done.")] == [
        "It costs 3.5 ms.",
        "Then 4 vs. 5.",
        "Done.",
    ]

"""References that would hang, crash or flood whoever checks, builds or decides from them.

Each is a small reference with one thing in it that no person writes. The checks, the build and the
decisions tell it with file and line, or are not troubled, within seconds and bounded memory; a build
removes nothing that is not its own.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from abuse.markup import SMALL
from abuse.trials import Kind
from sysdesign.checks import check
from sysdesign.content import load
from sysdesign.content.located import parse
from sysdesign.content.parsing import parse_document
from sysdesign.decide import load_workload
from sysdesign.decide.loading import frameworks
from sysdesign.errors import BadContent, BuildFailed, SysdesignError
from sysdesign.markup import drawing
from sysdesign.site.building import content_digest
from sysdesign.site.pages import render
from sysdesign.site.publish import publish

Change = Callable[[Path], None]  # of the folder of a reference
DAY = dt.date(2026, 11, 23)
# All rules but those that draw or compute: what they cost is bounded by models and compiler, not by a text.
UNTRIED = frozenset(("stale-drawing", "wrong-number"))

YAML = {
    "lists in lists": "a: " + "[" * 100_000, "closed lists": "[" * 20_000 + "]" * 20_000,
    "mappings in mappings": "a: " + "{b: " * 50_000, "dashes": "- " * 50_000, "dashes with keys": "- a: " * 20_000,
    "indented": "".join(" " * at + "a:\n" for at in range(2_500)), "questions": "? " * 50_000,
    "a hexadecimal integer": "a: 0x" + "f" * 5_000, "an octal integer": "a: 0o" + "7" * 5_000,
    "an integer": "a: " + "9" * 5_000, "a negative integer": "a: -" + "9" * 5_000, "underscores": "a: 1" + "_" * 9_000,
    "integers with underscores": "a: " + "1_" * 5_000 + "1", "a float": "a: " + "9" * 5_000 + ".0",
    "an exponent": "a: 1e" + "9" * 5_000, "a long key": "k" * 900_000 + ": 1",
    "a long key of words": "?" + " a" * 100_000 + "\n: 1", "a long text": "a: " + "x" * 900_000,
    "aliases of aliases": "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)),
    "an alias of itself": "a: &a [*a]", "a mapping of itself": "a: &a {b: *a}", "many anchors": "- &a x\n" * 90_000,
    "many keys": "".join(f"k{n}: 1\n" for n in range(90_000)), "tags": "a: !!python/object/apply:os.system [id]",
    "tags of tags": "!a " * 9_000, "quotes": '"' * 90_001, "a block text": "a: |\n" + " x\n" * 90_000,
    "percent": "%YAML 9.9\n" * 900, "documents": "---\na\n" * 9_000, "tabs": "\t" * 90_000, "zeros": "a: \0",
    "a lone surrogate": 'a: "\\ud800"', "dates": "a: 9999-99-99", "colons": "a" + ":" * 90_000,
    "commas": "[" + "," * 90_000,
    "single quotes": "'" * 90_001, "amps": "&" * 90_000, "brackets": "[]" * 9_000, "bom": "\ufeff" * 9_000,
}  # fmt: skip
PIECES = (
    "<a:", "<http://x ", "<a@b.c", "[", "![", "[a](", "[a][", "[^a]", "[^a]: x\n\n", "*a **a ", "_a __a ", "`a``", "`",
    "$a", "$$\n", "$$ a\n\n", "$$a\n", "$a$", "~~a ", "> ", ">", "- ", "- a\n", "1. a\n\n", "* * ", "| a ",
    "a|b\n-|-\n",
    "|a|\n|-|\n", "<", "<!--", "&#", "\\", "# a\n\n", "```\n", "[a]: b\n", "[a]: <b\n", '[a]: b "\n', "a\n=\n", "***a",
    "[a](<b", "> - ", "> [!NOTE]\n", "a  \n", "[[a]", '![a](b "c', "* a\n  * b\n    * c\n", "\x00", "a. A", "**a:** ",
)  # fmt: skip
DRAWINGS = (
    "<style>", "<title>", "<metadata>", "<desc>", "<g>", "<g ", "<rect ", "<![CDATA[", "<!--", "&a;", "<svg viewBox='",
    "<style x", "<title a='", "<metadata>&lt;", "</g>", "<?a ", '<g fill="', "<g a='1' ",
)  # fmt: skip
FILES = (
    "plan.yaml", "sources.yaml", "glossary.yaml", "symptoms.yaml", "scoreboard.json", "05-Caching-Strategies.md",
    "facts/aws-elasticache.yaml", "numbers/05-caching.yaml", "decisions/remedy.yaml",
    "figures/05-caching/stampede-size.svg", "figures/05-caching/stampede-size.yaml",
    "figures/05-caching/pattern-cache-aside.d2", "claims/05-caching.yaml",
)  # fmt: skip


def kinds() -> Iterator[Kind]:
    """YAML, Markdown and drawings alone; then whole references, to checks, build and decisions."""
    yield Kind("YAML", lambda: YAML.items(), partial(_told, lambda text: parse(text, "reference/x.yaml")), seconds=30)
    yield Kind("Markdown", _documents, partial(_told, _document), seconds=60)
    yield Kind("drawings", _drawings, _drawing)
    yield Kind("files that are none", obstacles, _whole, seconds=60)
    yield Kind("plans and records", changes, _whole, seconds=60)
    yield Kind("workloads", _workloads, _workload)
    yield Kind("what stands where a site is built", _neighbors, _build)


def _told(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except BadContent as error:
        assert error.line >= 1 and len(str(error)) < 2_000, "a message of great length"


def _document(text: str) -> object:
    return parse_document(text, "05-caching", "05-Caching-Strategies", "reference/05-Caching-Strategies.md")


def _documents() -> Iterator[tuple[str, str]]:
    for piece in PIECES:
        yield f"{piece!r} without end", "# T\n\n" + (piece * 400_000)[:400_000]
        yield f"{piece!r} in paragraphs", "# T\n\n" + ((piece * 7_000)[:7_000] + "\n\n") * 50
    yield "a table of many columns", "# T\n\n" + "|a" * 3_000 + "|\n" + "|-" * 3_000 + "|\n" + "|a|\n" * 9_000


def _drawings() -> Iterator[tuple[str, str]]:
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'
    for piece in DRAWINGS:
        yield f"{piece!r} without end", head + (piece * 900_000)[:900_000]
        yield f"{piece!r} without end, then closed", head + (piece * 90_000)[:90_000] + "</svg>"
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x"}">' for n in range(12))
    yield "entities of entities", f"<!DOCTYPE svg [{entities}]>{head}&a11;</svg>"


def _drawing(text: str) -> None:
    with contextlib.suppress(ValueError):
        drawing(text)


def obstacles() -> Iterator[tuple[str, Change]]:
    for file in FILES:
        yield f"a pipe as {file}", partial(_pipe, file=file)
        yield f"a device as {file}", partial(_linked, file=file, to="/dev/zero")
        yield f"a folder as {file}", partial(_folder, file=file)
        yield f"a link to itself as {file}", partial(_linked, file=file, to=Path(file).name)
        yield f"bytes that are no text as {file}", partial(put, file=file, data=b"\xff\xfe\x00" * 9)
        yield f"five megabytes as {file}", partial(put, file=file, data=b"# a\n" * 1_250_000)
        yield f"nothing in {file}", partial(put, file=file, data=b"")
    for folder in ("facts", "numbers", "decisions", "figures/05-caching", "claims", "."):
        yield f"a name that is not UTF-8 in {folder}", partial(_odd_name, folder=folder)
        yield f"a pipe beside the files of {folder}", partial(_pipe, file=f"{folder}/other.yaml")


def _cleared(root: Path, file: str) -> Path:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def _pipe(root: Path, file: str) -> None:
    os.mkfifo(_cleared(root, file))


def _linked(root: Path, file: str, to: str) -> None:
    _cleared(root, file).symlink_to(to)


def _folder(root: Path, file: str) -> None:
    _cleared(root, file).mkdir()


def put(root: Path, file: str, data: bytes) -> None:
    _cleared(root, file).write_bytes(data)


def _odd_name(root: Path, folder: str) -> None:
    path = os.fsencode(root / folder)
    os.makedirs(path, exist_ok=True)
    with open(path + b"/\xff.yaml", "w") as file:
        file.write("{}")


def changes() -> Iterator[tuple[str, Change]]:
    for count in (2_000, 200):
        yield f"{count} prerequisites in a chain", partial(_chain, count=count)
        yield f"{count} prerequisites in a circle", partial(_chain, count=count, closed=True)
    yield "prerequisites that double at each step", partial(_chain, count=200, back=9)
    plan = "plan.yaml"
    for label, old, new in (
        ("an unknown document in the order", "[04-databases, 05", "[09-nothing, 05"),
        ("an unknown prerequisite", "prerequisites: [04-databases]", "prerequisites: [09-nothing]"),
        ("an unknown group", "group: operation", "group: nothing"),
        ("a name of 5,000 characters", "name: 05-Caching-Strategies", "name: 05-" + "a" * 5_000),
        ("a slug of 5,000 characters", "slug: 05-caching", "slug: 05-" + "a" * 5_000),
        ("a name that leads out", "name: 05-Caching-Strategies", "name: ../05-Caching-Strategies"),
        ("a name that is no text", "name: 05-Caching-Strategies", 'name: "05\\0x"'),
        ("a number of 5,000 digits", "number: 5", "number: 0x" + "f" * 5_000),
        ("no list of topics", "topics: [{id: stampedes, topic: Stampedes, heading: cache-stampede}]", "topics: 1"),
    ):
        yield label, partial(_replaced, file=plan, old=old, new=new)
    for file, section in (
        ("symptoms.yaml", "04-Database-Technologies#reads"),
        ("glossary.yaml", "05-Caching-Strategies#cache-stampede"),
        ("decisions/remedy.yaml", "05-Caching-Strategies"),
    ):
        for new in ("99-Nothing#a", "05-Caching-Strategies#nothing", "a" * 5_000, "javascript:x"):
            yield f"{new[:30]!r} named in {file}", partial(_replaced, file=file, old=section, new=new)
    for name in ("a" * 5_000, "../../../../etc/passwd", "05-caching/" + "é" * 200, "/etc/passwd", "a\0b", "%00"):
        old = "figures/05-caching/stampede-size.svg"
        new = f"figures/{name}.svg"
        yield f"a figure {name[:30]!r}", partial(_replaced, file="05-Caching-Strategies.md", old=old, new=new)
        link = f"[a]({name}.md) and [b]({name}.yaml)"
        yield (
            f"links to {name[:30]!r}",
            partial(
                _replaced, file="05-Caching-Strategies.md", old="## Core Concepts", new=f"{link}\n\n## Core Concepts"
            ),
        )
    headings = "\n\n".join(f"### {'h' * 140}{n}" for n in range(800))
    links = "\n\n".join(f"[x](#{'h' * 140}x{n})" for n in range(800))
    yield (
        "800 long links beside 800 long headings",
        partial(
            _replaced,
            file="05-Caching-Strategies.md",
            old="## Core Concepts",
            new=f"{headings}\n\n{links}\n\n## Core Concepts",
        ),
    )
    for label, text in YAML.items():
        yield f"sources with {label}", partial(put, file="sources.yaml", data=text.encode(errors="surrogatepass"))


def _replaced(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} holds no {old}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _chain(root: Path, count: int, closed: bool = False, back: int = 1) -> None:
    names = [f"d{at:04d}" for at in range(count)]
    lines = ["groups: [{id: data, title: Data, sentence: S.}]", f"reading_order: [{', '.join(names)}]", "documents:"]
    for at, name in enumerate(names):
        before = names[max(0, at - back) : at] or (names[-1:] if closed else [])
        lines.append(
            f"  - {{slug: {name}, number: {at}, name: N{at}, title: T, group: data, sentence: S., "
            f"prerequisites: [{', '.join(before)}], topics: []}}"
        )
    (root / "plan.yaml").write_text("\n".join(lines) + "\n")
    for path in (*root.glob("*/*.yaml"), *root.glob("*.md"), root / "glossary.yaml", root / "symptoms.yaml"):
        path.unlink()


def _whole(change: Change) -> None:
    """Check, build and decide; each tells what is wrong, or nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "reference")
        shutil.copytree(SMALL, root)
        change(root)
        content_digest(root)
        for work in (_checked, lambda root: render(load(root)), frameworks):
            try:
                work(root)
            except SysdesignError as error:
                assert len(str(error)) < 3_000, "a message of great length"
                str(error).encode()
                told = isinstance(error, BadContent) and error.line >= 1
                assert told or "holds no plan.yaml" in str(error), f"told without its file and line: {error}"


def _checked(root: Path) -> None:
    from sysdesign.checks.rules import RULES

    rules = [rule for rule in RULES if rule not in UNTRIED]
    for finding in check(load(root), today=DAY, only=rules):
        assert finding.place.path and finding.place.line >= 1
        f"{finding.place}: {finding.message} {finding.fix}".encode()


def _workloads() -> Iterator[tuple[str, Change]]:
    for label, text in YAML.items():
        yield label, partial(put, file="w.yaml", data=text.encode(errors="surrogatepass"))
    yield "a pipe", partial(_pipe, file="w.yaml")
    yield "a device", partial(_linked, file="w.yaml", to="/dev/zero")
    yield "a folder", partial(_folder, file="w.yaml")


def _workload(change: Change) -> None:
    with tempfile.TemporaryDirectory() as folder:
        change(Path(folder))
        with contextlib.suppress(SysdesignError):
            load_workload(Path(folder, "w.yaml"))


def _neighbors() -> Iterator[tuple[str, Change]]:
    """What an owner keeps at, or beside, the place of a site; all of it is there afterwards."""
    for name in ("build-mine", "build-0123456789abcdef", "build-2026", "other", "build-0123456789abcdef.bak"):
        yield f"a folder {name}", partial(_kept_folder, name=f".site/{name}")
    yield "a folder as the site", partial(_kept_folder, name="site")
    yield "a link to a folder as the site", partial(_kept_link, name="site")
    yield "a link to a folder as its versions", partial(_kept_link, name=".site")
    yield "a link among its versions", partial(_kept_link, name=".site/build-0123456789abcdef")


def _kept_folder(root: Path, name: str) -> None:
    (root / name).mkdir(parents=True)
    (root / name / "kept").write_text("mine")


def _kept_link(root: Path, name: str) -> None:
    _kept_folder(root, "elsewhere")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).symlink_to(root / "elsewhere")


def _build(change: Change) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        change(root)
        before = _tree(root)
        for version in range(5):
            with contextlib.suppress(BuildFailed):
                publish(root / "site", [("index.html", b"x")], str(version))
        lost = before - _tree(root)
        assert not lost, f"removed {sorted(lost)}"


def _tree(root: Path) -> set[str]:
    return {f"{path.relative_to(root)} {path.is_symlink()}" for path in root.rglob("*")}

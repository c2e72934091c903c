"""Nothing that is printed for people controls the terminal, whatever name, input or content it was made of."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from sysdesign.cli import main
from sysdesign.commands.console import out, print_json, say, table
from sysdesign.plain import json_text, visible
from tests.reading import write_reference

HOSTILE = "\x1b]0;title\x07\x1b[31mred\x9b2J\u202edrow\u2066x\x7f\r\x08\ud800\U000e0041"
CONTROLS = set("\x1b\x07\x9b\u202e\u2066\x7f\r\x08\ud800\U000e0041")


def test_what_would_control_is_shown() -> None:
    shown = visible(HOSTILE + "\tkept\n")
    assert not CONTROLS & set(shown)
    assert "␛]0;title␇" in shown and "<U+009B>2J" in shown and "<U+202E>drow" in shown and shown.endswith("\tkept\n")
    assert visible("plain “text” é 缓存 🚀") == "plain “text” é 缓存 🚀"


def test_consoles_and_lines_show_it(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    console, shown = out(), table("name", "value")
    shown.add_row(HOSTILE, Text(HOSTILE))
    console.print(shown)
    console.print(HOSTILE, style="bold")
    printed = capsys.readouterr().out
    assert printed.count("title") == 4 and not CONTROLS & set(printed)


def test_printed_json_controls_nothing_and_reads_back_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    value = {HOSTILE: [HOSTILE, "plain é 缓存 🚀"]}
    print_json(value)
    printed = capsys.readouterr().out
    assert not CONTROLS & set(printed) and "plain é 缓存 🚀" in printed
    assert json.loads(printed) == value


def test_json_keeps_every_character() -> None:
    assert json_text({"a": "\x1b"}) == '{"a": "\\u001b"}'


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", HOSTILE],
        ["search", HOSTILE],
        ["search", f"cache {HOSTILE}"],
        ["model", "run", HOSTILE],
        ["model", "run", "caching.stampede", f"{HOSTILE}=1"],
        ["model", "run", "caching.stampede", f"arrivals_per_s={HOSTILE}"],
        ["model", "run", "graphql.query_cost", f"query={HOSTILE}"],
        ["decide", HOSTILE],
        ["explain", HOSTILE],
        ["check", HOSTILE],
        [HOSTILE],
        [f"--{HOSTILE}"],
        ["list", f"-{HOSTILE}=1"],
        ["search", "cache", f"--limit={HOSTILE}"],
    ],
)
def test_hostile_names_and_inputs(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_reference(tmp_path / "reference")
    if arguments[0] in ("read", "search", "decide", "check"):
        arguments = [*arguments, "--reference", str(root)]
    monkeypatch.setattr(sys, "argv", ["sysdesign", *arguments])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr()
    assert printed.out + printed.err and not CONTROLS & set(printed.out + printed.err)


def test_hostile_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_reference(tmp_path / "reference")
    [page] = root.glob("05-*.md")
    hostile = HOSTILE.replace("\ud800", "")
    page.write_text(page.read_text().replace("### Cache stampede", f"### Cache stampede\n\n{hostile}\n", 1))
    for arguments in (["read", "05"], ["search", "stampede"], ["list"]):
        monkeypatch.setattr(sys, "argv", ["sysdesign", *arguments, "--reference", str(root)])
        with pytest.raises(SystemExit):
            main()
        printed = capsys.readouterr()
        assert printed.out and not CONTROLS & set(printed.out + printed.err)


def test_what_an_encoding_lacks_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii", write_through=True))
    reference = write_reference(tmp_path / "reference")
    monkeypatch.setattr(sys, "argv", ["sysdesign", "search", "stampede", "--reference", str(reference)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0 and rb"\u203a" in printed.getvalue()


@pytest.mark.parametrize(
    ("place", "code", "says"),
    [(">&-", 0, ""), (">&- 2>&- <&-", 0, ""), (">/dev/full", 1, "sysdesign: the output could not be written: ")],
)
def test_output_that_goes_nowhere_is_no_traceback(place: str, code: int, says: str) -> None:
    if "full" in place and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    line = f"{shlex.quote(sys.executable)} -m sysdesign explain late-answer {place}"
    ended = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=300)
    assert ended.returncode == code and ended.stderr.startswith(says) and ended.stderr.count("\n") == bool(says)

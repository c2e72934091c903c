"""What commands print, for people and as JSON, and how they end: 0 fine, 1 errors found, 2 wrong use."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from sysdesign.cli import main
from sysdesign.draw import diagrams
from sysdesign.errors import MissingTool
from sysdesign.models import queueing
from tests.commands.forking import run
from tests.example import write_example
from tests.reading import write_reference

HOME = "05-Caching-Strategies"


def started(*words: str) -> subprocess.CompletedProcess[str]:
    """The real command, from nothing."""
    command = [sys.executable, "-m", "sysdesign", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("content") / "reference")


def test_list_shows_what_is_written_and_what_is_planned(root: Path) -> None:
    text = run("list", "--reference", str(root))
    assert text.returncode == 0 and "planned" in text.stdout
    lines = json.loads(run("list", "--json", "--reference", str(root)).stdout)
    assert [(line["slug"], line["written"]) for line in lines] == [("05-caching", True), ("04-databases", False)]


def test_read_gives_the_section_with_its_notes(root: Path) -> None:
    shown = run("read", "05-Caching-Strategies#overview", "--reference", str(root)).stdout
    assert shown.startswith("## Overview") and "[^paper]: An old text." in shown
    assert json.loads(run("read", "caching#overview", "--json", "--reference", str(root)).stdout)["title"] == "Overview"


def test_a_brief_is_read_by_command(tmp_path: Path) -> None:
    root = write_example(tmp_path)
    shown = run("read", "05", "--brief", "--reference", str(root)).stdout
    assert shown.startswith("# Caching Strategies in brief\n\n## Concepts\n\n- **[Cache stampede](05-Caching")
    found = json.loads(run("read", "caching", "--brief", "--json", "--reference", str(root)).stdout)
    assert found["decisions"][0]["answer"] == "Nothing" and len(found["pitfalls"]) == 10


def test_a_document_without_a_brief_says_so(root: Path) -> None:
    ended = run("read", "05", "--brief", "--reference", str(root))
    assert ended.returncode == 2 and "has no brief yet" in ended.stderr


def test_a_wrong_address_names_the_nearest(root: Path) -> None:
    ended = run("read", "05-Caching-Strategies#cache-stampeed", "--reference", str(root))
    assert ended.returncode == 2
    assert "cache-stampede" in ended.stderr and "Traceback" not in ended.stderr


def test_search_forgives(root: Path) -> None:
    ended = run("search", "stampeed", "--reference", str(root))
    assert "Searched for: stampede" in ended.stdout
    assert ended.stdout.splitlines()[1] == "05-Caching-Strategies#cache-stampede"


def test_symptoms_are_listed_and_narrowed(tmp_path: Path) -> None:
    root = str(write_example(tmp_path))
    assert len(json.loads(run("symptoms", "--json", "--reference", root).stdout)) == 8
    [line] = json.loads(run("symptoms", "err", "NUMBER", "3", "--json", "--reference", root).stdout)
    assert line == {"notice": "ERR number 3 of a kind", "kind": "error", "section": f"{HOME}#cache-stampede"}
    assert f"{HOME}#cache-stampede" in run("symptoms", "number 3", "--reference", root).stdout
    for graver in ("FATAL: number 3 of", "(error) ERR number 3", "[error] number 3"):
        assert f"{HOME}#cache-stampede" in run("symptoms", graver, "--reference", root).stdout
    whole = "2026-11-30 app[3]: ERR number 3 of a kind, giving up"
    assert f"{HOME}#cache-stampede" in run("symptoms", whole, "--reference", root).stdout
    assert "Nothing holds that" in run("symptoms", "zzz", "--reference", root).stdout


def test_check_prints_findings_and_the_scoreboard(root: Path) -> None:
    ended = run("check", "--reference", str(root))
    assert ended.returncode == 1
    assert "has no section 'Use Cases' [section-order]" in ended.stdout
    assert "planned: 04-databases" in ended.stdout
    annotations = run("check", "--format", "github", "--reference", str(root)).stdout
    assert annotations.startswith("::error file=reference/05-Caching-Strategies.md,line=1,title=")


Here = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The command in this process: an exception that `main` does not turn into a clear line fails the test."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["sysdesign", *words])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), printed.out, printed.err)

    return call


BROKEN = {
    "bytes that are no text": ("05-Caching-Strategies.md", b"# Caching\n\n\xff\n", 3, "UTF-8"),
    "no title": ("05-Caching-Strategies.md", b"words\n", 1, "# Title"),
    "a key twice": ("sources.yaml", b"paper:\n  author: A\n  author: B\n", 3, "stands twice"),
    "no YAML": ("glossary.yaml", b"a:\n  - [\n", 3, "is not YAML"),
    "a misspelled field": (
        "symptoms.yaml",
        b"slow: {notice: Slow, kind: log, secton: x}\n",
        1,
        "Did you mean section?",
    ),
    "a list for a mapping": ("claims/05-caching.yaml", b"- one\n", 1, "mapping of ids"),
    "a broken framework": ("decisions/cache.yaml", b"question: Which?\noptoins: {}\n", 2, "options"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_cannot_be_read_is_a_finding_and_no_build(fault: str, tmp_path: Path, here: Here) -> None:
    name, content, line, says = BROKEN[fault]
    root = write_reference(tmp_path / "reference")
    out = tmp_path / "site"
    assert here("build", "--out", str(out), "--reference", str(root)).returncode == 0
    before = out.readlink()
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(content)
    place = f"reference/{name}:{line}: "
    ended = here("check", "--reference", str(root))
    assert ended.returncode == 1
    assert place + "error: " in ended.stdout and says in ended.stdout
    annotated = here("check", "--format", "github", "--reference", str(root)).stdout
    assert f"::error file=reference/{name},line={line},title=" in annotated
    found = json.loads(here("check", "--json", "--reference", str(root)).stdout)["findings"]
    assert {"path": f"reference/{name}", "line": line} in [each["place"] for each in found]
    built = here("build", "--out", str(out), "--reference", str(root))
    assert built.returncode == 1 and place in built.stderr
    assert out.readlink() == before, "the site before is still served"


def test_serve_says_where_it_answers_and_outlives_a_broken_edit(tmp_path: Path) -> None:
    root = write_reference(tmp_path / "reference")
    words = ["serve", "--port", "0", "--json", "--out", str(tmp_path / "site"), "--reference", str(root)]
    with subprocess.Popen(
        [sys.executable, "-m", "sysdesign", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as served:  # fmt: skip
        try:
            assert served.stdout is not None and served.stderr is not None
            address = json.loads(served.stdout.readline())["address"]
            page = urlopen(f"{address}05-caching-strategies/").read()
            (root / "sources.yaml").write_text("a: {author: x, author: y}\n")
            said = next(line for line in served.stderr if "stands twice" in line)
            assert "reference/sources.yaml:1:" in said
            assert urlopen(f"{address}05-caching-strategies/").read() == page
            urlopen(f"{address}api/changes")  # a page that is open
            served.send_signal(signal.SIGINT)
            assert "Traceback" not in served.stderr.read() and served.wait() == 0
        finally:
            served.kill()


def test_check_of_one_rule_or_document(root: Path) -> None:
    assert run("check", "--rule", "heading-level", "--reference", str(root)).returncode == 0
    assert run("check", "reference/05-Caching-Strategies.md", "--reference", str(root)).returncode == 1
    assert run("check", "04-databases", "--reference", str(root)).returncode == 0
    assert run("check", "nothing", "--reference", str(root)).returncode == 2


def test_explain_says_why() -> None:
    assert "advertising" in run("explain", "one-sided-pattern").stdout
    ended = run("explain", "one-sided-patern")
    assert ended.returncode == 2 and "one-sided-pattern" in ended.stderr


def test_tidy_writes_footnotes_from_records(tmp_path: Path) -> None:
    root = write_reference(tmp_path / "reference")
    assert run("tidy", "--check", "--reference", str(root)).returncode == 1
    assert run("tidy", "--reference", str(root)).returncode == 0
    text = (root / "05-Caching-Strategies.md").read_text()
    assert "[^paper]: A. Author, [On copies](https://example.com/p), 2001." in text
    assert "[^requests]: Computed: `requests_per_expiry` of the model `caching.stampede`" in text
    assert "An old text" not in text
    assert run("tidy", "--check", "--reference", str(root)).returncode == 0
    assert not (root / "scoreboard.json").exists(), "only a checkout keeps one"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without diagrams, so that every rule can look at it wherever it runs."""
    (tmp_path / "pyproject.toml").touch()
    return write_reference(tmp_path / "reference")


def test_check_writes_nothing_and_tells_a_stale_scoreboard(checkout: Path) -> None:
    before = contents(checkout)
    ended = run("check", "--reference", str(checkout))
    assert "reference/scoreboard.json:1: error: is not what the checks find [stale-scoreboard]" in ended.stdout
    assert contents(checkout) == before
    assert run("tidy", "--check", "--reference", str(checkout)).returncode == 1
    assert contents(checkout) == before


def test_tidy_writes_the_scoreboard_and_check_agrees_with_it(checkout: Path) -> None:
    assert "tidied reference/scoreboard.json" in run("tidy", "--reference", str(checkout)).stdout
    assert json.loads((checkout / "scoreboard.json").read_text())["documents"][0]["slug"] == "05-caching"
    assert "stale-scoreboard" not in run("check", "--reference", str(checkout)).stdout
    assert run("tidy", "--check", "--reference", str(checkout)).returncode == 0


def test_without_the_diagram_compiler_the_scoreboard_stays(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    """What a machine without the compiler finds is not what is missing."""
    run("tidy", "--reference", str(checkout))
    write_reference(checkout, **{"figures/05-caching/aside.d2": "a: b\n", "figures/05-caching/aside.svg": "<svg/>"})
    monkeypatch.setattr(diagrams, "compiler", without_compiler)
    before = contents(checkout)
    ended = here("tidy", "--reference", str(checkout))
    assert "the scoreboard stays as it is" in ended.stdout and "the compiler is not here" in ended.stdout
    ended = here("check", "--reference", str(checkout))
    assert ended.returncode == 1 and "the compiler is not here" in ended.stdout
    assert "stale-scoreboard" not in ended.stdout
    assert {**contents(checkout), "05-Caching-Strategies.md": b""} == {**before, "05-Caching-Strategies.md": b""}


def without_compiler() -> str:
    raise MissingTool("the compiler is not here. Install it")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_failing_part_is_printed_an_operation_a_line_one_below_the_other() -> None:
    shown = run("model", "run", "consistency.check", "example=going back").stdout.splitlines()
    at = next(number for number, line in enumerate(shown) if line.startswith("Smallest part"))
    operations = [line.rstrip() for line in shown[at + 1 : shown.index("", at)]]
    assert operations == [
        "process 0  0 to 1  write x 1",
        "process 1  2 to 3  read x gives 1",
        "process 1  4 to 5  read x gives nothing",
    ]
    assert not any("cannot all have happened" in line for line in shown)  # what only the chart shows


def test_a_chart_is_drawn_of_a_file_of_ones_own(tmp_path: Path) -> None:
    events = [("invoke", "write", 7), ("ok", "write", 7), ("invoke", "read", None), ("ok", "read", 7)]
    lines = [json.dumps({"process": 4, "type": kind, "f": f, "key": "k", "value": v}) for kind, f, v in events]
    (tmp_path / "ops.jsonl").write_text("\n".join(lines))
    drawn = tmp_path / "out.svg"
    run("model", "run", "consistency.check", f"history={tmp_path / 'ops.jsonl'}", "--chart", str(drawn))
    assert "process 4" in drawn.read_text() and "read k gives 7" in drawn.read_text()


def test_results_of_one_length_are_columns_and_long_ones_are_named() -> None:
    shown = run("model", "run", "retries.schedule", "retries=3").stdout
    table = [line.split() for line in shown.splitlines() if line[:1].isdigit()]
    assert [row[0] for row in table[:3]] == ["1", "2", "3"] and len(table[0]) == 7
    assert "400 values, which --csv prints" in " ".join(run("model", "run", "retries.metastable_loop").stdout.split())


def test_lists_of_one_length_that_do_not_belong_together_are_tables_of_their_own() -> None:
    query = "query=orders(first: 2) { items { id } lines { id } }"
    shown = run("model", "run", "graphql.query_cost", query).stdout.splitlines()
    at = next(at for at, line in enumerate(shown) if line.startswith("orders.items"))
    assert shown[at - 1].startswith("Lists that give no length") and "Level" not in shown[at - 1]
    assert any(line.startswith("Level of lists") for line in shown[at:])


def test_inputs_that_a_file_replaces_are_not_shown_as_used(tmp_path: Path) -> None:
    trace = tmp_path / "requests.keys"
    trace.write_text("1\n2\n1\n")
    ended = json.loads(run("model", "run", "caching.replay", f"trace={trace}", "skew=0.5", "--json").stdout)
    assert [each["name"] for each in ended["inputs"]] == ["policy", "capacity_keys", "trace"]
    assert "skew is not used: trace takes its place" in ended["notes"]
    generated = json.loads(run("model", "run", "caching.replay", "requests=1000", "--json").stdout)
    assert "skew" in [each["name"] for each in generated["inputs"]]


def test_help_and_show_name_inputs_results_and_choices() -> None:
    for shown in (run("model", "run", "caching.replay", "--help"), run("model", "show", "caching.replay")):
        for name in ("capacity_keys", "byte_hit_ratio", "trace_column=", "Zipf skew of popularity"):
            assert name in shown.stdout, name
    assert "Did you mean" in run("model", "run", "caching.repaly", "--help").stderr


def test_model_run_prints_results_with_units_and_the_sentence() -> None:
    shown = run("model", "run", "queueing.mm1", "arrivals_per_s=0.8", "services_per_s=1").stdout
    assert "80%" in shown and "5 s" in shown
    found = json.loads(run("model", "run", "queueing.mm1", "arrivals_per_s=0.8", "services_per_s=1", "--json").stdout)
    values = {result["name"]: result["value"] for result in found["results"]}
    expected = queueing.mm1(arrivals_per_s=0.8, services_per_s=1)
    assert values["mean_time_s"] == expected.mean_time_s
    assert found["sentence"] in shown.replace("\n", " ")


def test_a_unit_may_be_written() -> None:
    plain = run("model", "run", "caching.stampede", "rebuild_s=0.25", "--json").stdout
    assert run("model", "run", "caching.stampede", "rebuild_s=250 ms", "--json").stdout == plain


def test_a_sweep_gives_a_row_a_point() -> None:
    ended = run("model", "run", "caching.stampede", "--sweep", "arrivals_per_s=10:1000:3:log", "--csv", "--jobs", "1")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [float(row["arrivals_per_s"]) for row in rows] == [10, 100, 1000]
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["model", "run", "queueing.mm2"], "queueing.mm1"),
        (["model", "run", "queueing.mm1", "arrivals_per_s"], "key=value"),
        (["model", "run", "queueing.mm1", "arrival_per_s=1"], "arrivals_per_s"),
        (["model", "run", "queueing.mm1", "arrivals_per_s=2", "services_per_s=1"], "queue grows"),
        (["model", "run", "queueing.mm1", "arrivals_per_s=ten"], "arrivals_per_s"),
        (["model", "run", "queueing.mm1", "--sweep", "arrivals_per_s"], "="),
        (["model", "run", "queueing.mm1", "--sweep", "arrivals_per_s=1:2"], "low:high:points"),
        (["model", "run", "queueing.mm1", "--dask", "tcp://127.0.0.1:1"], "--sweep"),
        (["model", "run", "caching.replay", "trace=/nothing/there"], "no file"),
        (["decide", "no-such-decision"], "no decision"),
        (["check", "--reference", "/nothing"], "plan.yaml"),
        (["recheck", "/nothing"], "cannot be read"),
        (["decide", "cache-placement", "--set", "traffic.nope=1"], "--set: there is no workload field 'traffic.nope'"),
        (["decide", "cache-placement", "--set", "traffic.writes_per_s=-1"], "from 0 to 100,000,000/s"),
        (["serve", "--host", "203.0.113.9"], "an address of this machine"),
    ],
)
def test_wrong_use_is_one_clear_line(words: list[str], says: str) -> None:
    ended = run(*words)
    assert ended.returncode == 2, ended.stdout
    assert says in ended.stderr and "Traceback" not in ended.stderr


def test_help_and_version() -> None:
    for words in (
        [],
        ["model"],
        ["check"],
        ["model", "run"],
        ["decide"],
        ["serve"],
        ["build"],
        ["facts"],
        ["workload"],
    ):
        ended = run(*words, "--help")
        assert ended.returncode == 0 and "Usage" in ended.stdout, words
    assert started("--version").stdout.strip()


def test_what_prints_results_prints_json_too() -> None:
    for words in (["list"], ["model", "list"], ["facts"], ["explain"], ["workload", "fields"], ["workload", "schema"]):
        assert json.loads(run(*words, "--json").stdout), words


def test_build_writes_a_site_and_its_numbers(tmp_path: Path) -> None:
    root = write_reference(tmp_path / "reference")
    built = json.loads(run("build", "--json", "--out", str(tmp_path / "out"), "--reference", str(root)).stdout)
    assert built["pages"] > 5
    assert (tmp_path / "out" / "05-caching-strategies" / "index.html").is_file()


def test_a_record_is_rechecked_and_an_edited_one_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "record.md"
    facts = ["--set", "dependency.repeat=key_possible"]
    written = run("decide", "timeouts-and-retries", *facts, "--record", str(path))
    assert written.returncode == 0 and f"Record: {path}" in written.stdout
    again = run("recheck", str(path))
    assert again.returncode == 0 and again.stdout.startswith("Still holds")
    path.write_text(path.read_text(encoding="utf-8").replace("repeat: key_possible", "repeat: read"), encoding="utf-8")
    edited = run("recheck", str(path))
    assert edited.returncode == 1 and "was edited after the record was written" in edited.stdout


def test_fields_are_found_by_how_their_names_begin() -> None:
    found = json.loads(run("workload", "fields", "cache", "team.op", "--json").stdout)
    assert {entry["name"].partition(".")[0] for entry in found} == {"cache", "team"} and len(found) > 5
    assert "no workload field begins with 'cahce'. Did you mean cache" in run("workload", "fields", "cahce").stderr


def test_a_starter_file_can_be_decided_with(tmp_path: Path) -> None:
    path = tmp_path / "workload.yaml"
    path.write_text(run("workload", "new", "timeouts-and-retries").stdout, encoding="utf-8")
    decided = run("decide", "timeouts-and-retries", "--workload", str(path), "--explain")
    assert decided.returncode == 0 and "How this is computed" in decided.stdout


def test_all_that_is_wrong_in_a_workload_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "workload.yaml"
    path.write_text("traffic: {reads_per_s: -1, nope: 2}\ndata.size: 3 s\n", encoding="utf-8")
    ended = run("decide", "timeouts-and-retries", "--workload", str(path))
    assert ended.returncode != 0 and all(name in ended.stderr for name in ("reads_per_s", "nope", "data.size"))


@pytest.mark.parametrize("words", [("model", "list"), ("model", "run", "queueing.mm1"), ("list", "--json")])
def test_a_reader_who_leaves_is_no_error(words: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sysdesign", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_chart_is_a_picture_or_refused(tmp_path: Path, here: Here) -> None:
    assert here("model", "run", "queueing.mm1", "--chart", str(tmp_path / "x.png")).returncode == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    refused = here("model", "run", "queueing.mm1", "--chart", str(tmp_path / "x.pdf"))
    assert refused.returncode == 2 and "neither .svg nor .png" in refused.stderr

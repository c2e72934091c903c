"""Measurements as the tools that took them write them.

Files that tools wrote (ab, wrk, hey, Locust, HdrHistogram's log writer, Prometheus' client) stand in files/measured or
are written here by the tool's own library; forms of k6, vegeta, oha and JMeter's XML are by their sources.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.probability.distribution import Distribution
from sysdesign.readers.choices import Choices
from sysdesign.readers.measurements import read_measurements, read_points
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source
from sysdesign.running.model_run import run as run_model

FILES = Path(__file__).parent / "files" / "measured"


def told(given: Path | bytes, unit: str = "ms", **said: object):
    notices = Notices()
    read = read_measurements(Source(given), unit, Choices("latency", said), notices)
    return (read if isinstance(read, Distribution) else Distribution.from_samples(read)), "\n".join(notices.texts)


@pytest.mark.parametrize(
    ("name", "median", "p99", "said"),
    [
        ("loadtest-samples.jtl", 35, 275, "column 'elapsed' of JMeter in ms"),
        ("loadtest-points.csv", 34.95, 274.9, "metric 'http_req_duration'"),
        ("loadtest-decimal-comma.csv", 34.95, 274.94, "comma was read as the decimal sign"),
        ("latency-with-units.txt", 34.9, 274.9, ""),
        ("percentiles.hgrm", 34.991, 491.5, "HdrHistogram"),
        ("buckets.prom", 36.96, 375, "buckets of checkout_seconds"),
        ("ab.tsv", 2, 3, "column 'ttime' of ab in ms"),
        ("ab-percentiles.csv", 4.34, 33.3, "percentiles of ab"),
        ("ab.txt", 4, 33, "percentiles of ab"),
        ("wrk.txt", 4.25, 31.44, "nothing is known of the slowest 1%"),
        ("hey.csv", 4.6, 32.3, "column 'response-time' of hey in s"),
        ("hey.txt", 3.8, 10.6, "percentiles of hey"),
        ("locust_stats.csv", 26, 280, "row 'Aggregated' of Locust"),
    ],
)
def test_what_tools_write(name, median, p99, said):
    law, notices = told(FILES / name)
    assert (law.median, law.quantile(0.99)) == (pytest.approx(median, rel=0.02), pytest.approx(p99, rel=0.02))
    assert said in notices


@pytest.mark.parametrize(
    ("count", "said"), [(999, "999 measurements: percentiles over 99"), (200, "over 95"), (4, "over 0")]
)
def test_few_measurements_say_which_percentiles_rest_on_fewer_than_ten(count, said):
    assert said in told(b"".join(b"%d.5 ms\n" % at for at in range(count)))[1]
    assert "rest on" not in told(b"".join(b"%d.5 ms\n" % at for at in range(1000)))[1]


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.iterdir() if path.name != "throughput.csv"))
def test_the_encoding_and_the_ends_of_lines_change_nothing(name):
    text = (FILES / name).read_text(encoding="utf-8").replace("\r\n", "\n")
    law, _ = told(text.encode())
    for other in (text.encode("utf-16"), text.replace("\n", "\r").encode(), text.replace("\n", "\r\n").encode()):
        read, _ = told(other)
        assert [read.quantile(each) for each in (0.5, 0.9, 0.99)] == [law.quantile(each) for each in (0.5, 0.9, 0.99)]


def test_a_first_line_longer_than_the_head_is_no_blank_file():
    with pytest.raises(BadFile, match="is not a number"):
        told(b"a" * 70_000 + b"\n1\n2\n", header="no")


def test_utf_16_without_its_mark_is_named_before_columns_are_asked_for():
    for encoding in ("utf-16-le", "utf-16-be"):
        with pytest.raises(BadFile, match=r"looks like UTF-16 without the mark at its start\. Save it as UTF-8"):
            told("1,5\n10,9\n".encode(encoding))


def test_cumulative_counts_that_fall_are_refused_and_a_missing_last_bucket_is_said():
    head, last = '# TYPE a histogram\na_bucket{le="1"} 5\na_bucket{le="2"} ', 'a_bucket{le="+Inf"} 9\n'
    with pytest.raises(BadFile, match="has counted 5 up to 1 and 3 up to 2"):
        told(f"{head}3\n{last}".encode())
    assert "no bucket for +Inf" in told(f"{head}8\n".encode())[1]
    assert "+Inf" not in told(f"{head}8\n{last}".encode())[1]


def test_units_are_turned_into_the_inputs_own():
    assert told(FILES / "hey.csv", unit="s")[0].median == pytest.approx(told(FILES / "hey.csv")[0].median / 1000)
    assert told(b"61.9 ms\n0.1 s\n250 us\n")[0].quantile(1) == pytest.approx(100)
    assert told(b"latency_us\n1500\n2500\n")[0].quantile(0) == 1.5
    assert told(b"latency_us\n1500\n2500\n", unit="us")[0].quantile(0) == 1500
    assert (
        Distribution.from_samples(
            read_measurements(Source(b"3\n5\n"), "ms", Choices("latency", {"unit": "s"}), Notices())
        ).quantile(0)
        == 3000
    )


def test_a_comma_is_what_one_says_it_is():
    assert told(b"1,35\n2,40\n", decimal="comma")[0].quantile([0, 1]).tolist() == [1.35, 2.4]
    assert told(b"1,35\n2,40\n", column=2)[0].quantile([0, 1]).tolist() == [35, 40]
    assert told(b"987\n1,234\n")[0].quantile([0, 1]).tolist() == [987, 1234]
    assert told(b"t;ms\n1;38,2\n2;1.234,5\n")[0].quantile([0, 1]).tolist() == [38.2, 1234.5]
    with pytest.raises(
        BadFile, match=r":3: '1.2.3' can be read in two ways. Say latency_decimal=comma, or write 1234.5$"
    ):
        told(b"1\n2\n1.2.3\n")


def test_k6_points_as_json_lines():
    lines = [
        {"type": "Metric", "metric": "http_req_duration", "data": {"name": "http_req_duration"}},
        *({"type": "Point", "metric": "http_req_duration", "data": {"value": value}} for value in (10.5, 20.5, 30.5)),
        {"type": "Point", "metric": "http_reqs", "data": {"value": 1}},
    ]
    text = "\n".join(map(json.dumps, lines)).encode()
    assert told(text)[0].median == 20.5
    assert told(text, metric="http_reqs")[0].median == 1
    with pytest.raises(BadFile, match="no metric 'other' among http_req_duration, http_reqs"):
        told(text, metric="other")


def test_k6_and_oha_and_vegeta_reports():
    k6 = {"metrics": {"http_req_duration": {"avg": 20, "min": 1, "med": 15, "max": 90, "p(90)": 40, "p(95)": 60}}}
    assert told(json.dumps(k6).encode())[0].quantile([0.5, 0.9, 0.95, 1]).tolist() == [15, 40, 60, 90]
    oha = {"summary": {"total": 1}, "latencyPercentiles": {"p50": 0.01, "p99": 0.05, "p99.9": 0.2}}
    assert told(json.dumps(oha).encode())[0].quantile([0.5, 0.99]).tolist() == [10, 50]
    vegeta = {"latencies": {"mean": 3e6, "50th": 2e6, "90th": 4e6, "95th": 5e6, "99th": 9e6, "max": 2e7}}
    assert told(json.dumps(vegeta, indent=1).encode())[0].quantile([0.5, 0.99, 1]).tolist() == [2, 9, 20]


def test_vegeta_results_and_text():
    row = b"1780000000000000000,200,35000000,0,512,,,load,1,GET,http://example.test/x,\n"
    assert told(row * 3)[0].median == 35
    assert told(b'{"attack":"","seq":0,"code":200,"latency":35000000}\n' * 2)[0].median == 35
    text = (
        b"Requests      [total, rate, throughput]  10, 1, 1\n"
        b"Latencies     [min, mean, 50, 90, 95, 99, max]  1ms, 3ms, 2ms, 4.5ms, 5ms, 1.2s, 1m2s\n"
    )
    assert told(text)[0].quantile([0.5, 0.99, 1]).tolist() == [2, 1200, 62_000]


def test_jmeter_as_xml_counts_samples_and_not_their_parts():
    text = b"""<?xml version="1.0" encoding="UTF-8"?><testResults version="1.2">
<httpSample t="40" lt="38" ts="1780000000000" s="true" lb="x" rc="200"><httpSample t="9" s="true"/></httpSample>
<sample t="60" s="true"/></testResults>"""
    assert told(text)[0].quantile([0, 1]).tolist() == [40, 60]
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><testResults><sample t="1"/></testResults>'
    with pytest.raises(BadFile, match="declares entities"):
        told(bomb)


def test_a_histogram_log_of_the_librarys_own_writer():
    from hdrh.histogram import HdrHistogram
    from hdrh.log import HistogramLogWriter

    histogram = HdrHistogram(1, 10_000_000, 3)
    for value in range(1, 10_001):
        histogram.record_value(value * 10)
    histogram.set_start_time_stamp(0)
    histogram.set_end_time_stamp(1000)
    file = io.StringIO()
    writer = HistogramLogWriter(file)
    writer.output_log_format_version()
    writer.output_legend()
    writer.output_interval_histogram(histogram)
    text = file.getvalue().encode()
    with pytest.raises(BadFile, match="does not say its unit"):
        told(text)
    law = read_measurements(Source(text), "ms", Choices("latency", {"unit": "us"}), Notices())
    assert law.quantile([0.5, 0.99]) == pytest.approx([50, 99], rel=0.002)  # three digits, in ms


def test_prometheus_by_its_own_client():
    from prometheus_client import CollectorRegistry, Histogram, generate_latest

    registry = CollectorRegistry()
    seconds = Histogram("page_seconds", "x", ["route"], registry=registry, buckets=(0.01, 0.1, 1))
    for value in (0.005,) * 50 + (0.05,) * 49 + (5,):
        seconds.labels("a").observe(value)
        seconds.labels("b").observe(value)
    law, notices = told(generate_latest(registry))
    assert law.quantile([0.5, 0.99, 1]).tolist() == pytest.approx([10, 100, 1000])
    assert "2 series by label; they were added up" in notices


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"3 ms\n4\n", "has no unit|some values have a unit"),
        (b"a;b\n1;2\n3;4\n", "Say which column"),
        (b"5 GB\n6 GB\n", "the file is in GB"),
        (b"1\n2\nx\n", ":3: 'x' is not a number"),
        (b"{}\n", "without percentiles"),
        (b"1e999\n", "finite|two ways"),
        (b"1,35\n2,40\n", "latency_decimal=comma, or which column"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text, words):
    with pytest.raises(InvalidInput, match=words):
        told(text)


def test_each_measurement_is_needed_where_the_model_replays_them():
    with pytest.raises(BadFile, match="each measurement is needed"):
        read_measurements(Source(FILES / "wrk.txt"), "s", Choices("gaps"), Notices(), each=True)


def test_points_by_the_names_of_a_load_test():
    points = [
        read_points(Source(FILES / "throughput.csv"), name, Choices(name), Notices())
        for name in ("nodes", "throughput")
    ]
    typed = run_model("scaling_laws.usl_fit", {"nodes": points[0], "throughput": points[1]}).result
    assert (typed.alpha, typed.beta) == (pytest.approx(0.04, rel=0.01), pytest.approx(0.0006, rel=0.01))


def test_percentiles_read_back_as_typed():
    law = Distribution.from_percentiles([0.5, 0.99], [35, 275])
    assert Distribution.of(law.text) == law
    assert law.quantile([0.25, 0.745, 0.999]).tolist() == [35, 155, 275]
    drawn = law.sample(np.random.default_rng(1), 200_000)
    assert drawn.mean() == pytest.approx(law.mean, rel=0.01) and drawn.var() == pytest.approx(law.variance, rel=0.02)
    assert law.cdf(155) == pytest.approx(0.745) and law.cdf(34.9) == 0 and law.cdf(275) == 1
    with pytest.raises(InvalidInput, match="do not fall"):
        Distribution.of("percentiles(0.5, 35, 0.9, 20)")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", [b"\n", b"\n ", b"\t", b" \n", b"Value ", b"Value(", b"a_bucket{"])
def test_hostile_lines_cost_no_more_than_their_length(piece: bytes) -> None:
    text = piece * (200_000 // len(piece)) + b"!"
    with pytest.raises(BadFile):
        read_measurements(Source(text), "ms", Choices("latency"), Notices())


DECIMALS = "".join(f"{whole},{whole % 100:02d}\n" for whole in range(1, 100))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latenz\n" + DECIMALS, {}), ("latenz\n" + DECIMALS, {"column": "latenz"}),
        ("latenz\n" + DECIMALS, {"column": "latenz", "decimal": "comma"}), (DECIMALS, {"decimal": "comma"}),
        ("id;latenz\n" + "".join(f"{n};{line}\n" for n, line in enumerate(DECIMALS.split())), {"column": "latenz"}),
        ("latenz\n" + DECIMALS.replace("\n", ";\n"), {"column": "latenz"}),
    ],
    ids=["one name", "named", "named and said", "said", "beside ids", "ends in a separator"],
)  # fmt: skip
def test_a_decimal_comma_is_no_separator(text: str, said: dict[str, str]) -> None:
    read = read_measurements(Source(text.encode()), "ms", Choices("latency", said), Notices())
    assert list(read) == pytest.approx([whole + (whole % 100) / 100 for whole in range(1, 100)])


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("Latenz [s]", 1000), ("Latenz in Sekunden", 1000), ("elapsedMillis", 1), ("durationMicros", 1e-3),
        ("Temps (\u03bcs)", 1e-3), ("wait (hrs)", 3.6e6), ("Zeit [min]", 60_000), ("Latency (SEC)", 1000),
        ("response min", 1), ("S", 1), ("time in queue", 1), ("latency (server)", 1),
    ],
)  # fmt: skip
def test_the_unit_of_a_column_is_read_from_its_name(header: str, factor: float) -> None:
    rows = f"id;{header}\n" + "".join(f"{n};{n},5\n" for n in range(1, 60))
    read = read_measurements(Source(rows.encode()), "ms", Choices("latency", {"column": 2}), Notices())
    assert list(read) == pytest.approx([(n + 0.5) * factor for n in range(1, 60)])


def test_a_unit_in_square_brackets_that_is_not_known_is_asked_for() -> None:
    rows = "id;Takt [ticks]\n" + "".join(f"{n};{n}\n" for n in range(1, 60))
    with pytest.raises(BadFile, match=r"'ticks', which is no known unit.*latency_unit="):
        read_measurements(Source(rows.encode()), "ms", Choices("latency", {"column": 2}), Notices())
    said = {"column": 2, "unit": "s"}
    assert next(iter(read_measurements(Source(rows.encode()), "ms", Choices("latency", said), Notices()))) == 1000


def test_columns_without_a_name_make_names_no_address() -> None:
    rows = "a,b\n" + "".join(f"x{n},{n},{n + 1}\n" for n in range(50))
    with pytest.raises(BadFile, match="names 2 columns and the lines below have 3"):
        read_measurements(Source(rows.encode()), "ms", Choices("latency", {"column": "b"}), Notices())
    by_number = read_measurements(
        Source(rows.encode()), "ms", Choices("latency", {"column": 2, "header": "yes"}), Notices()
    )
    assert list(by_number) == list(range(50))
    thousands = "latency\n" + "".join(f"{n},{n}\n" for n in range(100, 200))
    with pytest.raises(BadFile, match="latency_decimal=comma"):
        read_measurements(Source(thousands.encode()), "ms", Choices("latency", {"column": "latency"}), Notices())
    both = {"separator": "comma", "decimal": "comma"}
    with pytest.raises(InvalidInput, match="cannot be both"):
        read_measurements(Source(rows.encode()), "ms", Choices("latency", both), Notices())


def test_lines_without_a_value_are_passed_over_and_counted() -> None:
    gaps = {7: "", 8: "-", 11: "NA", 12: "null"}
    rows = "time;latency\n" + "".join(f"12:00:{n:02d},5;{gaps.get(n, f'{n},5')}\n" for n in range(50))
    notices = Notices()
    read = read_measurements(Source(rows.encode()), "ms", Choices("latency", {"column": "latency"}), notices)
    assert list(read) == [n + 0.5 for n in range(50) if n not in gaps]
    assert "passed over 4 lines without a value" in notices.texts
    with pytest.raises(BadFile):  # lists that belong together must not lose single values
        read_points(Source(b"nodes,rate\n1,10\n,20\n3,30\n"), "nodes", Choices("nodes"), Notices())


def test_a_comma_within_times_does_not_part_what_semicolons_do() -> None:
    rows = "Zeit;Latenz\n" + "".join(f"2026-11-30 12:00:{n % 60:02d},123;{n},25\n" for n in range(200))
    read = read_measurements(Source(rows.encode()), "ms", Choices("latency", {"column": "Latenz"}), Notices())
    assert list(read) == [n + 0.25 for n in range(200)]


def test_kinds_of_lines_that_are_taken_together_are_said() -> None:
    rows = "".join(
        f"10:{at % 60:02},{'/abc'[at % 3]},{at % 7},{503 if at % 10 == 0 else 200},w{at % 2}\n" for at in range(60)
    )
    _, notices = told(f"ts,route,dur_ms,status-code,Thread Name\n{rows}".encode())
    said = "lines of several kinds are taken together: 3 of 'route' (/, a, b), "
    assert said + "6 of the first 60 with a 'status-code' of 400 or more. For one kind" in notices
    alone = "".join(f"{at},/a,{at % 7},200,id{at}\n" for at in range(60))
    assert "several kinds" not in told(f"ts,route,dur_ms,status,request\n{alone}".encode())[1]

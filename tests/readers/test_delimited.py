"""Separators, quotes, headers and columns of delimited text, told from its first lines."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.readers.choices import Choices
from sysdesign.readers.delimited import column, dialect, fields, sample
from sysdesign.readers.notices import Notices


def told(text: str, **said):
    notices = Notices()
    return dialect("f", sample(text), Choices("x", said), notices), notices


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "::", " "])
def test_every_separator_is_found(separator):
    rows = [("time", "user id", "size"), ("1", "a", "10"), ("2", "b,c;d", "20"), ("3", "e f", "30")]
    text = "\n".join(separator.join(f'"{each}"' if set(each) & set(" ,;") else each for each in row) for row in rows)
    found, notices = told(text)
    assert (found.separator, found.width, found.header) == (separator, 3, rows[0])
    assert "x_separator=" in notices.texts[0]
    assert fields(text.splitlines()[2], separator) == list(rows[2])


def test_one_field_a_line_and_lines_of_words():
    assert told("a\nb\na\n")[0].separator == ""
    assert told("GET /a\nGET /b c\nlonger line of words\nx\n")[0].separator == ""
    assert told("# made by hand\nx;y\n1;2\n")[0].header == ("x", "y")


def test_decimal_commas_do_not_part_columns():
    assert told("t;ms\n1;34,5\n2;33,1\n")[0].separator == ";"


def test_two_separators_that_fit_alike_are_asked_for():
    with pytest.raises(BadFile, match=r"parted by pipe or comma, as in 'a\|b,1'. Say which with x_separator="):
        told("a|b,1\nc|d,2\n")
    assert told("a|b,1\nc|d,2\n", separator="comma")[0].separator == ","
    assert told("a|b,1\nc|d,2\n", separator="|")[0].separator == "|"
    with pytest.raises(InvalidInput, match="Did you mean comma"):
        told("a,b\n", separator="coma")


def test_a_column_by_name_number_usual_name_or_asked_for():
    found, _ = told("time,key,size\n1,a,10\n2,b,20\n")
    notices = Notices()

    def at(**said):
        return column("f", found, Choices("x", said), notices, usual=("key",) if not said else ())

    assert (at(column="size"), at(column=1), at(column="2"), at()) == (2, 0, 1, 1)
    assert notices.texts == ("read column 'key' as the key; others: time, size; choose with x_column=",)
    with pytest.raises(BadFile, match=r"no column is named 'siz'. Did you mean size"):
        at(column="siz")
    with pytest.raises(BadFile, match=r"no column 4.*from 1 to 3 or a name \(time, key, size\)"):
        at(column=4)
    with pytest.raises(BadFile, match=r"3 columns.*Say which column is the key: x_column= takes a number from 1 to 3"):
        column("f", found, Choices("x"), Notices())
    words, _ = told("op,item\nget,a\nset,b\n")
    assert words.header == () and told("op,item\nget,a\n", column="item")[0].header == ("op", "item")
    assert told("op,item\nget,a\n", header="yes")[0].header == ("op", "item")


CELLS = st.lists(st.text(st.sampled_from('ab1," '), max_size=5).map(str.strip), min_size=2, max_size=4)


@settings(max_examples=300, deadline=None)
@given(CELLS)
def test_fields_are_those_of_the_csv_module(cells):
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    assert fields(buffer.getvalue(), ",") == cells


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ['"' * 60_000, '"a' * 30_000, '"",' * 20_000, " " * 60_000 + '"', '" ' * 30_000])
def test_long_lines_of_quotes_cost_no_more_than_their_length(line):
    for separator in (",", " ", "::"):
        fields(line, separator)

import contextlib
import gzip
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from fixtures import make_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.readers import tables
from tagger.readers.tables import streams
from tagger.works import Declared, Failure, Work

FIXTURES = Path(__file__).parent / "fixtures" / "tables"

# Files that are small and new to every example are made in the same folder.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path) -> list[Work | Failure]:
    return list(tables.works(path))


def only_work(path: Path) -> Work:
    (work,) = read(path)
    assert isinstance(work, Work), work
    return work


def only_error(path: Path) -> str:
    (failure,) = read(path)
    assert isinstance(failure, Failure)
    assert "\n" not in failure.error
    return failure.error


def csv(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "works.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def bodies(work: Work | Failure) -> list[tuple[str, str]]:
    assert isinstance(work, Work), work
    return [(each.title, work.text[each.start : each.end]) for each in work.chapters]


# -- which files are tables


@pytest.mark.parametrize(
    ("name", "head"),
    [
        *((name, b"") for name in ("a.csv", "a.TSV", "a.jsonl.gz", "a.jsonl.zst", "a.sql", "a.sql.gz", "a.parquet")),
        *(("a.db", b"SQLite format 3\0more"), ("a", b"PAR1"), ("a.sqlite", b"")),
    ],
)
def test_tables(name, head):
    assert tables.is_table(Path(name), head)


@pytest.mark.parametrize(
    ("name", "head"),
    [("a.txt", b"id,text"), ("a.jsonl", b"{"), ("a.db", b""), ("a.gz", b"\x1f\x8b"), ("a.epub", b"PK")],
)
def test_no_tables(name, head):
    assert not tables.is_table(Path(name), head)


def test_a_file_that_is_missing_empty_or_no_table(tmp_path):
    assert only_error(tmp_path / "a.csv").endswith("a.csv: no such file; check the spelling")
    assert only_error(csv(tmp_path, "")).endswith("works.csv: is empty")
    (tmp_path / "a.txt").write_text("It rained.")
    assert "name a .csv" in only_error(tmp_path / "a.txt")


# -- CSV


def test_excel_csv():
    first, empty, last = read(FIXTURES / "excel.csv")
    assert isinstance(first, Work)
    assert (first.id, first.text) == ("12", 'Nobody’s café was open.\r\n\r\n"Tea?" she asked.')
    assert first.declared == Declared("M", ("grief", "blood"))
    assert (first.source.format, first.source.encoding) == ("csv", "cp1252")
    assert isinstance(empty, Failure)
    assert (empty.id, empty.error.rpartition("/")[2]) == ("13", "excel.csv:4: holds no text")
    assert isinstance(last, Work)
    assert (last.id, last.declared.rating) == ("14", "G")


def test_each_cell_has_its_own_encoding():
    first, second, short = read(FIXTURES / "mixed.csv")
    assert isinstance(first, Work)
    assert isinstance(second, Work)
    assert (first.text, first.source.encoding) == ("Cafés close early.", "cp1252")
    assert first.source.repairs == ("1 byte that is not UTF-8 read as cp1252",)
    assert first.declared.tags == ("tea", "rain")
    assert (second.text, second.source.encoding, second.source.repairs) == ("Cafés close late.", "utf-8", ())
    assert isinstance(short, Failure)
    assert short.error.endswith("mixed.csv:4: has 1 cells where the header has 3")


def test_unicode_text_with_tabs():
    work = only_work(FIXTURES / "utf16.tsv")
    assert (work.id, work.text) == ("x", "Ночь была тёмной.")
    assert work.declared.warnings == ("Major Character Death",)


def test_backslashes_and_html():
    first, second = read(FIXTURES / "mysql-export.csv")
    assert bodies(first) == [("", 'He said "no", and left.')]
    assert bodies(second) == [("", "She stayed & listened.\n\nRain.")]


def test_without_an_id_a_work_is_named_by_its_row(tmp_path):
    path = csv(tmp_path, "text\nIt rained.\n\nIt poured.\n")
    assert [work.id for work in read(path)] == [f"{path}:2", f"{path}:4"]


def test_the_header_of_a_text_is_declared_where_its_row_says_nothing(tmp_path):
    path = csv(tmp_path, 'text,rating,tags\n"Title: Tea\nRating: M\nTags: tea\n\nIt rained.",,rain\n')
    work = only_work(path)
    assert work.declared == Declared("M", (), ("rain",))
    assert bodies(work) == [("", "It rained.")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    path = csv(tmp_path, delimiter.join(("Id", "BODY")) + "\n" + delimiter.join(("x", '"Rain, rain; r|a\tin"')) + "\n")
    assert only_work(path).text == "Rain, rain; r|a\tin"


def test_no_column_for_the_text_names_those_there_are(tmp_path):
    error = only_error(csv(tmp_path, "ident;Content;a\x1bb\n1;It rained.;x\n"))
    assert (
        "works.csv: no column is named text, body, story or storytext; name one so (found: ident, Content, a b)"
        in error
    )


@pytest.mark.parametrize("content", ["text\n", "text", "sep=;\ntext\n"])
def test_no_rows(tmp_path, content):
    assert only_error(csv(tmp_path, content)).endswith("works.csv: has a header and no rows")


def test_a_quotation_mark_left_open(tmp_path, monkeypatch):
    from tagger.readers.tables import delimited

    monkeypatch.setattr(delimited, "LONGEST_CELL", 1000)
    first, failure = read(csv(tmp_path, 'text\nIt rained.\n"open' + "and on\n" * 1000))
    assert isinstance(first, Work)
    assert isinstance(failure, Failure)
    assert (
        "works.csv: after row 2: field larger than field limit (1000); is a quotation mark left open?" in failure.error
    )


# -- packed lines


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_packed_lines(tmp_path, suffix):
    path = make_tables.packed_lines(tmp_path / f"works.jsonl.{suffix}")
    first, _, empty = read(path)
    assert isinstance(first, Work)
    assert (first.id, first.declared) == ("a", Declared("M", ("grief",), ("tea", "rain")))
    assert isinstance(empty, Failure)
    assert empty.error == f'{path}:3: "text" is empty'


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_packed_lines_cut_short(tmp_path, suffix):
    path = make_tables.packed_lines(tmp_path / f"works.jsonl.{suffix}")
    path.write_bytes(path.read_bytes()[:-20])
    assert isinstance(read(path)[-1], Failure)


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MOST_UNPACKED", 1_000_000)
    path = tmp_path / "works.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * 10_000_000))
    assert only_error(path) == f"{path}: unpacks to far more than works do; refused as a bomb"


def test_without_zstandard_it_says_what_to_install(tmp_path, monkeypatch):
    path = make_tables.packed_lines(tmp_path / "works.jsonl.zst")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert only_error(path) == f"{path}: needs a package to be unpacked: pip install zstandard"


# -- Parquet


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    first, second, empty = read(make_tables.parquet(tmp_path / "works.parquet"))
    assert isinstance(first, Work)
    assert first.declared == Declared("M", ("grief",), ("tea", "rain"))
    assert bodies(second) == [("", "It rained.\n\nAll day.")]
    assert isinstance(empty, Failure)
    assert empty.id == "c"


def test_parquet_without_a_column_for_the_text(tmp_path):
    pytest.importorskip("pyarrow")
    assert "(found: Words, prose)" in only_error(make_tables.parquet(tmp_path / "a.parquet", [{"prose": "It rained."}]))


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "works.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert only_error(path) == f"{path}: is Parquet, which needs a package: pip install pyarrow"


# -- databases


def test_a_table_is_read_by_its_key(tmp_path):
    works = read(make_tables.stories(tmp_path / "a.sqlite"))
    assert [work.id for work in works] == [str(each) for each in range(1, 101) if each % 10]
    assert isinstance(works[0], Work)
    assert works[0].text == "Story 1: it rained."
    assert works[0].declared.rating == "G"


def test_a_table_without_row_ids(tmp_path):
    works = read(make_tables.without_row_ids(tmp_path / "a.sqlite"))
    assert len({work.id for work in works}) == 100
    assert works[0].id.endswith("a.sqlite:works/é0/0")
    assert works[34].id.endswith("a.sqlite:works/é1/1")


def test_reading_leaves_no_trace(tmp_path):
    path = make_tables.stories(tmp_path / "a.sqlite", 10)
    before = path.read_bytes()
    path.chmod(0o444)
    assert len(read(path)) == 9
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_without_a_column_for_the_text(tmp_path):
    path = make_tables.database(tmp_path / "a.sqlite", "CREATE TABLE users (name, mail)")
    assert "(found: users.name, users.mail)" in only_error(path)


def test_bytes_that_are_not_utf8_in_a_database(tmp_path):
    path = make_tables.database(
        tmp_path / "a.sqlite",
        "CREATE TABLE works (id, text);"
        "INSERT INTO works VALUES (1, CAST(x'436166e92e' AS TEXT)), (2, x'436166e92e'), (3, 7)",
    )
    first, second, number = read(path)
    assert bodies(first) == bodies(second) == [("", "Café.")]
    assert isinstance(number, Failure)
    assert "the text is int, not text" in number.error


# -- eFiction


def test_an_efiction_dump():
    path = FIXTURES / "efiction.sql"
    ferry, rain, unwritten = read(path)
    assert bodies(ferry) == [
        ("The Quay", "She waited on the quay & shivered.\n\nNobody’s café was open."),
        ("Home", "At home there was a letter; it said 'come (soon)'.\r\n\r\nShe went."),
    ]
    assert isinstance(ferry, Work)
    assert (ferry.id, ferry.source.format, ferry.source.encoding) == (f"{path}:7", "sql", "cp1252")
    assert ferry.declared == Declared("R", ("Violence",), ("Angst",))
    assert ferry.source.ignored == ("author's note",)
    assert bodies(rain) == [("Rain", "It rained;\nit's still raining.")]
    assert isinstance(rain, Work)
    assert rain.declared == Declared("PG-13", ("Character Death",), ("Angst",))
    assert unwritten == Failure(f"{path}:9", f"{path}:9: has no chapters with text")


def test_pieces_say_which_chapter_a_stretch_stands_in():
    work = read(FIXTURES / "efiction.sql")[0]
    assert isinstance(work, Work)
    assert {piece.part for piece in work.pieces} == {"my_fanfiction_chapters/1", "my_fanfiction_chapters/2"}
    last = work.pieces[-1]
    assert work.text[last.start : last.start + last.length].startswith("At home")
    assert (last.source, last.length, last.width) == (0, 63, 63)
    source = "<p>She waited on the quay &amp; <i>shiv</i>ered.</p>\r\n<p>Nobody’s café was open.</p>"
    for piece in work.pieces[:-1]:
        there = source[piece.source : piece.source + piece.width]
        assert there.replace("&amp;", "&") == work.text[piece.start : piece.start + piece.length]


def test_an_efiction_archive_with_texts_in_files(tmp_path):
    path = make_tables.efiction_in_files(tmp_path)
    (tmp_path.parent / "6.txt").write_text("outside")
    ferry, lost, sly = read(path)
    assert bodies(ferry) == [("One", "She waited on the quay."), ("Two", "Cafés closéd.")]
    assert isinstance(ferry, Work)
    assert ferry.declared == Declared("Mature", ("Violence",), ("Angst",))
    assert {piece.part for piece in ferry.pieces} == {"stories/3/1.txt", "stories/3/2.txt"}
    error = "the text of chapter 5 is missing; put the archive's stories/3/5.txt beside it"
    assert lost == Failure(f"{path}:8", f"{path}:8: {error}")
    assert isinstance(sly, Failure)
    assert "chapter 6 has no text" in sly.error


def test_a_dump_is_read_chunk_by_chunk(tmp_path, monkeypatch):
    from tagger.readers.tables import dump

    whole = read(FIXTURES / "efiction.sql")
    monkeypatch.setattr(dump, "_CHUNK", 7)
    shutil.copy(FIXTURES / "efiction.sql", tmp_path / "efiction.sql")
    parts = read(tmp_path / "efiction.sql")
    assert [bodies(work) for work in parts[:2]] == [bodies(work) for work in whole[:2]]


def test_a_packed_dump_of_a_plain_table(tmp_path):
    path = tmp_path / "a.sql.gz"
    path.write_bytes(
        gzip.compress(b"CREATE TABLE w (id int, `text` text); INSERT INTO w VALUES (1,'It rained.'),(2,NULL);")
    )
    first, second = read(path)
    assert bodies(first) == [("", "It rained.")]
    assert isinstance(second, Failure)


@pytest.mark.parametrize("content", [b"It rained.", b"SELECT 1;", b"CREATE TABLE ", b"INSERT INTO VALUES", b"'open"])
def test_what_is_no_dump(tmp_path, content):
    path = tmp_path / "a.sql"
    path.write_bytes(content)
    assert str(path) in only_error(path)


# -- anything


def check(results: list[Work | Failure]) -> None:
    for each in results:
        if isinstance(each, Failure):
            assert "\n" not in each.error
            continue
        each.text.encode()
        assert all(0 <= chapter.start <= chapter.end <= len(each.text) for chapter in each.chapters)
        assert all(0 <= piece.start <= piece.start + piece.length <= len(each.text) for piece in each.pieces)


SUFFIXES = ["csv", "tsv", "sql", "sqlite", "jsonl.gz", "jsonl.zst", "parquet", "csv.gz"]
TOKENS = st.sampled_from(
    b"CREATE TABLE|INSERT INTO|VALUES|`text`|`fanfiction_stories`|(|)|,|;|'it rained'|'open|\\|0x41|0x4|1|-1.5e9|1e999|"
    b"99999999999999999999|NULL|-- x\n|/* x */|/*|#|text|id|PRIMARY KEY|\xe9|\0|\n".split(b"|")
)


@in_one_folder
@given(st.sampled_from(SUFFIXES), st.binary(max_size=200))
def test_any_bytes_are_works_or_failures(tmp_path, suffix, data):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    results = read(path)
    assert results
    check(results)


@in_one_folder
@given(st.lists(TOKENS, max_size=30).map(b" ".join))
def test_any_statements_are_works_or_failures(tmp_path, statements):
    path = tmp_path / "a.sql"
    path.write_bytes(statements)
    check(read(path))


@in_one_folder
@given(st.text(max_size=100), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-16"]))
def test_any_rows_are_works_or_failures(tmp_path, rows, delimiter, encoding):
    content = f"id{delimiter}text\n{rows}".encode(encoding, "replace")
    check(read(csv(tmp_path, content)))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    made = [
        make_tables.stories(folder / "a.sqlite", 40),
        make_tables.efiction_in_files(folder),
        make_tables.packed_lines(folder / "a.jsonl.gz"),
        make_tables.packed_lines(folder / "a.jsonl.zst"),
    ]
    with contextlib.suppress(ImportError):
        made.append(make_tables.parquet(folder / "a.parquet"))
    return [*made, *sorted(path for path in FIXTURES.iterdir() if path.suffix != ".md")]


@in_one_folder
@given(st.integers(0, 20), st.integers(0, 20_000), st.binary(max_size=8))
def test_mutated_files(tmp_path, originals, which, place, change):
    original = originals[which % len(originals)]
    data = original.read_bytes()
    place %= len(data)
    path = tmp_path / original.name
    path.write_bytes(data[:place] + change + data[place + len(change) :] if change else data[:place])
    check(read(path))


@given(st.dictionaries(st.sampled_from(["id", "text", "rating", "warnings", "tags"]), st.text(max_size=20)))
def test_any_row_is_a_work_or_a_failure(cells):
    from tagger.readers.tables.rows import find_columns, read_row

    columns = find_columns(list(cells))
    if columns is None:
        assert "text" not in cells
        return
    check([read_row(list(cells.values()), columns, "a.csv:2", "csv")])


def test_a_line_that_is_too_long(tmp_path, monkeypatch):
    from tagger.readers.tables import lines

    monkeypatch.setattr(lines, "LONGEST_CELL", 100)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"text": "It rained."}).encode() + b"\n" + b"x" * 200))
    first, failure = read(path)
    assert isinstance(first, Work)
    assert isinstance(failure, Failure)
    assert re.search(r"a\.jsonl\.gz:2: the line has more than 100 bytes", failure.error)

"""tagger labels: listing, showing and mapping."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tagger import shipped
from tagger.cli.labels import Mapped, card, label_table, labels, map_names, mapping_table
from tagger.errors import LabelSetError, TaggerError, UnknownLabelError, UsageError
from tagger.labels import load

SHIPPED = load(shipped.labels_file())


def run(*arguments: str):
    app = typer.Typer()
    app.command()(labels)
    return CliRunner().invoke(app, list(arguments))


def printed(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def raised(*arguments: str) -> TaggerError:
    error = run(*arguments).exception
    assert isinstance(error, TaggerError)
    return error


class TestList:
    def test_has_a_line_for_each_label_with_id_kind_and_definition(self):
        lines = printed().splitlines()
        assert [line.split()[:2] for line in lines] == [[label.id, label.kind] for label in SHIPPED]
        assert all(line.endswith(label.definition) for line, label in zip(lines, SHIPPED, strict=True))

    def test_lines_up_its_columns(self):
        rows = label_table([SHIPPED["war"], SHIPPED["dysfunctional-relationship"]]).splitlines()
        assert rows[0].index("warning") == rows[1].index("warning")

    @pytest.mark.parametrize(("kind", "ids"), [("warning", SHIPPED.warnings), ("tag", SHIPPED.tags)])
    def test_may_be_of_one_kind(self, kind, ids):
        assert tuple(line.split()[0] for line in printed("--kind", kind).splitlines()) == ids

    def test_as_json_is_what_a_model_stores(self):
        assert json.loads(printed("--format", "json")) == SHIPPED.to_dicts()


class TestShow:
    def test_tells_everything_about_a_label(self):
        shown = printed("graphic-violence")
        label = SHIPPED["graphic-violence"]
        assert shown.startswith("graphic-violence: Graphic violence (warning)\n" + label.definition)
        assert "implies:     violence" in shown
        flat = " ".join(shown.split())
        assert all(name in flat for names in label.vocabularies.values() for name in names)

    def test_leaves_out_what_a_label_does_not_have(self):
        assert "implies" not in card(SHIPPED["fluff"])
        assert "PAN'23" not in card(SHIPPED["fluff"])

    def test_shows_several_in_the_order_asked(self):
        shown = [label["id"] for label in json.loads(printed("war", "abuse", "--format", "json"))]
        assert shown == ["war", "abuse"]

    def test_an_unknown_label_is_an_error_with_a_suggestion(self):
        error = raised("greif")
        assert isinstance(error, UnknownLabelError)
        assert "did you mean grief" in str(error)


class TestMap:
    def test_searches_every_vocabulary_unless_told_which(self):
        assert [(m.vocabulary, m.labels) for m in map_names(SHIPPED, ["Violence"], None)] == [
            ("ao3_tags", ("violence",)),
            ("pan23", ("violence",)),
            ("wtwc", ("violence",)),
        ]
        assert [m.vocabulary for m in map_names(SHIPPED, ["Violence"], "pan23")] == ["pan23"]

    @pytest.mark.parametrize(
        ("name", "part", "label"),
        [("rape/non-con", "ao3", "sexual-violence"), ("whump", "ao3_tags", "hurt-comfort")],
    )
    def test_ao3_covers_archive_warnings_and_additional_tags(self, name, part, label):
        assert map_names(SHIPPED, [name], "ao3") == [Mapped(name, part, (label,), None)]

    def test_several_labels_come_in_the_order_of_the_set(self):
        assert printed("--map", "Fluff and Angst") == "Fluff and Angst  ao3_tags  angst, fluff\n"

    def test_a_name_without_a_label_comes_with_the_reason(self):
        (mapped,) = map_names(SHIPPED, ["Underage Sex"], None)
        assert mapped.labels == ()
        assert mapping_table([mapped]).endswith("no label: can only be declared: age is never inferred from a text")

    def test_a_name_that_nobody_knows_is_said_to_be_unknown_and_is_no_failure(self):
        assert printed("--map", "Zebra") == "Zebra  -  no label: the name is not known\n"

    def test_as_json_takes_several_names(self):
        mapped = json.loads(printed("--map", "dying", "--map", "Zebra", "--vocabulary", "pan23", "--format", "json"))
        assert mapped == [
            {"name": "dying", "vocabulary": "pan23", "labels": ["character-death"], "reason": None},
            {"name": "Zebra", "vocabulary": None, "labels": [], "reason": None},
        ]


class TestOptions:
    def test_another_label_set_may_be_read(self, tmp_path: Path):
        file = tmp_path / "weather.toml"
        file.write_text('[[label]]\nid = "storm"\nname = "Storm"\nkind = "tag"\ndefinition = "It blows."\n')
        assert printed("--labels", str(file)) == "storm  tag  It blows.\n"

    def test_a_kind_that_the_set_has_not_lists_nothing(self, tmp_path: Path):
        file = tmp_path / "weather.toml"
        file.write_text('[[label]]\nid = "storm"\nname = "Storm"\nkind = "tag"\ndefinition = "It blows."\n')
        assert printed("--labels", str(file), "--kind", "warning").strip() == ""

    def test_a_label_file_that_is_not_there_is_an_error(self, tmp_path: Path):
        assert isinstance(raised("--labels", str(tmp_path / "none.toml")), LabelSetError)

    @pytest.mark.parametrize(
        "arguments",
        [
            ("grief", "--map", "Violence"),
            ("--vocabulary", "pan23"),
            ("grief", "--kind", "tag"),
            ("--map", "Violence", "--kind", "tag"),
        ],
    )
    def test_options_that_do_not_go_together_are_refused(self, arguments):
        assert isinstance(raised(*arguments), UsageError)

    @pytest.mark.parametrize("arguments", [("--vocabulary", "tumblr"), ("--kind", "mood"), ("--format", "xml")])
    def test_a_choice_that_is_not_offered_is_refused(self, arguments):
        assert run(*arguments).exit_code == 2

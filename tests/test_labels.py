"""The label set: what ships, what a file may say, and what other vocabularies mean by it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import shipped
from tagger.errors import LabelSetError, UnknownLabelError, UsageError
from tagger.labels import Label, LabelSet, Presence, from_names, load, parse

SHIPPED = load(shipped.labels_file())

# fmt: off
PAN23 = [
    "pornographic-content", "violence", "death", "sexual-assault", "abuse", "blood", "suicide", "pregnancy",
    "child-abuse", "incest", "underage", "homophobia", "self-harm", "dying", "kidnapping", "mental-illness",
    "dissection", "eating-disorders", "abduction", "body-hatred", "childbirth", "racism", "sexism",
    "miscarriages", "transphobia", "abortion", "fat-phobia", "animal-death", "ableism", "classism",
    "misogyny", "animal-cruelty",
]
# fmt: on
WTWC = [*PAN23, "heterosexism", "islamophobia", "antisemitism", "transmisogyny"]
ARCHIVE_WARNINGS = {"graphic-violence", "character-death", "sexual-violence"}

STORM = '[[label]]\nid = "storm"\nname = "Storm"\nkind = "warning"\ndefinition = "It blows."\n'
RAIN = STORM.replace("storm", "rain").replace("Storm", "Rain")


def chain(*implications: tuple[str, str]) -> LabelSet:
    """Labels a..e of which each implies what the pairs say."""
    return LabelSet.from_dicts(
        [
            {
                "id": one,
                "name": one,
                "kind": "tag",
                "definition": "",
                "implies": [b for a, b in implications if a == one],
            }
            for one in "abcde"
        ]
    )


def present(presence: dict[str, Presence]) -> set[str]:
    return {label_id for label_id, value in presence.items() if value is Presence.PRESENT}


def absent(presence: dict[str, Presence]) -> set[str]:
    return {label_id for label_id, value in presence.items() if value is Presence.ABSENT}


class TestShippedSet:
    def test_has_28_warnings_and_then_9_tags(self):
        assert (len(SHIPPED), len(SHIPPED.warnings), len(SHIPPED.tags)) == (37, 28, 9)
        assert SHIPPED.ids == SHIPPED.warnings + SHIPPED.tags
        assert SHIPPED.ids[0] == "sexual-content"
        assert SHIPPED.ids[-1] == "slice-of-life"

    def test_every_label_is_defined_in_words_of_its_own(self):
        assert len({label.definition for label in SHIPPED}) == len(SHIPPED)
        assert all(label.definition.endswith(".") or label.definition.endswith(": no.") for label in SHIPPED)

    @pytest.mark.parametrize("ground", ["racism", "homophobia", "transphobia", "sexism", "ableism"])
    def test_prejudice_is_never_the_mere_existence_of_somebody(self, ground):
        assert "existing, or being happy: never." in SHIPPED[ground].definition

    def test_states_only_the_implications_of_the_guide(self):
        assert {(SHIPPED.ids[a], SHIPPED.ids[b]) for a, b in SHIPPED.implications} == {
            ("graphic-violence", "violence"),
            ("child-abuse", "abuse"),
        }

    @pytest.mark.parametrize("label", SHIPPED, ids=lambda label: label.id)
    def test_a_label_has_a_generous_list_of_ao3_tags_each_once(self, label):
        tags = [tag.casefold() for tag in label.vocabularies["ao3_tags"]]
        assert 8 <= len(tags) <= 25
        assert len(set(tags)) == len(tags)
        assert all(tag == " ".join(tag.split()) and len(tag) <= 150 and "," not in tag for tag in tags)

    @pytest.mark.parametrize(("vocabulary", "names"), [("pan23", PAN23), ("wtwc", WTWC)])
    def test_every_name_of_a_corpus_has_a_label_or_a_reason_and_no_other_name_is_there(self, vocabulary, names):
        mapped = {name for label in SHIPPED for name in label.vocabularies.get(vocabulary, ())}
        assert mapped | set(SHIPPED.unmapped[vocabulary]) == set(names)
        assert not mapped & set(SHIPPED.unmapped[vocabulary])

    def test_every_archive_warning_has_a_label_or_a_reason(self):
        assert {name for label in SHIPPED for name in label.vocabularies.get("ao3", ())} == {
            "Graphic Depictions Of Violence",
            "Major Character Death",
            "Rape/Non-Con",
        }
        assert set(SHIPPED.unmapped["ao3"]) == {
            "Choose Not To Use Archive Warnings",
            "Creator Chose Not To Use Archive Warnings",
            "No Archive Warnings Apply",
            "Underage Sex",
            "Underage",
        }

    @pytest.mark.parametrize(
        ("vocabulary", "name", "label"),
        [
            ("pan23", "pornographic-content", "sexual-content"),
            ("pan23", "dying", "character-death"),
            ("pan23", "abduction", "captivity"),
            ("pan23", "misogyny", "sexism"),
            ("pan23", "abortion", "pregnancy-loss"),
            ("wtwc", "heterosexism", "homophobia"),
            ("wtwc", "antisemitism", "racism"),
            ("ao3", "Rape/Non-Con", "sexual-violence"),
            ("ao3_tags", "Suicidal Thoughts", "suicide"),
            ("ao3_tags", "Non-Consensual Drug Use", "substance-use"),
            ("ao3_tags", "Angst with a Happy Ending", "angst"),
            ("ao3_tags", "Whump", "hurt-comfort"),
        ],
    )
    def test_maps_names_of_other_vocabularies(self, vocabulary, name, label):
        assert SHIPPED.map_names(vocabulary, [name]) == (frozenset([label]), ())


class TestLookingUp:
    def test_a_label_by_its_id(self):
        assert SHIPPED["grief"].name == "Grief"
        assert SHIPPED.labels[SHIPPED.index("grief")] is SHIPPED["grief"]
        assert "grief" in SHIPPED
        assert "Grief" not in SHIPPED

    def test_iterating_gives_labels_in_the_order_of_their_ids(self):
        assert tuple(label.id for label in SHIPPED) == SHIPPED.ids

    @pytest.mark.parametrize("typed", ["character-deth", "Character Death", "CHARACTER-DEATH"])
    def test_an_unknown_id_is_answered_with_the_closest_and_what_to_type(self, typed):
        message = f"There is no label '{typed}'; did you mean character-death"
        with pytest.raises(UnknownLabelError, match=message) as caught:
            SHIPPED[typed]
        assert str(caught.value).endswith("See `tagger labels`.")

    def test_an_id_like_no_other_suggests_nothing(self):
        with pytest.raises(UnknownLabelError, match=re.escape("no label 'qqq'; see `tagger labels`.")):
            SHIPPED.index("qqq")


class TestImplications:
    def test_ids_come_with_what_they_imply(self):
        assert SHIPPED.implied_by(["child-abuse", "fluff"]) == {"child-abuse", "abuse", "fluff"}
        assert SHIPPED.implied_by([]) == frozenset()

    def test_an_unknown_id_implies_nothing_but_an_error(self):
        with pytest.raises(UnknownLabelError):
            SHIPPED.implied_by(["vilence"])

    def test_follow_through_other_labels(self):
        labels = chain(("a", "b"), ("b", "c"), ("d", "c"))
        assert labels.implications == ((0, 1), (0, 2), (1, 2), (3, 2))
        assert labels.implied_by(["a"]) == {"a", "b", "c"}

    # Only pairs that go forward in the alphabet, so that no circle can arise.
    @given(
        st.sets(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")).filter(lambda pair: pair[0] < pair[1])),
        st.sets(st.sampled_from("abcde")),
    )
    def test_implied_by_is_a_closure_and_agrees_with_the_pairs(self, pairs, ids):
        labels = chain(*pairs)
        closed = labels.implied_by(ids)
        assert ids <= closed
        assert labels.implied_by(closed) == closed
        assert all(b in closed for a, b in pairs if a in closed)
        named = {(labels.ids[a], labels.ids[b]) for a, b in labels.implications}
        assert closed == ids | {b for a, b in named if a in ids}


class TestMappingNames:
    def test_case_and_surplus_white_space_make_no_difference(self):
        names = ["  graphic depictions of VIOLENCE ", "Major\n Character  Death"]
        assert SHIPPED.map_names("ao3", names) == ({"graphic-violence", "character-death"}, ())

    def test_names_without_a_label_come_back_as_given_and_in_order(self):
        ids, strangers = SHIPPED.map_names("pan23", ["Zebra ", "violence", "underage"])
        assert (ids, strangers) == ({"violence"}, ("Zebra ", "underage"))

    def test_a_name_may_mean_several_labels(self):
        assert SHIPPED.map_names("ao3_tags", ["Fluff and Angst"])[0] == {"fluff", "angst"}

    def test_does_not_add_what_the_labels_imply(self):
        assert SHIPPED.map_names("ao3_tags", ["Gore"])[0] == {"graphic-violence"}

    def test_says_why_a_known_name_has_no_label(self):
        assert "never inferred" in (SHIPPED.why_unmapped("ao3", "underage  SEX") or "")
        assert SHIPPED.why_unmapped("ao3", "Zebra") is None

    def test_refuses_a_vocabulary_that_nobody_knows(self):
        with pytest.raises(UsageError, match="no vocabulary 'tumblr'; choose one of ao3, ao3_tags, pan23, wtwc"):
            SHIPPED.map_names("tumblr", ["violence"])

    def test_a_set_without_vocabularies_recognises_nothing(self):
        assert from_names(["violence"]).map_names("pan23", ["violence"]) == (frozenset(), ("violence",))

    @given(st.lists(st.sampled_from(["Gore", "angst", " Fluff "]) | st.text(max_size=8), max_size=6))
    def test_every_name_is_either_answered_or_given_back(self, names):
        ids, strangers = SHIPPED.map_names("ao3_tags", names)
        assert [name for name in names if not SHIPPED.map_names("ao3_tags", [name])[0]] == list(strangers)
        assert bool(ids) == (len(strangers) < len(names))


class TestPresenceFromAo3:
    @pytest.mark.parametrize(
        "said", ["Choose Not To Use Archive Warnings", "creator chose not to use archive warnings"]
    )
    def test_a_creator_who_chose_not_to_warn_leaves_everything_unknown(self, said):
        assert set(SHIPPED.presence_from_ao3([said]).values()) == {Presence.UNKNOWN}

    def test_silence_leaves_everything_unknown(self):
        presence = SHIPPED.presence_from_ao3([])
        assert list(presence) == list(SHIPPED.ids)
        assert set(presence.values()) == {Presence.UNKNOWN}

    def test_no_warnings_apply_speaks_of_the_archive_warnings_only(self):
        presence = SHIPPED.presence_from_ao3(["No Archive Warnings Apply"])
        assert absent(presence) == ARCHIVE_WARNINGS
        assert present(presence) == set()

    def test_a_declared_warning_is_present_with_what_it_implies_and_says_nothing_of_the_others(self):
        presence = SHIPPED.presence_from_ao3(["Graphic Depictions Of Violence"])
        assert present(presence) == {"graphic-violence", "violence"}
        assert absent(presence) == set()

    def test_a_specific_warning_takes_precedence_over_no_warnings_apply(self):
        presence = SHIPPED.presence_from_ao3(["No Archive Warnings Apply", "Major Character Death"])
        assert present(presence) == {"character-death"}
        assert absent(presence) == ARCHIVE_WARNINGS - {"character-death"}

    def test_a_specific_warning_stands_beside_the_choice_not_to_warn(self):
        presence = SHIPPED.presence_from_ao3(["Creator Chose Not To Use Archive Warnings", "Rape/Non-Con"])
        assert present(presence) == {"sexual-violence"}
        assert absent(presence) == set()

    def test_chosen_not_to_warn_outweighs_no_warnings_apply(self):
        both = ["No Archive Warnings Apply", "Choose Not To Use Archive Warnings"]
        assert set(SHIPPED.presence_from_ao3(both).values()) == {Presence.UNKNOWN}

    def test_a_freeform_tag_that_maps_is_present_even_where_no_warnings_apply(self):
        presence = SHIPPED.presence_from_ao3(["No Archive Warnings Apply"], ["Gore", "Found Family", "Zebra"])
        assert present(presence) == {"graphic-violence", "violence", "found-family"}
        assert absent(presence) == {"character-death", "sexual-violence"}

    def test_warnings_mixed_in_with_the_tags_count_the_same(self):
        flat = ["No Archive Warnings Apply", "Fluff"]
        assert SHIPPED.presence_from_ao3([], flat) == SHIPPED.presence_from_ao3(flat[:1], flat[1:])

    @pytest.mark.parametrize("said", ["Underage Sex", "Underage"])
    def test_underage_sex_is_declared_only_and_is_no_label(self, said):
        assert set(SHIPPED.presence_from_ao3([said]).values()) == {Presence.UNKNOWN}


class TestParsing:
    def test_a_small_file_needs_neither_vocabularies_nor_implications(self):
        labels = parse(STORM + RAIN, "weather.toml")
        assert labels.labels == (
            Label("storm", "Storm", "warning", "It blows."),
            Label("rain", "Rain", "warning", "It blows."),
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[[label", "not TOML"),
            ("", "no label in it"),
            ("label = 3", "no label in it"),
            ("label = [3]", "label 1: not a table"),
            ("colour = 1\n" + STORM, "unknown key 'colour'; known are label, unmapped"),
            (STORM + 'colour = "red"', r"label 1 \('storm'\): unknown key 'colour'"),
            (STORM + RAIN.replace('name = "Rain"\n', ""), "label 2: name missing"),
            (STORM.replace('"Storm"', "7"), "label 1: name must be a string"),
            (STORM + STORM, "the id 'storm' stands twice"),
            (
                STORM.replace('"storm"', '"Big_Storm"'),
                r"'Big_Storm'\): an id must be lower case with hyphens",
            ),
            (STORM.replace('"storm"', '"storm-"'), "lower case with hyphens"),
            (STORM.replace('"storm"', '"storm\\n"'), r"'storm\\n'\): an id must be lower case with hyphens"),
            (STORM.replace('"warning"', '"alarm"'), "kind is 'alarm'; it must be warning or tag"),
            (STORM + 'implies = ["rain"]', "'storm' implies 'rain', which is no label here"),
            (STORM + 'implies = ["storm"]', "'storm' implies storm, which leads back to 'storm'"),
            (STORM + 'implies = ["rain"]\n' + RAIN + 'implies = ["storm"]', "leads back to 'storm'"),
            (STORM + 'implies = "rain"', "implies must be a list of strings"),
            (STORM + 'pan23 = ["wind", " "]', "pan23 must be a list of strings, none of them empty"),
            ("unmapped = 3\n" + STORM, "unmapped must be a table"),
            ('[unmapped.tumblr]\na = "b"\n' + STORM, "unmapped: unknown key 'tumblr'"),
            ("[unmapped]\npan23 = 3\n" + STORM, "unmapped.pan23 must be a table"),
            ("[unmapped.pan23]\ncalm = 3\n" + STORM, "unmapped.pan23: 'calm' must be a string"),
            ('[unmapped.pan23]\nWind = "?"\n' + STORM + 'pan23 = ["wind"]', "'Wind', also a name of storm"),
        ],
    )
    def test_says_in_which_file_and_what_is_wrong(self, text, message):
        with pytest.raises(LabelSetError, match=f"^weather.toml: .*{message}"):
            parse(text, "weather.toml")


class TestLoading:
    def test_reads_a_file_with_a_byte_order_mark(self, tmp_path: Path):
        file = tmp_path / "weather.toml"
        file.write_text(STORM, encoding="utf-8-sig")
        assert load(file).ids == ("storm",)

    def test_a_missing_file_is_named_with_what_to_type(self, tmp_path: Path):
        file = tmp_path / "none.toml"
        with pytest.raises(LabelSetError, match=rf"{re.escape(str(file))}: .*No such file.*--labels FILE"):
            load(file)

    def test_a_file_in_another_encoding_is_named(self, tmp_path: Path):
        file = tmp_path / "latin.toml"
        file.write_bytes(b"# caf\xe9\n")
        with pytest.raises(LabelSetError, match=r"latin.toml: not UTF-8 \(byte 5\)"):
            load(file)


class TestBareNames:
    def test_become_labels_without_definition(self):
        labels = from_names(["Furcht", "Größe/Maß"], kind="tag")
        assert labels["Furcht"] == Label("Furcht", "Furcht", "tag")
        assert (labels.tags, labels.warnings, labels.implications) == (("Furcht", "Größe/Maß"), (), ())

    def test_are_warnings_unless_told(self):
        assert from_names(["a"]).warnings == ("a",)

    @pytest.mark.parametrize("bad", ["", "two words", "a,b", "tab\t", " "])
    def test_must_not_be_empty_nor_hold_white_space_or_a_comma(self, bad):
        with pytest.raises(LabelSetError, match="without white space and commas"):
            from_names(["fine", bad])

    def test_must_differ_and_there_must_be_some(self):
        with pytest.raises(LabelSetError, match="'a' stands twice"):
            from_names(["a", "b", "a"])
        with pytest.raises(LabelSetError, match="no label in it"):
            from_names([])


class TestStoring:
    def test_the_shipped_set_comes_back_from_json_the_same(self):
        assert LabelSet.from_dicts(json.loads(json.dumps(SHIPPED.to_dicts()))) == SHIPPED

    @given(st.lists(st.from_regex(r"[^\s,]{1,5}", fullmatch=True), min_size=1, max_size=5, unique=True))
    def test_bare_names_come_back_from_json_the_same(self, ids):
        labels = from_names(ids)
        assert LabelSet.from_dicts(json.loads(json.dumps(labels.to_dicts()))) == labels

    @pytest.mark.parametrize("foreign", [[], [{}], ["storm"], None, {"a": 1}])
    def test_what_was_not_written_by_us_is_refused_by_name(self, foreign):
        with pytest.raises(LabelSetError, match=r"^manifest.json: "):
            LabelSet.from_dicts(foreign, "manifest.json")

    def test_sets_with_equal_labels_are_equal_and_hash_alike(self):
        again = load(shipped.labels_file())
        assert again == SHIPPED
        assert hash(again) == hash(SHIPPED)
        assert from_names(["a"]) != from_names(["a"], kind="tag")

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.features import read_words
from tagger.segmentation import unwrap
from tagger.structure import Structure, classify, length_class, observe

FIRST = "I walked home. My feet hurt, and I told myself that I had no reason to. She waved at me."
SECOND = "You wake before the bell. You take your coat, and you tell yourself that he is late."
THIRD = "She walked home. Her feet hurt, and he waved at her when she came past his door."
SAID = "I think I know what I want, and my answer is mine, so leave me to myself and my tea"


def read(*passages: str) -> Structure:
    """The structural tags of a work of these passages."""
    words = read_words(passages)
    return classify(observe(words).markers.sum(axis=0).tolist(), len(words.hashes))


def markers(text: str) -> list[int]:
    """First, second and third person, past and present."""
    return observe(read_words([text])).markers[0].tolist()


# --- point of view ---


@pytest.mark.parametrize(("text", "pov"), [(FIRST, "first"), (SECOND, "second"), (THIRD, "third")])
def test_the_point_of_view_is_the_narrators(text: str, pov: str) -> None:
    assert read(text).pov == pov
    assert read(text.upper()).pov == pov


def test_a_narrator_may_tell_of_others_more_than_of_herself() -> None:
    assert read("He took his hat and I watched him go. She followed him, and her dog followed me.").pov == "first"


@pytest.mark.parametrize(("second", "pov"), [(3, "third"), (7, "third"), (8, "second")])
def test_a_reader_who_is_now_and_then_spoken_to_is_not_the_hero(second: int, pov: str) -> None:
    assert classify([0, second, 20, 9, 0], words=200).pov == pov


@pytest.mark.parametrize(
    "speech",
    [
        f'"{SAID}," she said.',
        f"“{SAID},” she said.",
        f"«{SAID}», she said.",
        f"„{SAID}“, she said.",
        f"'{SAID},' she said.",
        f"‘{SAID},’ she said.",
    ],
    ids=["straight", "curly", "guillemets", "low", "British straight", "British curly"],
)
def test_what_is_said_in_dialogue_does_not_count(speech: str) -> None:
    assert read(f"{THIRD}\n{speech}\n{THIRD}").pov == "third"
    assert markers(speech)[0] == 0


def test_narration_between_two_speeches_counts() -> None:
    assert markers("“Mine!” I said to him. “Yours,” he said to me, and I went.") == [3, 0, 2, 3, 0]


@pytest.mark.parametrize("text", ["Don't! I'd say I won't, that's all I've got.", "I’d go if I’ve a mind to; I don’t."])
def test_an_apostrophe_inside_a_word_opens_no_dialogue(text: str) -> None:
    assert markers(text)[0] >= 3
    assert read(text).pov == "first"


def test_single_quotes_within_double_ones_are_no_dialogue_of_their_own() -> None:
    assert markers("She said, \"I heard 'I am' from the dogs' yard.\" He looked at her.")[:3] == [0, 0, 3]


@pytest.mark.parametrize("mark", ['"', "“", "'", "‘"])
def test_a_quote_that_is_never_closed_ends_with_its_line(mark: str) -> None:
    assert markers(f"{mark}{SAID}\n{mark}{SAID}\n{THIRD}") == markers(THIRD)
    assert markers(f"{mark}{SAID}\r\n{THIRD}") == markers(THIRD)


def test_dialogue_may_run_on_over_the_lines_of_a_hard_wrapped_paragraph() -> None:
    unwrapped = f"{THIRD} “{SAID},” she said. {THIRD}"
    assert markers(unwrap(unwrapped.replace("mine, ", "mine,\n"))) == markers(unwrapped)


@given(st.lists(st.sampled_from([FIRST, THIRD, f"“{SAID},” he said.", "'Tis the boys'", "“Oh", ""]), max_size=6))
def test_passages_are_observed_each_by_itself(passages: list[str]) -> None:
    together = observe(read_words(passages))
    for number, passage in enumerate(passages):
        for all_of_them, alone in zip(together, observe(read_words([passage])), strict=True):
            assert np.array_equal(all_of_them[number], alone[0])


@pytest.mark.parametrize("text", ["", "Rain.", "She left.", "The rain fell on the roofs and into the street."])
def test_too_little_to_tell_is_told_as_none(text: str) -> None:
    assert read(text).pov is None


# --- tense ---


@pytest.mark.parametrize(
    ("text", "tense"),
    [
        ("She walked in, looked round and sat. The room was cold.", "past"),
        ("She walks in, looks round and sits. The room is cold.", "present"),
        ("She walked in. “He is here, he says he is, he knows it,” she said. It was late.", "past"),
        ("She walks in. “He was here, he said he was, he knew it,” she says. It is late.", "present"),
        ("She walked. She was. She is. She walks.", None),
        ("She walked.", None),
        ("", None),
    ],
)
def test_the_tense_is_that_of_the_verbs_outside_dialogue(text: str, tense: str | None) -> None:
    assert read(text).tense == tense


# --- length ---


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (0, "flash"),
        (99, "flash"),
        (100, "drabble"),
        (101, "ficlet"),
        (999, "ficlet"),
        (1_000, "one-shot"),
        (7_499, "one-shot"),
        (7_500, "novella"),
        (39_999, "novella"),
        (40_000, "novel"),
        (4_000_000, "novel"),
    ],
)
def test_length_classes_begin_and_end_where_they_say(words: int, name: str) -> None:
    assert length_class(words) == name


def test_a_drabble_is_100_words_in_any_number_of_passages() -> None:
    assert read("One word's two. " * 20, "and " * 40).length == "drabble"
    assert read("One word's two. " * 20, "and " * 41).length == "ficlet"


# --- letters ---


@pytest.mark.parametrize(
    ("text", "letters", "visible"),
    [
        ("", 0, 0),
        ("It's 5 o'clock.\n", 11, 13),
        ("naïve café", 9, 9),
        ("жизнь", 5, 5),
        ("a\tb\r\nc  d", 4, 4),
        ("😀 ***", 0, 4),
    ],
)
def test_letters_and_visible_characters_are_counted(text: str, letters: int, visible: int) -> None:
    found = observe(read_words(["before", text, "after"]))
    assert (found.letters.tolist()[1], found.visible.tolist()[1]) == (letters, visible)


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u3000"])
def test_white_space_of_any_kind_is_not_visible(space: str) -> None:
    assert observe(read_words([f"one{space}two"])).visible.tolist() == [6]


def test_nothing_is_observed_in_no_passages() -> None:
    found = observe(read_words([]))
    assert (found.markers.shape, found.letters.shape, found.visible.shape) == ((0, 5), (0,), (0,))

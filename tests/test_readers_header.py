import pytest

from tagger.readers.header import find_header, split_list
from tagger.works import Declared

STORY = "The dragon wakes at four and so Hesper wakes at four."


def header_of(text):
    """What the header declares, once it is sure that the story begins right after it."""
    header = find_header(text)
    if header is None:
        return None
    assert text[header.end :].lstrip(" *\r\n").startswith(STORY), text[header.start : header.end]
    return header.declared


@pytest.mark.parametrize(
    "header",
    [
        "Title: Crumb\nRating: Teen\nWarnings: blood, war; Rape/Non-Con\nTags: tea, small dragon",
        "TITLE: Crumb\nRATING: Teen\nWARNINGS: blood, war; Rape/Non-Con\nTAGS: tea, small dragon",
        "**Title:** Crumb\n**Rated:** Teen\n**Warning(s):** blood, war, Rape/Non-Con\n**Tag:** tea, small dragon",
        "*Fandom: office au*\n*Rating: Teen*\n*TW: blood, war, Rape/Non-Con*\n*Tags: tea, small dragon*",
        "__Rating__: Teen\n__CW__: blood\n__Warnings__: war, Rape/Non-Con\n_Additional Tags_: tea, small dragon",
        "**Crumb** by hesper\n\nRating: Teen\n\nContent Warnings: blood, war, Rape/Non-Con\n\nTags: tea; small dragon",
        "Crumb\n\nby hesper\n\nRating : Teen\nTrigger warnings : blood, war,\n  Rape/Non-Con\nTags: tea, small dragon",
        "Rating: Teen\nStory code: 17\nWarnings: blood, war,\nRape/Non-Con\nTags: tea, small dragon",
        "Rating: Teen. Warnings: blood, war, Rape/Non-Con; Tags: tea, small dragon",
        "Rating: Teen | Warnings: blood; war; Rape/Non-Con | Tags: tea; small dragon",
        "***\nRating: Teen\nWarnings: blood, war, Rape/Non-Con\nTags: tea, small dragon\n***",
        "---\nrating: Teen\nwarnings:\n  - blood\n  - war\n  - 'Rape/Non-Con'\ntags: [tea, \"small dragon\"]\n---",
        "Chapter 1\n\nRating: Teen\nWarnings: blood, war, Rape/Non-Con\nTags: tea, small dragon",
        "# Crumb\n\n- Rating: Teen\n- Warnings: blood, war, Rape/Non-Con\n- Tags: tea, small dragon",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_a_header_declares(header, line_end):
    declared = header_of(f"\n{header}\n\n".replace("\n", line_end) + STORY)
    assert declared == Declared("Teen", ("blood", "war", "Rape/Non-Con"), ("tea", "small dragon"))


@pytest.mark.parametrize(
    "header",
    [
        "Title: Crumb\nA/N: wrote this with a cold, enjoy!!",
        "Title: Crumb\nNote: for everyone who asked",
        "Summary: Two veterans, one league that takes itself too seriously.\nIn the north.\nDisclaimer: I own nothing.",
        "Fandom: Original\nSummary: A very long summary, so long that the mailer\n  which sent it had to break it.",
        "Story: x\nAuthor: y\nTitle: z",
        "**Fic:** short sleeves\n**Ship:** Noor/Graciela",
        "Title: Crumb\nAuthor’s Notes: thanks",
        "Title: Crumb\nPairing(s): none\nE-mail: nobody",
        "Author: hesper\nChapters: 1/12\nWords: 4,000\nLanguage: English\nSeries: Crumbs\nStatus: done",
    ],
)
def test_all_of_a_header_is_left_out(header):
    assert header_of(f"{header}\n\n{STORY}") is not None


@pytest.mark.parametrize("key", ["Warnings", "Content warning", "Trigger Warnings", "TW", "cw", "**Archive Warning**"])
def test_a_list_of_warnings_is_a_header_alone(key):
    assert header_of(f"{key}: blood\n\n{STORY}") == Declared(warnings=("blood",))


@pytest.mark.parametrize(
    "text",
    [
        STORY,
        "",
        "Warning: trespassers will be shot.\n\nThat was what the sign said.",
        "Title: Crumb\n\nThat was all she had written.",
        "Note: milk\nNote: eggs\nNote: the other thing\n\nThat was the list.",
        "Date: 3 May\nStatus: critical\nNote: do not wake him\n\nShe put the chart back.",
        "Mags: im in mourning\nJi-woo: you are thirty one years old\nMags: grief has no age",
        '"Rating: ten," she said.\n"Warnings: none."',
        "It was late.\n\nIt was very late.\n\nTitle: Crumb\nRating: Teen\n\nhe wrote." + " It was so late." * 20,
        "A" + " long first paragraph" * 10 + "\nTitle: Crumb\nRating: Teen",
        "---\nShe said: run.\nHe did.\n---\nAnd on.",
        "---\nDate: 3 May\nStatus: critical\n---\nShe put the chart back.",
    ],
)
def test_no_header(text):
    assert find_header(text) is None


def test_a_chat_after_a_header_is_story():
    text = "Title: Crumb\nRating: G\n\nMags: hi\nJi-woo: hi\nNote: this is not a key"
    header = find_header(text)
    assert text[header.end :].startswith("\n\nMags")


def test_a_header_of_endless_lines_ends():
    assert find_header("Rating: T\nTags: x\n" * 5000).end < 5000


def test_only_the_first_rating_counts():
    assert find_header("Rating: M\nTitle: x\nRating: G\n").declared.rating == "M"


def test_split_list():
    assert split_list(" a, b ;c,, ") == ("a", "b", "c")
    assert split_list("") == ()

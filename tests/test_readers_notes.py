import pytest

from tagger.readers.layout import lay_out

STORY = "The dragon wakes at four.\n\nSo Hesper wakes at four."

NOTES = [
    "A/N: sorry for the wait!! finals lol",
    "a/n based on a true story",
    "AN: unbeta'd",
    "**A/N:** first time posting, be kind!",
    "**A/N: two years clean. be kind to your arms**",
    "*a/n: unbetad, sorry*",
    "*[a/n: for my group. I changed the soup.]*",
    "(A/N: sorry this took forever, finals! (really) :) also yes)",
    "[A/N: see you sunday]",
    "*(A/N: the kit is free in a lot of places)*",
    "{A/N: hello}",
    "Author's note: I was never a pilot.",
    "Author’s Notes: I was never a pilot.",
    "AUTHORS NOTE: HI",
    "*author's note: part nine. stop asking*",
    "Author's note at end. Please mind the tags: hate crime.",
    "**Author's Note**\n\nThis is all for my sister.",
    "A/N:\n\nThis is all for my sister.",
    "## Author's Note\n\nThis is all for my sister.",
    "Translator's note: from the Breton.",
    "End notes: thank you!",
    "TW: blood",
    "Content warnings: blood",
    "A/N: one.\n\n***\n\n(A/N: two.)",
]
CLOSINGS = [
    "R&R!",
    "r & r please",
    "Read and review!",
    "Please review!!",
    "pls review, it feeds the dragon",
    "TBC",
    "*tbc...*",
    "To be continued...",
    "To be continued next week!",
    "The End",
    "THE END.",
    "~fin~",
    "Fin.",
    "~end~",
    "**END OF CHAPTER 9!! don't hate me!! next update sunday**",
    "*end of chapter 14! one more to go*",
    "*End of part three. See you all next Sunday. xx*",
    "End file.",
    "TBC\n\nA/N: soon!\n\nR&R!",
]


def story_of(text):
    layout = lay_out(text)
    return [text[chapter.start : chapter.end] for chapter in layout.chapters], layout.ignored


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("note", NOTES)
def test_notes_at_the_top_and_at_the_end(note, line_end):
    story = STORY.replace("\n", line_end)
    if not note.startswith(("TW", "Content")):  # at the very top these are a header
        assert story_of(f"{note}\n\n{STORY}".replace("\n", line_end)) == ([story], ("author's note",))
    assert story_of(f"{STORY}\n\n{note}\n".replace("\n", line_end)) == ([story], ("author's note",))


@pytest.mark.parametrize("closing", CLOSINGS)
def test_closing_words(closing):
    assert story_of(f"{STORY}\n\n{closing}\n\n") == ([STORY], ("author's note",))


@pytest.mark.parametrize("note", NOTES)
def test_notes_of_each_chapter(note):
    text = f"Chapter 1\n\n{STORY}\n\nTBC\n\nChapter 2\n\n{note}\n\n{STORY}\n\n{note}"
    assert story_of(text) == ([STORY, STORY], ("author's note",))


@pytest.mark.parametrize(
    "line",
    [
        "Note: he had been dead for a week.",
        "Notes: none.",
        '"A/N: what does that even mean?" said Wick.',
        '"The end."',
        "“The end.”",
        "The end of it was quiet.",
        "An hour later she woke.",
        "Author's notes always annoyed her.",
        "Authors noted it.",
        "She wrote A/N: sorry, and deleted it.",
        "Final review of the plans took a week.",
        "Please reviewers, he begged.",
        "Ending chapter three was hard.",
        "Finally.",
        "Two. Three.",
    ],
)
def test_story_that_looks_a_little_like_a_note(line):
    assert story_of(f"{line}\n\n{STORY}\n\n{line}") == ([f"{line}\n\n{STORY}\n\n{line}"], ())


@pytest.mark.parametrize("title", ["stone soup", "**Stone Soup** (complete)", "***\n\nStone Soup"])
def test_a_note_below_a_title(title):
    assert story_of(f"{title}\n\na/n: old scars, nothing new\n\n{STORY}") == ([STORY], ("author's note",))


def test_a_note_in_the_middle_stays():
    text = f"{STORY}\n\n(A/N: lol)\n\n{STORY}"
    assert story_of(text) == ([text], ())


def test_a_bracketed_note_ends_at_its_bracket():
    assert story_of(f"(A/N: hi (again)) {STORY}") == ([STORY], ("author's note",))
    assert story_of(f"[A/N: one\n\ntwo.] {STORY}") == ([STORY], ("author's note",))
    assert story_of(f"{STORY}\n\n(A/N: one\n\ntwo)") == ([STORY], ("author's note",))


def test_a_bracket_that_never_closes_takes_its_paragraph_only():
    assert story_of(f"(A/N: hi\n\n{STORY}") == ([STORY], ("author's note",))


def test_a_note_takes_one_line_or_in_a_wrapped_text_its_block():
    line = "and she said that it was late, and then that it was later than she thought"
    story = "\n\n".join(["\n".join([line] * 4)] * 5)
    note = f"A/N: {line}\n{line}\n{line}"
    assert story_of(f"{note}\n\n{story}\n\n{note}") == ([story], ("author's note",))
    assert story_of("A/N: hi\nShe woke.\nShe rose.") == (["She woke.\nShe rose."], ("author's note",))


def test_nothing_but_a_note():
    assert story_of("A/N: on hiatus, sorry!") == ([""], ("author's note",))

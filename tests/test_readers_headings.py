import pytest

from tagger.readers.headings import headings


def titles(text, *, markdown=False, hard_wrapped=False):
    return [heading.title for heading in headings(text, markdown=markdown, hard_wrapped=hard_wrapped)]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Chapter 3", "Chapter 3"),
        ("  CHAPTER III  ", "CHAPTER III"),
        ("Chapter Three: The Long Way Round", "Chapter Three: The Long Way Round"),
        ("chapter twenty-one", "chapter twenty-one"),
        ("Chapter 3.", "Chapter 3."),
        ("Chapter 3 - Home", "Chapter 3 - Home"),
        ("Chapter 3 – Home!", "Chapter 3 – Home!"),
        ("Chapter 31: Goodbyes (kind of)", "Chapter 31: Goodbyes (kind of)"),
        ("Chapter 4: He was gone.", "Chapter 4: He was gone."),
        ("Chapter 12 The Return", "Chapter 12 The Return"),
        ("Chapter 2/10", "Chapter 2/10"),
        ("Chapter 2 of ?", "Chapter 2 of ?"),
        ("Chapter #7", "Chapter #7"),
        ("Ch. 03", "Ch. 03"),
        ("ch 3", "ch 3"),
        ("ch3", "ch3"),
        ("1. Chapter 1", "1. Chapter 1"),
        ("Part Two", "Part Two"),
        ("PART II: WINTER", "PART II: WINTER"),
        ("Prologue", "Prologue"),
        ("EPILOGUE", "EPILOGUE"),
        ("Epilogue: Ten Years On", "Epilogue: Ten Years On"),
        ("Interlude", "Interlude"),
        ("Interlude II", "Interlude II"),
        ("I.", "I."),
        ("iii.", "iii."),
        ("XXIV.", "XXIV."),
        ("IV", "IV"),
        ("**Chapter 12: In Which There Is A Vote**", "Chapter 12: In Which There Is A Vote"),
        ("*Chapter 12*", "Chapter 12"),
        ("__Chapter One__", "Chapter One"),
        ("~Chapter 9~", "Chapter 9"),
        ("--- Chapter 9 ---", "Chapter 9"),
        ("[[ chapter 12: two idiots ]]", "chapter 12: two idiots"),
        ("## Chapter 2", "Chapter 2"),
        ("**III**", "III"),
    ],
)
def test_headings(line, title):
    assert titles(f"It was late.\n\n{line}\n\nIt was later.") == [title]
    assert titles(f"{line}\r\n\r\nIt was later.") == [title]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 3 was her favourite.",
        "Chapter 3 was her favourite,",
        "Chapter three, then.",
        "Chapter 3. That was where he stopped.",
        "Chapter 3 - the good one - was missing.",
        '"Chapter 3."',
        "“Chapter 3: Home.”",
        "Chapters 3 and 4",
        "Chapter and verse",
        "Part of him wanted to stay",
        "Part Mine",
        "Partly cloudy",
        "Parting is sweet",
        "Chip",
        "Chi.",
        "Prologues are for cowards.",
        "Prologue and epilogue were the same.",
        "Part two of the plan failed.",
        "I",
        "I am",
        "Ill.",
        "Mix.",
        "Liv.",
        "xx",
        "xxx",
        "-x-",
        "Victor.",
        "It was chapter 3",
        "Chapter 3: " + "and on " * 12,
    ],
)
def test_lines_that_are_no_headings(line):
    assert titles(f"It was late.\n\n{line}\n\nIt was later.") == []


def test_a_bare_numeral_needs_blank_lines_around_it():
    assert titles("He shouted:\nVI\nand sat down.") == []
    assert titles("He shouted:\nVI.\nand sat down.") == ["VI."]


def test_a_title_without_a_colon_needs_blank_lines_around_it():
    assert titles("He read\nChapter 12 the return\nand slept.") == []


def test_in_a_wrapped_text_no_heading_stands_inside_a_paragraph():
    full = "and she went on and on about the book, of which she had only read the part called\n"
    assert titles(f"{full}Chapter 3: Home, and on she went about it until\n{full}", hard_wrapped=True) == []
    assert titles(f"{full}\nChapter 3: Home\n{full}", hard_wrapped=True) == ["Chapter 3: Home"]


def test_markdown_headings():
    text = "# One\n\ntext\n\n## *Two* ##\n\ntext\n\nThree\n=====\n\ntext\n\nFour\n----\n\ntext"
    assert titles(text, markdown=True) == ["One", "Two", "Three", "Four"]
    assert titles(text) == []


@pytest.mark.parametrize(
    "text", ["#hashtag\n\ntext", "#\n\ntext", "He left.\n---\n\ntext", "text\n\n---\n\ntext", "a\nb\n---\n\ntext"]
)
def test_markdown_that_is_no_heading(text):
    assert titles(text, markdown=True) == []


def test_a_heading_is_found_where_it_stands():
    text = "One.\r\n\r\n**Chapter 2**\r\nTwo."
    (heading,) = headings(text, markdown=False, hard_wrapped=False)
    assert text[heading.start : heading.end].strip() == "**Chapter 2**"

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import shipped
from tagger.arrays import NDArray
from tagger.bundles import Bundle
from tagger.calibration import PRESETS
from tagger.errors import UnknownLabelError, UsageError
from tagger.features import read_words
from tagger.labels import LabelSet, load
from tagger.policy import (
    BANDS,
    CENTRAL_SHARE,
    MENTION_SHARE,
    MIN_LETTERS,
    MIN_WORDS,
    PROMINENCES,
    Makeup,
    abstention,
    bands,
    choose_thresholds,
    decide,
    imply,
    prominence,
)
from tagger.results import Result
from tagger.structure import observe
from tagger.tagging import Options, tag
from tagger.works import Chapter, LabelledWork, Work

# Hypothesis draws by it before any fixture is there.
LABELS = load(shipped.labels_file())
SEEDS = st.integers(0, 2**32 - 1)


def some_scores(seed: int, works: int = 5) -> NDArray[np.float64]:
    """Scores with ties, of which a fifth of the labels is unknown."""
    rng = np.random.default_rng(seed)
    scores = rng.random((works, len(LABELS))).round(1)
    scores[:, rng.random(len(LABELS)) < 0.2] = np.nan
    return scores


# --- thresholds ---


@pytest.fixture
def table(labels: LabelSet) -> NDArray[np.float64]:
    return np.array([[0.2], [0.5], [0.8]]) + np.arange(len(labels)) / 1000


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_row_of_the_table(preset: str, table: NDArray, labels: LabelSet) -> None:
    found = choose_thresholds(table, labels, preset)
    assert np.array_equal(found.chosen, table[PRESETS.index(preset)])
    assert found.table is table


def test_balanced_is_the_preset_of_who_asks_for_none(table: NDArray, labels: LabelSet) -> None:
    assert np.array_equal(choose_thresholds(table, labels).chosen, table[1])


@pytest.mark.parametrize("value", [0, 0.37, 1])
def test_a_threshold_may_be_replaced_for_one_label_alone(value: float, table: NDArray, labels: LabelSet) -> None:
    before = table.copy()
    found = choose_thresholds(table, labels, "high-recall", {"war": value}).chosen
    war = labels.index("war")
    assert found[war] == value
    assert np.array_equal(np.delete(found, war), np.delete(table[0], war))
    assert np.array_equal(table, before)


def test_an_unknown_preset_is_refused_with_those_there_are(table: NDArray, labels: LabelSet) -> None:
    with pytest.raises(UsageError, match="'strict'; choose one of high-recall, balanced, high-precision"):
        choose_thresholds(table, labels, "strict")


def test_an_unknown_label_is_refused_with_the_closest_there_are(table: NDArray, labels: LabelSet) -> None:
    with pytest.raises(UnknownLabelError, match=r"'volence'; did you mean .*violence.*tagger labels"):
        choose_thresholds(table, labels, overrides={"volence": 0.5})


@pytest.mark.parametrize("value", [-0.01, 1.01, 50, float("nan"), float("inf")])
def test_a_threshold_that_no_score_can_have_is_refused(value: float, table: NDArray, labels: LabelSet) -> None:
    with pytest.raises(UsageError, match=r"the threshold of war is .*, but scores run from 0 to 1"):
        choose_thresholds(table, labels, overrides={"war": value})


# --- implications ---


@given(SEEDS)
def test_no_score_is_above_that_of_a_label_it_implies(seed: int) -> None:
    scores = some_scores(seed)
    held = imply(scores, LABELS)
    for cause, effect in LABELS.implications:
        known = np.isfinite(scores[:, cause])
        assert (held[known, effect] >= held[known, cause]).all()


@given(SEEDS)
def test_implying_lowers_no_score_and_leaves_the_other_labels_alone(seed: int) -> None:
    scores = some_scores(seed)
    before = scores.copy()
    held = imply(scores, LABELS)
    known = np.isfinite(scores)
    assert (held[known] >= scores[known]).all()
    others = [i for i in range(len(LABELS)) if i not in {effect for _, effect in LABELS.implications}]
    assert np.array_equal(held[:, others], scores[:, others], equal_nan=True)
    assert np.array_equal(scores, before, equal_nan=True)
    assert np.array_equal(imply(held, LABELS), held, equal_nan=True)


@given(SEEDS, st.booleans())
def test_whatever_is_suggested_what_it_implies_is_suggested_too(seed: int, held: bool) -> None:
    scores = imply(some_scores(seed), LABELS) if held else some_scores(seed)
    suggested = decide(scores, np.random.default_rng(seed).random(len(LABELS)).round(1), LABELS)
    for cause, effect in LABELS.implications:
        assert (suggested[:, effect] >= suggested[:, cause]).all()


@given(SEEDS)
def test_nothing_else_is_suggested_below_its_threshold_and_nothing_withheld_above(seed: int) -> None:
    scores, chosen = some_scores(seed), np.random.default_rng(seed).random(len(LABELS)).round(1)
    suggested = decide(scores, chosen, LABELS)
    reached = np.isfinite(scores) & (np.nan_to_num(scores) >= chosen)
    assert (suggested >= reached).all()
    for effect in range(len(LABELS)):
        causes = [cause for cause, implied in LABELS.implications if implied == effect]
        assert np.array_equal(suggested[:, effect], reached[:, [effect, *causes]].any(axis=1))


def test_the_shipped_labels_have_implications_to_hold() -> None:
    assert (LABELS.index("graphic-violence"), LABELS.index("violence")) in LABELS.implications


# --- bands ---


@pytest.mark.parametrize(
    ("score", "band"),
    [(0.8, "likely"), (1.0, "likely"), (0.79, "possible"), (0.5, "possible"), (0.49, "unsure"), (0.2, "unsure")],
)
def test_a_band_starts_at_its_threshold(score: float, band: str) -> None:
    levels = np.array([[0.2], [0.5], [0.8]])
    assert BANDS[bands(np.array([score]), levels)[0]] == band


def test_each_score_is_measured_by_the_levels_of_its_own_label() -> None:
    levels = np.array([[0.1, 0.1, 0.1], [0.2, 0.5, 0.9], [0.3, 0.7, 0.95]])
    assert bands(np.full(3, 0.6), levels).tolist() == [2, 1, 0]


# --- prominence ---

SPEAKS, STRONGLY = 0.4, 0.7


def how_prominent(scores: Sequence[float], lengths: Sequence[int] | None = None) -> str:
    """The prominence of one suggestion in a work of these passages, of one length if none is given."""
    sizes = np.array(lengths or [1000] * len(scores))
    levels = np.array([[SPEAKS], [STRONGLY]])
    return PROMINENCES[prominence(np.array(scores, float), sizes, np.array([0, len(scores)]), levels)[0]]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # A work of one passage is about what it says strongly, and not quite about the rest.
        ([0.9], "central"),
        ([0.5], "present"),
        ([0.1], "mention"),
        # One scene in a story, weak or strong.
        ([0.9, 0.1, 0.1, 0.1], "central"),
        ([0.9, 0.1, 0.1, 0.1, 0.1], "present"),
        ([0.5, 0.1, 0.1, 0.1, 0.1], "mention"),
        ([0.5, 0.1], "mention"),
        # Here and there, never strongly.
        ([0.5, 0.5, 0.1, 0.1], "present"),
        ([0.5, 0.5, 0.5, 0.5], "present"),
        ([0.5, 0.5, *[0.1] * 60], "mention"),
        # One torture scene in a novel is no passing mention, and does not make the novel.
        ([0.9, *[0.1] * 200], "present"),
        ([*[0.9] * 60, *[0.1] * 140], "central"),
        ([0.9, *[0.5] * 60, *[0.1] * 140], "central"),
        ([0.1, 0.1], "mention"),
    ],
)
def test_prominence_is_how_much_speaks_and_how_strongly(scores: list[float], expected: str) -> None:
    assert how_prominent(scores) == expected


def test_the_levels_themselves_speak() -> None:
    assert how_prominent([SPEAKS, SPEAKS]) == "present"
    assert how_prominent([STRONGLY]) == "central"


@pytest.mark.parametrize(("length", "expected"), [(249, "present"), (250, "central")])
def test_a_share_is_of_the_text_and_not_of_the_passages(length: int, expected: str) -> None:
    assert CENTRAL_SHARE == 0.25
    assert how_prominent([0.9, 0.1], [length, 1000 - length]) == expected


@pytest.mark.parametrize(("length", "expected"), [(49, "mention"), (50, "present")])
def test_two_weak_passages_are_a_mention_while_they_are_short(length: int, expected: str) -> None:
    assert MENTION_SHARE == 0.05
    assert how_prominent([0.5, 0.5, 0.1], [length - 10, 10, 1000 - length]) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.data())
def test_louder_passages_make_nothing_less_prominent(scores: list[float], data: st.DataObject) -> None:
    louder = [data.draw(st.floats(score, 1)) for score in scores]
    assert PROMINENCES.index(how_prominent(louder)) >= PROMINENCES.index(how_prominent(scores))


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=12), min_size=1, max_size=6))
def test_each_suggestion_is_weighed_by_itself(works: list[list[float]]) -> None:
    rows = np.cumsum([0, *map(len, works)])
    levels = np.repeat([[SPEAKS], [STRONGLY]], len(works), axis=1)
    together = prominence(np.concatenate(works).astype(float), np.full(rows[-1], 1000), rows, levels)
    assert [PROMINENCES[i] for i in together] == [how_prominent(work) for work in works]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_suggestion_says_how_prominent_it_is_whatever_the_preset(
    preset: str, bundle: Bundle, stories: Sequence[LabelledWork]
) -> None:
    works = [each.work for each in sorted(stories, key=lambda each: -len(each.work.text))[:40]]
    met, implied = set(), {LABELS.ids[effect] for _, effect in LABELS.implications}
    for result, balanced in zip(tag(works, bundle, Options(preset=preset)), tag(works, bundle), strict=True):
        told = {each["label"]: each["prominence"] for each in result["suggested"]}
        usual = {each["label"]: each["prominence"] for each in balanced["suggested"]}
        assert all(told[label] == usual[label] for label in told.keys() & usual.keys() - implied)
        for cause, effect in ((LABELS.ids[i], LABELS.ids[j]) for i, j in LABELS.implications):
            assert cause not in told or PROMINENCES.index(told[effect]) >= PROMINENCES.index(told[cause])
        met |= {*told.values(), *usual.values()}
    assert met <= set(PROMINENCES)
    assert len(met) > 1


# --- when to say nothing ---

PLENTY = {"words": 1000, "known": 900, "letters": 4600, "signs": 0, "visible": 5000, "least_known": 0.6}


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({}, None),
        ({"words": MIN_WORDS, "known": 30}, None),
        ({"words": MIN_WORDS - 1, "known": 29}, "too short: 29 words, and at least 30 are needed"),
        ({"words": 0, "known": 0, "letters": 0, "visible": 0}, "too short: 0 words, and at least 30 are needed"),
        ({"words": 0, "known": 0, "letters": 0, "visible": 9}, "too short: 0 words, and at least 30 are needed"),
        ({"letters": 3500}, None),
        ({"letters": 3499}, "not prose: only 70% of its characters are letters"),
        ({"signs": 226, "known": 849}, "not prose: 5% of its characters are the signs of code or tables"),
        ({"signs": 225, "known": 849}, None),
        ({"signs": 226, "known": 850}, None),
        ({"letters": 1000}, "not prose: only 20% of its characters are letters"),
        ({"known": 600}, None),
        ({"known": 599}, "not English, or not prose: the model knows 60% of its words and needs 60%"),
        ({"known": 0}, "not English, or not prose: the model knows 0% of its words and needs 60%"),
        ({"known": 0, "least_known": 0.0}, None),
        ({"known": 0, "language": "Finnish"}, "not Finnish, or not prose: the model knows 0% of its words and needs"),
    ],
)
def test_a_reason_to_abstain_begins_where_it_says(counts: dict, reason: str | None) -> None:
    given = {**PLENTY, **counts}
    found = abstention(Makeup(*(given.pop(name) for name in Makeup._fields)), **given)
    assert found is None if reason is None else str(found).startswith(reason)


ENGLISH = """The kettle had boiled twice before Marta came down. She stood in the doorway with her hair still wet and
looked at the table, at the two cups and the letter between them, and she did not sit. "You opened it," she said.

"It was open when I found it." Her brother pushed the chair out with his foot. Outside the rain had stopped, and
somebody was dragging a bin across the yard. "Read it, then shout at me. There is still some milk left."

She read it standing up. When she was done she folded it in half, and then again, and put it into the stove."""
FRENCH = """\
La bouilloire avait sifflé deux fois avant que Marta ne descende. Elle resta sur le seuil, les cheveux encore
mouillés, et regarda la table, les deux tasses et la lettre posée entre elles, mais elle ne s'assit pas. « Tu l'as
ouverte », dit-elle. Son frère repoussa la chaise du pied. Dehors la pluie avait cessé, et quelqu'un traînait une
poubelle à travers la cour. « Lis-la, ensuite tu pourras crier. Il reste encore un peu de lait. »"""
SPANISH = """\
La tetera había silbado dos veces antes de que Marta bajara. Se quedó en el umbral con el pelo todavía mojado
y miró la mesa, las dos tazas y la carta que había entre ellas, pero no se sentó. «La has abierto», dijo. Su hermano
empujó la silla con el pie. Fuera había dejado de llover, y alguien arrastraba un cubo por el patio. «Léela y luego
me gritas. Todavía queda un poco de leche.»"""
GERMAN = """\
Der Kessel hatte zweimal gepfiffen, bevor Marta herunterkam. Sie blieb mit nassen Haaren in der Tür stehen und
sah den Tisch an, die beiden Tassen und den Brief dazwischen, aber sie setzte sich nicht. „Du hast ihn geöffnet“,
sagte sie. Ihr Bruder schob den Stuhl mit dem Fuß zurück. Draußen hatte der Regen aufgehört, und jemand zog eine
Tonne über den Hof. „Lies ihn, dann darfst du schreien. Es ist noch etwas Milch da.“"""
PYTHON = '''def merge(self, others, *, strict=False):
    """Merge other tables into this one."""
    for name, rows in others.items():
        if name in self._tables and strict:
            raise KeyError(f"{name!r} is there twice")
        table = self._tables.setdefault(name, [])
        table.extend({k.lower(): v for k, v in row.items()} for row in rows if row)
    self.size = sum(len(t) for t in self._tables.values())
    return self


class Reader:
    def __init__(self, path="data.csv", sep=",", skip=0):
        self.path, self.sep, self.skip = Path(path), sep, int(skip)
        self._cache: dict[str, list[float]] = {}

    def __iter__(self):
        with self.path.open(encoding="utf-8") as f:
            yield from (line.rstrip("\\n").split(self.sep) for i, line in enumerate(f) if i >= self.skip)
'''
TABLE = "id,date,north,south\n" + "".join(
    f"{i},2021-03-{i % 28 + 1:02},{i * 0.37:.3f},{i * 1.9:.3f}\n" for i in range(60)
)
NOISE = np.random.default_rng(7).integers(0, 256, 4000, np.uint8).tobytes().decode("latin-1")


def tagged(text: str, bundle: Bundle) -> Result:
    return tag([Work("a", text, (Chapter("", 0, len(text)),))], bundle)[0]


def test_english_prose_is_tagged(bundle: Bundle) -> None:
    result = tagged(ENGLISH, bundle)
    assert (result["status"], "reason" in result) == ("ok", False)
    assert len(result["scores"]) == bundle.supported.sum()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FRENCH, "not English, or not prose: the model knows "),
        (SPANISH, "not English, or not prose: the model knows "),
        (GERMAN, "not English, or not prose: the model knows "),
        (PYTHON, "not prose: "),
        (TABLE, "not prose: only "),
        (NOISE, "not prose: only "),
        ("…\n" * 50, "too short: 0 words"),
        ("", "too short: 0 words"),
    ],
    ids=["French", "Spanish", "German", "Python", "a table", "random bytes", "no words", "nothing"],
)
def test_of_what_is_no_english_prose_nothing_is_said(text: str, reason: str, bundle: Bundle) -> None:
    result = tagged(text, bundle)
    assert result["status"] == "abstained"
    assert result["reason"].startswith(reason)
    assert (result["suggested"], result["scores"], result["structure"]) == ([], {}, None)


@pytest.mark.parametrize(("words", "status"), [(29, "abstained"), (30, "ok")])
def test_thirty_words_are_enough(words: int, status: str, bundle: Bundle) -> None:
    text = " ".join(ENGLISH.split()[:words])
    assert len(read_words([text]).hashes) == words
    assert tagged(text, bundle)["status"] == status


def test_no_story_that_the_model_learns_from_is_taken_for_no_prose(stories: Sequence[LabelledWork]) -> None:
    found = observe(read_words([each.work.text for each in stories]))
    refused = found.letters < MIN_LETTERS * found.visible
    assert [each.work.id for each, no_prose in zip(stories, refused.tolist(), strict=True) if no_prose] == []


def test_thresholds_of_presets_rise_in_the_order_of_the_bands(bundle: Bundle) -> None:
    assert len(BANDS) == len(PRESETS) == len(bundle.thresholds)
    assert all((lower <= higher).all() for lower, higher in pairwise(bundle.thresholds))

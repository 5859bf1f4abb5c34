"""What the tests share: the shipped labels, a small corpus and bundles made of them. No test reaches the network."""

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from tagger import bundles, labelled, shipped, training
from tagger import labels as label_sets
from tagger.bundles import Bundle
from tagger.labels import LabelSet
from tagger.recipe import Calibrating, Recipe
from tagger.works import LabelledWork

# A busy machine is no failure.
settings.register_profile("tagger", deadline=None)
settings.load_profile("tagger")

REPOSITORY = Path(__file__).parents[1]
STORIES = REPOSITORY / "data" / "stories"

# Labels that the small bundle learns; the others are mostly too rare in so few passages.
LEARNED = ("violence", "character-death", "abuse", "substance-use", "captivity", "grief", "humor", "fluff")


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Every way out of this machine raises; processes of this machine may still talk to each other."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("a test tried to reach the network")

    def local_only(method: Any) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            return method(self, address) if self.family == socket.AF_UNIX else refuse()

        return connect

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, local_only(getattr(socket.socket, name)))
        for name in ("create_connection", "getaddrinfo", "gethostbyname"):
            patch.setattr(socket, name, refuse)
        yield


@pytest.fixture(scope="session")
def labels() -> LabelSet:
    """The label set that ships."""
    return label_sets.load(shipped.labels_file())


@pytest.fixture(scope="session")
def stories() -> Sequence[LabelledWork]:
    """All labelled works that come with the repository."""
    return labelled.load(STORIES)


@pytest.fixture(scope="session")
def corpus(stories: Sequence[LabelledWork], labels: LabelSet) -> list[LabelledWork]:
    """About 160 short works, in the order of the files: 20 for each label of LEARNED, and 60 without any warning."""
    warnings = set(labels.warnings)
    short = [each for each in stories if len(each.work.text) < 1200]
    chosen = {
        each.work.id
        for matches in (
            *([each for each in short if label in each.present][:20] for label in LEARNED),
            [each for each in short if not (each.present | each.unknown) & warnings][:60],
        )
        for each in matches
    }
    return [each for each in stories if each.work.id in chosen]


@pytest.fixture(scope="session")
def bundle(corpus: list[LabelledWork], labels: LabelSet) -> Bundle:
    """A small trained bundle: made in a second, and too small to be right often."""
    calibration = Calibrating(folds=2, composites=200, max_passages=12)
    return training.train(corpus, labels, Recipe(calibration=calibration))


@pytest.fixture(scope="session")
def bundle_path(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bundle`, saved."""
    return _saved(bundle, tmp_path_factory.mktemp("trained") / "model")


@pytest.fixture(scope="session")
def stand_in_path(labels: LabelSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that was never trained, saved."""
    return _saved(training.stand_in(labels), tmp_path_factory.mktemp("stand-in") / "model")


def _saved(made: Bundle, path: Path) -> Path:
    bundles.save(made, path)
    return path

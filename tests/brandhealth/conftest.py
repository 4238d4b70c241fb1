"""Small worlds that are fitted once per session."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from kaja.brandhealth.model.estimate import Posterior, fit_counts
from kaja.brandhealth.worlds.simulate import Drawn, ModelWorld, draw_from_model

# a busy machine is no failure: these properties are about numbers, not about time
settings.register_profile("opinion", deadline=None)
settings.load_profile("opinion")

SMALL = ModelWorld(votes=6e4, weeks=20, formats=3, domains=9, topics=3, segments=2, pair_authors=800, labels=200)


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    return draw_from_model(1, SMALL)


@pytest.fixture(scope="session")
def fitted(drawn: Drawn) -> Posterior:
    return fit_counts(drawn.counts)


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = Path(os.environ.get("KAJA_DATA", Path(__file__).parents[3] / "shared" / "data")) / "michigan-ics"
    if not (folder / "daily-survey.csv").exists():
        # Somebody else's data, which are not published with the code.
        pytest.skip("needs the Michigan tweet counts (set KAJA_DATA)")
    return folder

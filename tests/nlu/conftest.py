"""The tiers built once from the catalogue that ships; no sentences here."""

from __future__ import annotations

import pytest
from hypothesis import settings

from cockpitd.domain.actions import Catalogue
from cockpitd.nlu.ground import Grounder
from cockpitd.nlu.phrasebook import Phrasebook
from cockpitd.nlu.reflex import Reflex
from cockpitd.nlu.repair import Repairer

settings.register_profile("nlu", deadline=None)  # the first match compiles, and CI machines are shared
settings.load_profile("nlu")


@pytest.fixture(scope="session")
def phrasebook(catalogue: Catalogue) -> Phrasebook:
    """The second tier."""
    return Phrasebook(catalogue)


@pytest.fixture(scope="session")
def reflex(catalogue: Catalogue) -> Reflex:
    """The first tier."""
    return Reflex(catalogue)


@pytest.fixture(scope="session")
def repairer(catalogue: Catalogue, phrasebook: Phrasebook) -> Repairer:
    """The mender of transcripts."""
    return Repairer(catalogue, phrasebook)


@pytest.fixture(scope="session")
def grounder(catalogue: Catalogue) -> Grounder:
    """The checks on proposals."""
    return Grounder(catalogue)

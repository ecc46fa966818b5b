"""Fixtures of the flow's tests."""

from __future__ import annotations

import pytest

from cockpitd.domain.actions import Catalogue
from tests.turn.rig import Rig


@pytest.fixture
def rig(catalogue: Catalogue) -> Rig:
    """A fresh cockpit with scripted engines, parked, engine off."""
    return Rig(catalogue)

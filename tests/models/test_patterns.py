"""The authored sentence patterns: every file names a real action, and every pattern could be spoken to it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cockpitd.catalogue import parameter_validator
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.template import parse
from tests.conftest import ROOT

FILES = sorted((ROOT / "models/cockpit-n/data/patterns").glob("*/*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_patterns_fit_their_action(catalogue: Catalogue, path: Path) -> None:
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe loader either way)
    spec = catalogue.actions[data["action"]]
    for lang in ("zh", "en"):
        rows = [row if isinstance(row, dict) else {"say": row} for row in data[lang]]
        assert len({(row["say"], str(row.get("set"))) for row in rows}) == len(rows), "a pattern stands twice"
        for row in rows:
            slots, fixed = parse(row["say"]).slots(), row.get("set", {})
            assert set(slots) <= spec.properties.keys(), row
            assert fixed.keys() <= spec.properties.keys(), row
            for name, value in fixed.items():
                assert parameter_validator(spec.properties[name]).is_valid(value), (row, name)

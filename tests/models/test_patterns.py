"""The authored sentence patterns: every file names real actions, and every pattern could be spoken to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from cockpitd.catalogue import parameter_validator
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.template import parse
from cockpitd.nlu.decode import MAX_ACTIONS
from cockpitd.training.patterns import Family, read_families
from tests.conftest import ROOT

DATA = ROOT / "models/cockpit-n/data"
FILES = sorted(DATA.glob("patterns/*/*.yaml"))
SENTENCES = sorted(DATA.glob("sentences/*.yaml"))


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


@pytest.fixture(scope="module")
def written(catalogue: Catalogue) -> Mapping[str, list[Family]]:
    """All families by the file they stand in: reading them takes seconds."""
    found: dict[str, list[Family]] = defaultdict(list)
    for one in read_families(DATA, catalogue):
        found[one.ident.split(":")[0]].append(one)
    return found


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_sentences_fit_their_actions(written: Mapping[str, list[Family]], path: Path) -> None:
    families = written[path.stem]
    assert len({(one.lang, one.tree, str(one.after)) for one in families}) == len(families), "a sentence stands twice"
    for one in families:
        assert 1 <= len(one.means) <= MAX_ACTIONS, one.ident
        owners = one.owners()
        assert owners.keys() == one.tree.slots(), one.ident
        for number, call in enumerate(one.means):
            slots = {slot for slot, owner in owners.items() if owner == number}
            assert set(call.spec.parameters.get("required", ())) <= slots | call.parameters.keys(), one.ident
            for name, value in call.parameters.items():
                assert parameter_validator(call.spec.properties[name]).is_valid(value), (one.ident, name)
        if one.after:
            assert parameter_validator(one.after.spec.parameters).is_valid(dict(one.after.parameters)), one.ident

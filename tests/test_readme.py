"""What the README shows must be so: its action file is a good one and is understood, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cockpitd import catalogue
from cockpitd.cli.commands import COMMANDS
from cockpitd.domain.actions import Catalogue

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of actions that holds the README's example and nothing else."""
    block = re.search(r"<!-- example-action:begin -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    folder = tmp_path_factory.mktemp("actions")
    (folder / "climate").mkdir()
    (folder / "climate" / "fragrance.yaml").write_text(block[1], encoding="utf-8")
    return folder


def test_the_example_is_a_good_action_file(example: Path) -> None:
    examined = catalogue.examine(None, [example], phrases=True)
    assert [str(problem) for problem in examined.problems if "fragrance" in str(problem).lower()] == []
    assert "CLIMATE_SET_FRAGRANCE" in examined.catalogue.actions


def test_the_example_is_new(example: Path, catalogue: Catalogue) -> None:
    data = yaml.safe_load((example / "climate" / "fragrance.yaml").read_text(encoding="utf-8"))
    assert data["action"] not in catalogue.actions
    assert set(data["signals"]) & set(catalogue.signals) == set()


def test_every_command_shown_exists() -> None:
    shown = set(re.findall(r"(?:^|[\s`/$(])cockpitd ([a-z]+)", README)) - {"is", "exists", "puts"}
    assert shown <= set(COMMANDS)
    assert {"run", "ask", "replay", "models", "doctor", "actions"} <= shown


def test_every_file_named_exists() -> None:
    named = re.findall(r"`((?:cockpitd|schemas|systemd|tests|models)/[\w./*-]*)`", README)
    assert named
    assert [name for name in named if not list(ROOT.glob(name))] == []

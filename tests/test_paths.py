"""Where the shipped files are found, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd import paths
from cockpitd.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]


def test_a_checkout_uses_its_own_files() -> None:
    assert paths.schemas_dir() == ROOT / "schemas"
    assert paths.models_dir() == ROOT / "models"


def test_a_wheel_uses_the_files_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "cockpitd" / "_share" / "schemas"
    inside.mkdir(parents=True)
    (inside / "signals.yaml").touch()
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "cockpitd")
    assert paths.schemas_dir() == inside


def test_a_package_without_its_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "cockpitd")
    with pytest.raises(ConfigError) as caught:
        paths.share_dir()
    assert caught.value.code == "paths-share-missing"

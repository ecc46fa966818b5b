"""Choosing a model for a device: of the catalogue, of a file, and of a name alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd.cli.main import main
from cockpitd.errors import ModelError
from cockpitd.models import catalog, device, fit
from cockpitd.models.catalog import Model, ModelFile
from cockpitd.models.device import Device
from cockpitd.models.memory import GB
from tests.models import ggufs

TINY = ggufs.gguf()


def entry(name: str, file: str, *, tier: str = "s", default: bool = False) -> Model:
    return Model.model_validate(
        {
            "name": name,
            "title": name,
            "role": "llm",
            "tier": tier,
            "default": default,
            "licence": "none",
            "memory_mib": 1,
            "source": "hub",
            "entry": file,
            "files": (ModelFile(path=file),),
        }
    )


KNOWN = {
    model.name: model
    for model in (
        entry("base", "Tiny-1-270M-Q4_K_M.gguf", tier="n", default=True),
        entry("small", "Tiny-1-1.5B-Instruct-Q4_K_M.gguf"),
        entry("big-base", "Tiny-1-3B-Q4_K_M.gguf", tier="m"),
        entry("large", "Tiny-1-7B-Instruct-Q4_K_M.gguf", tier="l"),
    )
}


def best(model_dir: Path, gigabytes: float) -> str | None:
    found = [fit.examine(name, KNOWN, model_dir, 4096) for name in KNOWN]
    chosen = fit.choose(found, Device(round(gigabytes * GB)))
    return None if chosen is None else chosen.label


@pytest.mark.parametrize(
    ("gigabytes", "chosen"),
    [(1, None), (2, "base"), (4, "small"), (7.9, "small"), (8, "large"), (64, "large")],
)
def test_the_largest_that_fits_and_follows_commands_is_chosen(
    tmp_path: Path, gigabytes: float, chosen: str | None
) -> None:
    assert best(tmp_path, gigabytes) == chosen


def test_an_installed_model_is_examined_by_its_file(tmp_path: Path) -> None:
    ggufs.write(tmp_path / "base" / KNOWN["base"].entry, TINY)
    found = fit.examine("base", KNOWN, tmp_path, 4096)
    assert (found.installed, found.layers, found.tier) == (True, 2, "n")
    assert found.prediction.cache == 2 * 2 * 32 * 2 * 2048  # no more context than the model has
    assert not fit.examine("small", KNOWN, tmp_path, 4096).installed


def test_a_file_and_a_bare_name_can_be_asked_for(tmp_path: Path) -> None:
    path = ggufs.write(tmp_path / "mine.gguf", TINY)
    assert fit.examine(str(path), KNOWN, tmp_path, 4096).commands  # it has a chat template
    named = fit.examine("Qwen2.5-14B-Instruct-AWQ", KNOWN, tmp_path, 4096)
    assert (named.tier, named.rule_weights) == ("x", 7 * GB)
    for word in ("nonsense", str(tmp_path / "none.gguf")):
        with pytest.raises(ModelError) as caught:
            fit.examine(word, KNOWN, tmp_path, 4096)
        assert caught.value.code == "model-unknown"


def test_layers_go_to_a_gpu_only_where_there_is_one(tmp_path: Path) -> None:
    found = fit.examine(str(ggufs.write(tmp_path / "mine.gguf", TINY)), KNOWN, tmp_path, 4096)
    assert fit.gpu_layers(found, Device(8 * GB)) == 0
    assert fit.gpu_layers(found, Device(8 * GB, gpu_free_bytes=GB)) == 3
    assert fit.gpu_layers(fit.examine("small", KNOWN, tmp_path, 4096), Device(8 * GB, gpu_free_bytes=GB)) == 0


def test_this_device_has_memory() -> None:
    assert device.this_device().memory_bytes > GB


@pytest.mark.parametrize(
    ("limit", "found"), [("max\n", 8_000_000 * 1024), ("1000000\n", 1_000_000), (None, 8_000_000 * 1024)]
)
def test_a_limit_on_the_service_counts_as_its_memory(tmp_path: Path, limit: str | None, found: int) -> None:
    meminfo, maximum = tmp_path / "meminfo", tmp_path / "memory.max"
    meminfo.write_text("MemTotal:        8000000 kB\nMemFree: 1 kB\n", encoding="ascii")
    if limit is not None:
        maximum.write_text(limit, encoding="ascii")
    assert device._memory(meminfo, maximum) == found


def test_the_commands_tell_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ggufs.write(tmp_path / "Tiny-1-1.5B-Instruct-Q4_K_M.gguf", TINY)
    options = ["models", "--model-dir", str(tmp_path)]
    assert main([*options, "inspect", str(path)]) == 0
    assert "chat template  yes" in capsys.readouterr().out
    assert main([*options, "fit", "--memory", "4", str(path), "Qwen2.5-7B-Instruct-AWQ"]) == 0
    out = capsys.readouterr().out
    assert "up to tier m" in out
    assert "715 MiB" in out
    assert f"Best here: llm: {{model: {path}, gpu_layers: 0}}" in out
    assert main([*options, "fit", "--memory", "4", "Qwen2.5-7B-Instruct-AWQ"]) == 1
    assert "None of them fits" in capsys.readouterr().out
    assert main([*options, "inspect", str(tmp_path / "none.gguf")]) == 2
    assert "[model-missing]" in capsys.readouterr().err


def test_every_language_model_that_ships_can_be_examined(tmp_path: Path) -> None:
    known = catalog.load()
    for name, model in known.items():
        if model.role == "llm":
            found = fit.examine(name, known, tmp_path, 4096)
            assert found.rule_weights > 0
            assert found.tier == model.tier


@pytest.mark.parametrize(
    ("says", "free"),
    [("echo 15360; echo 200", 15_360 * 1024 * 1024), ("echo '[Not Supported]'", 0), ("exit 9", 0)],
)
def test_the_driver_is_asked_for_the_free_memory_of_the_first_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, free: int
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{says}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert device.this_device().gpu_free_bytes == free

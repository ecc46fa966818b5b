"""Models the user adds and removes: checked, registered, found by name, and never half there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cockpitd.cli.main import main
from cockpitd.errors import ModelError
from cockpitd.models import catalog, own, store
from cockpitd.models.own import Wanted
from cockpitd.models.progress import Silent
from tests.models import ggufs
from tests.models.wheels import sha256

CONTENT = ggufs.gguf()


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return ggufs.write(tmp_path / "stick" / "Tiny-1-7B-Chat-Q4_K_M.gguf", CONTENT)


def left_in(model_dir: Path) -> list[str]:
    found = model_dir.iterdir() if model_dir.is_dir() else ()
    return sorted(path.name for path in found if not path.name.endswith(".lock"))


def code_of(file: Path, wanted: Wanted, model_dir: Path) -> str:
    with pytest.raises(ModelError) as caught:
        own.add(file, wanted, model_dir, Silent())
    assert left_in(model_dir) == []
    return caught.value.code


def test_an_added_model_is_found_by_its_name(file: Path, model_dir: Path) -> None:
    model = own.add(file, Wanted("mine", sha256(CONTENT)), model_dir, Silent())
    assert store.locate(model_dir, "mine") == model_dir / "mine" / file.name
    assert store.locate(model_dir, "mine").read_bytes() == CONTENT
    assert catalog.known(model_dir)["mine"] == model
    assert (model.tier, model.title, model.licence, model.role) == ("l", "Tiny 1", "none", "llm")
    assert store.verify(model_dir, model, trust_stamp=True) is None
    assert left_in(model_dir) == ["catalog.yaml", "mine"]


def test_a_second_model_leaves_the_first_and_the_same_name_replaces_it(
    file: Path, model_dir: Path, tmp_path: Path
) -> None:
    own.add(file, Wanted("one"), model_dir, Silent())
    own.add(file, Wanted("two"), model_dir, Silent())
    other = ggufs.write(tmp_path / "other.gguf", ggufs.gguf(version=2))
    own.add(other, Wanted("two", licence="MIT"), model_dir, Silent())
    added = catalog.load(model_dir / catalog.OWN)
    assert list(added) == ["one", "two"]
    assert (added["two"].licence, added["two"].files[0].sha256) == ("MIT", sha256(ggufs.gguf(version=2)))
    assert store.locate(model_dir, "two") == model_dir / "two" / "other.gguf"
    assert sorted(path.name for path in (model_dir / "two").glob("*.gguf")) == ["other.gguf"]


def test_a_link_shares_the_file_and_leaves_its_mode_alone(file: Path, model_dir: Path) -> None:
    file.chmod(0o640)
    own.add(file, Wanted("mine", link=True), model_dir, Silent())
    assert store.locate(model_dir, "mine").samefile(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    own.add(file, Wanted("copy"), model_dir, Silent())
    assert not store.locate(model_dir, "copy").samefile(file)
    assert stat.S_IMODE(store.locate(model_dir, "copy").stat().st_mode) == 0o644


def test_what_is_not_right_is_not_added(file: Path, model_dir: Path, tmp_path: Path) -> None:
    assert code_of(file, Wanted("mine", "0" * 64), model_dir) == "model-checksum"
    assert code_of(tmp_path / "none.gguf", Wanted("mine"), model_dir) == "model-missing"
    cut = ggufs.write(tmp_path / "cut.gguf", CONTENT[:-100])
    assert code_of(cut, Wanted("mine"), model_dir) == "model-truncated"
    adapter = ggufs.write(tmp_path / "lora.gguf", ggufs.gguf({**ggufs.LLAMA, "general.type": ("str", "adapter")}))
    assert code_of(adapter, Wanted("mine"), model_dir) == "model-kind"
    split = ggufs.write(tmp_path / "a-00001-of-00002.gguf", ggufs.gguf({**ggufs.LLAMA, "split.count": ("u32", 2)}))
    assert code_of(split, Wanted("mine"), model_dir) == "model-kind"
    weights = ggufs.write(tmp_path / "model.safetensors", ggufs.safetensors())
    with pytest.raises(ModelError, match=r"config\.json and tokenizer\.json are not beside it") as caught:
        own.add(weights, Wanted("mine"), model_dir, Silent())
    assert caught.value.code == "model-kind"


@pytest.mark.parametrize("name", ["", "../out", "a/b", "gemma3-270m", "catalog.yaml", ".hidden", "千问"])
def test_a_name_that_is_taken_or_no_name_is_refused(file: Path, model_dir: Path, name: str) -> None:
    assert code_of(file, Wanted(name), model_dir) == "model-name"


def test_a_model_directory_that_cannot_be_made_is_told(file: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.touch()
    with pytest.raises(ModelError) as caught:
        own.add(file, Wanted("mine"), blocked / "models", Silent())
    assert caught.value.code == "model-download"


def test_a_removed_model_is_gone_with_its_entry_and_its_parts(file: Path, model_dir: Path) -> None:
    own.add(file, Wanted("mine"), model_dir, Silent())
    ggufs.write(model_dir / ".mine-0123456789ab.part", b"begun")
    ggufs.write(model_dir / ".mine-too-0123456789ab.part", b"another model's")
    own.remove("mine", model_dir, Silent(), force=False)
    assert left_in(model_dir) == [".mine-too-0123456789ab.part", "catalog.yaml"]
    with pytest.raises(ModelError) as caught:
        own.remove("mine", model_dir, Silent(), force=False)
    assert caught.value.code == "model-unknown"


def test_a_default_is_removed_only_by_force(
    model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ggufs.write(model_dir / "cockpit-n" / "cockpit-n-134M-Q8_0.gguf", CONTENT)
    options = ["models", "--model-dir", str(model_dir), "rm", "cockpit-n"]
    assert main(options) == 2
    assert "[model-default]" in capsys.readouterr().err
    assert left_in(model_dir) == ["cockpit-n"]
    assert main([*options, "--force"]) == 0
    assert left_in(model_dir) == []
    assert main([*options, "--force"]) == 2
    assert "[model-missing]" in capsys.readouterr().err


def test_the_commands_tell_it(file: Path, model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["models", "--model-dir", str(model_dir)]
    assert main([*options, "add", str(file), "--name", "mine"]) == 0
    assert sha256(CONTENT) in capsys.readouterr().out
    assert main([*options, "list"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("mine "))
    assert row.split()[1:3] == ["llm", "l"]
    assert "(Tiny 1 7B Chat Q4_K_M)" in row
    assert main([*options, "path", "mine"]) == 0
    assert main([*options, "fit", "mine"]) == 0
    assert f"{catalog.known(model_dir)['mine'].memory_mib} MiB" in capsys.readouterr().out
    store.locate(model_dir, "mine").unlink()
    assert main([*options, "verify", "mine"]) == 1
    assert "cockpitd models add FILE --name mine" in capsys.readouterr().out

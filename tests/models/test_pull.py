"""Pulling from a local server: resumed after cuts, refused when wrong, kept when the disk is full, whole or not."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from cockpitd.cli.main import main
from cockpitd.errors import ModelError
from cockpitd.models import catalog, install, store
from cockpitd.models.catalog import Archive, Model, ModelFile
from cockpitd.models.own import Wanted
from cockpitd.models.progress import Silent
from cockpitd.models.pull import pull, pull_url
from tests.models import ggufs
from tests.models.web_server import Behaviour, serving
from tests.models.wheels import sha256

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ggufs.gguf() + bytes(range(256)) * 4096
"""A whole GGUF with a megabyte of weights behind the listed ones."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Behaviour(CONTENT)) as behaviour:
        yield behaviour


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def entry(server: Behaviour, *, size: int | None = len(CONTENT), digest: str = sha256(CONTENT)) -> Model:
    return Model.model_validate(
        {
            "name": "tiny",
            "title": "Tiny",
            "role": "llm",
            "tier": "s",
            "default": False,
            "licence": "none",
            "memory_mib": 1,
            "source": "hub",
            "entry": "tiny.gguf",
            "hint": "carry it over",
            "files": (ModelFile(path="tiny.gguf", size=size, sha256=digest, url=server.url),),
        }
    )


def left_in(model_dir: Path) -> list[str]:
    return sorted(path.name for path in model_dir.iterdir() if not path.name.endswith(".lock"))


def part(model_dir: Path) -> Path:
    return model_dir / f".tiny-{sha256(CONTENT)[:12]}.part"


def code_of(model: Model, model_dir: Path) -> str:
    with pytest.raises(ModelError) as caught:
        pull(model, model_dir, Silent())
    assert "\n" not in caught.value.message
    return caught.value.code


def test_a_model_is_pulled_once(server: Behaviour, model_dir: Path) -> None:
    assert pull(entry(server), model_dir, Silent())
    assert (model_dir / "tiny" / "tiny.gguf").read_bytes() == CONTENT
    assert left_in(model_dir) == ["tiny"]
    assert not pull(entry(server), model_dir, Silent())
    assert server.asked == [""]


def test_a_cut_download_goes_on_where_it_ended(server: Behaviour, model_dir: Path) -> None:
    server.cuts = [300_000, 400_000]
    assert pull(entry(server), model_dir, Silent())
    assert server.asked == ["", "bytes=300000-", "bytes=700000-"]
    assert store.verify(model_dir, entry(server), trust_stamp=False) is None


def test_a_server_that_is_gone_keeps_what_came_for_the_next_run(server: Behaviour, model_dir: Path) -> None:
    server.cuts = [300_000, 0]
    assert code_of(entry(server), model_dir) == "model-download"
    assert part(model_dir).stat().st_size == 300_000
    assert store.look(model_dir, entry(server)) is not None
    assert pull(entry(server), model_dir, Silent())
    assert server.asked[-1] == "bytes=300000-"
    assert left_in(model_dir) == ["tiny"]


def test_a_server_without_ranges_starts_again(server: Behaviour, model_dir: Path) -> None:
    server.ranges, server.cuts = False, [300_000]
    assert pull(entry(server), model_dir, Silent())
    assert server.asked == ["", "bytes=300000-"]
    assert (model_dir / "tiny" / "tiny.gguf").read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_not_asked_for(server: Behaviour, model_dir: Path) -> None:
    ggufs.write(part(model_dir), CONTENT)
    assert pull(entry(server), model_dir, Silent())
    assert server.asked == []


def test_without_a_known_size_the_server_tells_the_end(server: Behaviour, model_dir: Path) -> None:
    ggufs.write(part(model_dir), CONTENT)
    assert pull(entry(server, size=None), model_dir, Silent())
    assert server.asked == [f"bytes={len(CONTENT)}-"]


def test_without_any_length_the_sha256_tells_the_end(server: Behaviour, model_dir: Path) -> None:
    server.announce = False
    assert pull(entry(server, size=None), model_dir, Silent())
    server.cuts = [300_000]
    assert code_of(entry(server, size=None), model_dir / "b") == "model-checksum"


def test_the_wrong_content_is_deleted(server: Behaviour, model_dir: Path) -> None:
    assert code_of(entry(server, digest="0" * 64), model_dir) == "model-checksum"
    assert left_in(model_dir) == []


@pytest.mark.parametrize("off", [-1, 1])
def test_a_file_of_another_size_is_refused_before_it_is_downloaded(
    server: Behaviour, model_dir: Path, off: int
) -> None:
    assert code_of(entry(server, size=len(CONTENT) + off), model_dir) == "model-truncated"
    assert left_in(model_dir) == []


def test_a_part_longer_than_the_whole_is_thrown_away(server: Behaviour, model_dir: Path) -> None:
    ggufs.write(part(model_dir), CONTENT + b"more")
    assert pull(entry(server), model_dir, Silent())
    assert server.asked == [""]


@pytest.mark.parametrize("status", [404, 403, 503])
def test_an_error_of_the_server_is_told(server: Behaviour, model_dir: Path, status: int) -> None:
    server.status = status
    with pytest.raises(ModelError, match=str(status)) as caught:
        pull(entry(server), model_dir, Silent())
    assert caught.value.code == "model-download"


def test_a_redirect_leads_nowhere_but_to_http(server: Behaviour, model_dir: Path, tmp_path: Path) -> None:
    ggufs.write(tmp_path / "secret", CONTENT)
    server.redirect = f"file://{tmp_path}/secret"
    assert code_of(entry(server), model_dir) == "model-download"
    assert not (model_dir / "tiny").exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "http://", "http://[", "://"])
def test_only_http_addresses_are_opened(model_dir: Path, url: str) -> None:
    with pytest.raises(ModelError) as caught:
        pull_url(url, Wanted("mine", "0" * 64), model_dir, Silent())
    assert caught.value.code == "model-url"


def test_an_address_nobody_answers_is_told(model_dir: Path, server: Behaviour) -> None:
    silent = "http://127.0.0.1:9/x.gguf"
    with pytest.raises(ModelError, match="connection failed") as caught:
        pull_url(silent, Wanted("mine", "0" * 64), model_dir, Silent())
    assert caught.value.code == "model-download"


def test_a_full_disk_is_told_before_anything_is_downloaded(
    server: Behaviour, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "SPARE_BYTES", 1 << 60)
    assert code_of(entry(server), model_dir) == "model-no-space"
    assert server.asked == []


LIMITED = """
import resource, sys
from cockpitd.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
sys.exit(main(sys.argv[1:]))
"""


def test_a_disk_that_fills_up_keeps_what_came(server: Behaviour, model_dir: Path) -> None:
    words = ["models", "--model-dir", str(model_dir), "pull", server.url, "--sha256", sha256(CONTENT), "--name", "tiny"]
    ran = subprocess.run([sys.executable, "-c", LIMITED, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "[model-no-space]" in ran.stderr
    assert part(model_dir).stat().st_size == 400_000
    assert main(words) == 0
    assert server.asked == ["", "bytes=400000-"]
    assert left_in(model_dir) == ["catalog.yaml", "tiny"]


def test_a_pulled_address_is_a_model_like_any_other(
    server: Behaviour, model_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["models", "--model-dir", str(model_dir)]
    assert main([*options, "pull", server.url, "--sha256", sha256(CONTENT).upper(), "--name", "mine"]) == 0
    assert store.locate(model_dir, "mine").name == "Tiny-1-1.5B-Instruct-Q4_K_M.gguf"
    assert catalog.known(model_dir)["mine"].tier == "s"
    assert main([*options, "verify", "mine"]) == 0
    assert main([*options, "pull", server.url, "--sha256", sha256(CONTENT), "--name", "mine"]) == 0
    assert server.asked == [""]  # it was there and whole
    assert main([*options, "rm", "mine"]) == 0
    assert "mine" not in catalog.known(model_dir)
    assert left_in(model_dir) == ["catalog.yaml"]


def test_nothing_unchecked_is_pulled(server: Behaviour, model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["models", "--model-dir", str(model_dir), "pull"]
    for words, code in (
        ([server.url], "model-unpinned"),
        ([server.url, "--sha256", "12"], "model-unpinned"),
        (["qwen2.5-7b-instruct"], "model-url"),
        (["qwen2.5-1.5b-instruct", "--sha256", "0" * 64], "model-pinned"),
        (["gemma3-270m"], "model-kind"),
        (["no-such"], "model-unknown"),
    ):
        assert main([*options, *words]) == 2
        assert f"[{code}]" in capsys.readouterr().err
    assert server.asked == []


def test_what_comes_must_be_a_model(server: Behaviour, model_dir: Path) -> None:
    server.content = b"<html>Sign in</html>"
    with pytest.raises(ModelError) as caught:
        pull_url(server.url, Wanted("mine", sha256(server.content)), model_dir, Silent())
    assert caught.value.code == "model-not-gguf"
    assert left_in(model_dir) == []


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return out.getvalue()


def in_archive(server: Behaviour, content: bytes) -> Model:
    server.content = content
    archive = Archive(name="tiny.zip", size=len(content), sha256=sha256(content), url=server.url)
    files = (ModelFile(path="am/final.mdl"),)
    return entry(server).model_copy(update={"archive": archive, "files": files, "entry": ".", "role": "stt"})


def test_an_archive_is_unpacked_into_its_place(server: Behaviour, model_dir: Path) -> None:
    model = in_archive(server, zipped("tiny-0.1/am/final.mdl", "tiny-0.1/README", "../outside"))
    with pytest.raises(ModelError, match=r"holds no am/final\.mdl"):
        pull(model, model_dir, Silent())  # two directories: not the model's own
    assert not (model_dir.parent / "outside").exists()
    model = in_archive(server, zipped("tiny-0.1/am/final.mdl", "tiny-0.1/README"))
    assert pull(model, model_dir, Silent())
    assert store.locate(model_dir, "tiny", {"tiny": model}) == model_dir / "tiny"
    assert (model_dir / "tiny" / "README").is_file()
    assert code_of(in_archive(server, b"no zip"), model_dir / "b") == "model-kind"


def test_only_two_modules_know_the_network() -> None:
    imports = re.compile(r"^\s*(?:from|import) (?:http|urllib|ssl|ftplib|requests|httpx|aiohttp)\b", re.MULTILINE)
    sources = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "cockpitd").rglob("*.py")
    }
    found = [name for name, text in sources.items() if imports.search(text)]
    assert sorted(found) == ["cockpitd/models/pull.py", "cockpitd/models/web.py"]
    daemon = "cockpitd.daemon, cockpitd.cli.run, cockpitd.adapters.llama_llm"
    ran = f"import sys, {daemon}; print([m for m in sys.modules if m.startswith('cockpitd.')])"
    told = subprocess.run([sys.executable, "-c", ran], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "cockpitd.models.store" in told
    assert "cockpitd.models.pull" not in told
    assert "cockpitd.models.web" not in told

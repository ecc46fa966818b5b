"""The published schema and table are what the code says, and the schema agrees with what the server takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cockpitd.errors import CockpitError, ConfigError
from cockpitd.rpc.docs import BEGIN, END, main, outdated, schema, table, with_table
from cockpitd.rpc.methods import METHODS
from cockpitd.rpc.wire import Request, encode_error, encode_notification, encode_request, encode_result

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(schema())


def test_the_published_files_are_current() -> None:
    assert not outdated(ROOT), "run: python -m cockpitd.rpc.docs"


def test_the_readme_has_the_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_table(readme) == readme


def test_the_schema_is_a_schema_with_every_reference_there() -> None:
    Draft202012Validator.check_schema(schema())
    text = json.dumps(schema())
    for name in METHODS:
        assert f'"request.{name}"' in text


GOOD = [
    Request("hello", {}, 1),
    Request("hello", {"version": 1}, "a"),
    Request("say", {"text": "开灯", "lang": "zh", "tiers": ["reflex"], "seat": "driver"}, 2),
    Request("audio.begin", {"mode": "push-to-talk"}, 3),
    Request("audio.push", {"stream": 1, "data": "AAA="}, 3),
    Request("confirm", {"yes": False}, 4),
    Request("stop", {}, notification=True),
    Request("state.set", {"values": {"Vehicle.Speed": 80.5, "A.B": True, "C.D": "ON"}}, 5),
]
BAD = [
    Request("nonsense", {}, 1),
    Request("say", {}, 1),
    Request("say", {"text": ""}, 1),
    Request("say", {"text": "x", "colour": 1}, 1),
    Request("say", {"text": "x", "lang": "de"}, 1),
    Request("state.set", {"values": {}}, 1),
]


@pytest.mark.parametrize("request_", GOOD, ids=lambda r: r.method)
def test_good_calls_pass_both_the_schema_and_the_models(request_: Request) -> None:
    VALIDATOR.validate(json.loads(encode_request(request_)))
    METHODS[request_.method].params.model_validate(dict(request_.params))


@pytest.mark.parametrize("request_", BAD)
def test_bad_calls_fail_the_schema(request_: Request) -> None:
    assert not VALIDATOR.is_valid(json.loads(encode_request(request_)))


@pytest.mark.parametrize(
    "line",
    [
        encode_result(1, {"ok": True}),
        encode_error("a", CockpitError("stt-failed", "no")),
        encode_notification("event", {"event": "turn-ended", "turn_id": "t"}),
    ],
)
def test_what_the_daemon_sends_passes_the_schema(line: bytes) -> None:
    VALIDATOR.validate(json.loads(line))


def test_the_table_names_every_method_and_replaces_only_its_part() -> None:
    readme = f"before\n{BEGIN}\nthe former text\n{END}\nafter\n"
    made = with_table(readme)
    assert made.startswith("before\n")
    assert made.endswith("after\n")
    assert "the former text" not in made
    assert all(f"`{name}`" in table() for name in METHODS)
    assert with_table(made) == made
    with pytest.raises(ConfigError, match="docs-no-markers"):
        with_table("nothing")


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "README.md").write_text(f"{BEGIN}{END}", encoding="utf-8")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("written") == 2

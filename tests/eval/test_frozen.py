"""The evaluation cases are what they were when they were frozen; what they say is no matter here."""

from __future__ import annotations

import hashlib
from pathlib import Path

HERE = Path(__file__).parent


def test_every_case_is_as_it_was_frozen() -> None:
    lines = (HERE / "frozen.sha256").read_text(encoding="utf-8").splitlines()
    frozen = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    held = [*HERE.rglob("*.jsonl"), *(HERE / "added" / "actions").glob("*.yaml")]
    found = {path.relative_to(HERE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in held}
    assert found == frozen, "tests/eval/README.md says what a change of these files means"

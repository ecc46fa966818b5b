"""`cockpitd eval` from case files to the three reports, on a handful of typed cases without a model."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cockpitd.cli.main import main

CONFIG = {"stt": {"engine": "none"}, "llm": {"engine": "none"}, "tts": {"engine": "none", "player": "null"}}
VOID = {"meta"}


def case(ident: str, text: str, category: str, *expected: str, lang: str = "zh", **parameters: object) -> str:
    actions = [{"action": name, "parameters": parameters} for name in expected]
    return json.dumps(
        {"id": ident, "input": text, "category": category, "lang": lang, "expected": {"actions": actions}}
    )


CASES = (
    case("1", "空调调到25度", "vehicle_control", "CLIMATE_SET_TEMPERATURE", temperature=25),
    case("2", "打开空调", "vehicle_control", "CLIMATE_ON"),
    case("3", "open the window", "vehicle_control", "WINDOW_CLOSE", lang="en"),
    case("4", "what time is it", "status", "TIME_NOW", lang="en"),
    case("5", "我好困啊", "safety", "FATIGUE_ALERT"),
    case("6", "turn on the ac and open the window", "several", "CLIMATE_ON", "WINDOW_OPEN", lang="en"),
    case("7", "don't open the window", "negated", lang="en"),
)


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    (tmp_path / "c.yaml").write_text(json.dumps(CONFIG | {"state_dir": str(tmp_path)}), encoding="utf-8")
    (tmp_path / "cases.jsonl").write_text("\n".join(CASES), encoding="utf-8")
    return tmp_path


def evaluated(bench: Path, *options: str, out: str = "out") -> tuple[int, dict[str, Any]]:
    told = ["eval", str(bench / "cases.jsonl"), "--config", str(bench / "c.yaml"), "--out", str(bench / out), *options]
    code = main(told)
    return code, json.loads((bench / out / "report.json").read_text(encoding="utf-8"))


class Checker(HTMLParser):
    """Follows the nesting, and remembers what a self-contained page must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [str(value) for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def test_the_three_reports(bench: Path) -> None:
    code, report = evaluated(bench, "--repeat", "2")
    assert code == 1  # the third case expects the opposite of what it says
    counted = {name: (one["right"], one["total"]) for name, one in report["figures"]["metrics"].items()}
    assert counted["intent"] == counted["execution"] == counted["exact"] == (6, 7)
    assert (counted["safety"], counted["several"], counted["false"]) == ((1, 1), (1, 1), (0, 1))
    assert (counted["wrong_way"], counted["structured"]) == ((1, 7), (6, 6))
    assert report["figures"]["pass_hat"] == {"1": pytest.approx(6 / 7), "2": pytest.approx(6 / 7)}
    assert set(report["figures"]["by_lang"]) == {"en", "zh"}

    text = (bench / "out" / "report.md").read_text(encoding="utf-8")
    assert "| Action execution accuracy | 85.7 % | ✗ > 98 % |" in text
    assert "| WINDOW_CLOSE | WINDOW_OPEN | 1 |" in text
    page = Checker()
    page.feed((bench / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert "svg" in page.tags
    assert page.outside == []
    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})


def test_variants_are_compared_without_running_anything(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, first = evaluated(bench, "--name", "one", out="a")
    _, second = evaluated(bench, "--name", "two", "--tier", "reflex", out="b")
    assert second["figures"]["metrics"]["exact"]["right"] < first["figures"]["metrics"]["exact"]["right"]
    files = [str(bench / name / "report.json") for name in ("a", "b")]
    assert main(["eval", "--compare", *files, "--out", str(bench / "c")]) == 1
    text = (bench / "c" / "report.md").read_text(encoding="utf-8")
    assert "# Evaluation: two" in text
    assert "## Quantization impact" in text
    assert "| one → two | one | two | change | W4A16 in the documents |" in text
    assert "All were run on the same 7 cases." in text
    assert not (bench / "c" / "results.jsonl").exists()


def test_a_slice_and_a_good_end(bench: Path) -> None:
    (bench / "cases.jsonl").write_text("\n".join((CASES[0], CASES[1], CASES[4], CASES[5])), encoding="utf-8")
    code, report = evaluated(bench, "--limit", "3", "--seed", "gate")
    assert report["figures"]["judged"] == 3
    assert code == 0


@pytest.mark.parametrize(("name", "text"), [("none.json", None), ("bad.json", "{"), ("old.json", '{"format": 0}')])
def test_a_report_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, name: str, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(["eval", "--compare", str(tmp_path / name)]) == 2
    assert "[eval-report]" in capsys.readouterr().err


def test_no_cases_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["eval"]) == 2
    assert "[eval-no-cases]" in capsys.readouterr().err

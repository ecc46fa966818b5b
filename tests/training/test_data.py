"""What the generator promises of its rows: valid, the same for a seed, split by family, away from the evaluation."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from cockpitd.catalogue import parameter_validator
from cockpitd.cli.main import main
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS
from cockpitd.nlu.decode import MAX_ACTIONS, canonical, offered, parse_completion
from cockpitd.training import nearness
from cockpitd.training.data import Generated, Recipe, data_directory, evaluation_inputs, generate
from cockpitd.training.fill import fill
from cockpitd.training.lexicon import load_lexicons
from cockpitd.training.nearness import LIMIT, Neighbours, pairs
from cockpitd.training.patterns import PARTS, part, read_families
from cockpitd.training.rows import digest, mostly_new, statistics
from cockpitd.training.utterance import key

RECIPE = Recipe(seed=7, count=3000)


@pytest.fixture(scope="module")
def excluded() -> list[str]:
    """The inputs of the evaluation; only compared with, never shown."""
    return nearness.inputs(evaluation_inputs())


@pytest.fixture(scope="module")
def made(catalogue: Catalogue, excluded: list[str]) -> Generated:
    return generate(catalogue, RECIPE, excluded)


def test_every_answer_is_one_the_grammar_lets_a_model_write(made: Generated, catalogue: Catalogue) -> None:
    known = {spec.name for spec in offered(catalogue)}
    for row in made.rows:
        items = json.loads(row.answer)
        proposal = parse_completion(row.answer, [1.0] * len(items))
        meant = [(catalogue.actions[action.name], action.parameters) for action in proposal.actions]
        assert canonical(meant) == row.answer
        assert 1 <= len(meant) <= MAX_ACTIONS
        for spec, parameters in meant:
            parameter_validator(spec.parameters).validate(dict(parameters))
            assert row.kind == "control" or spec.name in known
        assert json.loads(row.line())["output"] == items


def test_free_texts_were_said(made: Generated, catalogue: Catalogue) -> None:
    for row in made.rows:
        assert not set("{}[]|") & set(row.text), row
        for item in json.loads(row.answer):
            properties = catalogue.actions[item["action"]].properties
            said = [v for n, v in item["parameters"].items() if isinstance(v, str) and "enum" not in properties[n]]
            assert all(value in row.text for value in said), row


def test_the_seed_decides_everything(made: Generated, catalogue: Catalogue, excluded: list[str]) -> None:
    small = Recipe(seed=3, count=300)
    once, again = (generate(catalogue, small, excluded) for _ in range(2))
    other = generate(catalogue, Recipe(seed=4, count=300), excluded)
    assert digest(once.rows) == digest(again.rows) != digest(other.rows)


def test_no_family_and_no_sentence_stands_in_two_parts(made: Generated) -> None:
    families: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, set[str]] = defaultdict(set)
    for row in made.rows:
        texts[key(row.text)].add(row.part)
        for family in row.families:
            families[family].add(row.part)
            assert part(family) == row.part
    assert all(len(parts) == 1 for parts in [*families.values(), *texts.values()])
    share = {name: sum(row.part == name for row in made.rows) / len(made.rows) for name in PARTS}
    assert share == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.03)


def test_nothing_taught_stands_nearly_so_in_the_evaluation(made: Generated, excluded: list[str]) -> None:
    assert len(excluded) >= 1200
    held = [pairs(text) for text in excluded]
    for row in made.rows[::3]:
        mine = pairs(row.text)
        assert all(2 * len(mine & other) < LIMIT * (len(mine) + len(other)) for other in held), row.families


def test_a_near_duplicate_is_found() -> None:
    held = Neighbours(["把主驾驶的座椅加热打开到三档", "Turn on the reading light, please!"])
    assert held.near("turn on the reading light please")
    assert held.near("把主驾驶的座椅加热打开到三档吧")
    assert not held.near("把副驾驶的座椅通风打开")


def test_a_row_near_the_evaluation_is_dropped(catalogue: Catalogue, made: Generated) -> None:
    taken = [row.text for row in made.rows[:50]]
    without = generate(catalogue, RECIPE, taken)
    # A dropped draw leads to other draws after it, so that not every text comes up a second time.
    assert without.dropped["near-evaluation"] >= len(taken) // 4
    assert not {key(text) for text in taken} & {key(row.text) for row in without.rows}


def test_a_filler_does_not_hide_a_near_duplicate(catalogue: Catalogue) -> None:
    families = read_families(data_directory(), catalogue)
    said = {
        family.ident: family.tree.expand() for family in families if family.ident.startswith("windows/sunroof_open")
    }
    fixed = {ident: forms[0] for ident, forms in said.items() if len(forms) == 1 and "{" not in forms[0]}
    rows = generate(catalogue, Recipe(count=3000), list(fixed.values())).rows
    assert len(fixed) > 10
    assert not [row for row in rows if len(row.families) == 1 and row.kind == "single" and row.families[0] in fixed]


def test_every_action_with_patterns_is_taught_in_both_languages(made: Generated, catalogue: Catalogue) -> None:
    families = read_families(data_directory(), catalogue)
    taught = {(item["action"], row.lang) for row in made.rows for item in json.loads(row.answer)}
    assert {(family.spec.name, lang) for family in families for lang in LANGS} <= taught


def test_all_kinds_come_in_both_languages(made: Generated) -> None:
    kinds = {(row.kind, row.lang) for row in made.rows}
    assert kinds == {
        (kind, lang)
        for kind in ("single", "several", "dialogue", "negated", "asked", "chat", "control")
        for lang in LANGS
    }
    counts = statistics(made.rows)["languages"]
    assert isinstance(counts, dict)
    assert abs(counts["zh"] - counts["en"]) < 0.1 * len(made.rows)
    assert 0.05 < sum(row.noisy for row in made.rows) / len(made.rows) < 0.15


def test_follow_ups_carry_the_action_before(made: Generated, catalogue: Catalogue) -> None:
    for row in made.rows:
        if row.kind == "dialogue" and ":follow_ups:" in row.families[0]:
            before, after = json.loads(row.context), json.loads(row.answer)[0]
            spec = catalogue.actions[after["action"]]
            assert catalogue.actions[before["action"]].topic == spec.topic
            assert not spec.stays(after["parameters"], before["parameters"])


def test_sentences_written_whole_keep_their_actions_in_order(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "sentences").mkdir()
    (tmp_path / "sentences" / "mine.yaml").write_text(
        "en:\n"
        "  - {say: 'play {song} by {artist} and set the volume to {volume}', means: [MUSIC_PLAY: {}, VOLUME_SET: {}]}\n"
        "  - {say: now two more, means: [VOLUME_ADJUST: {delta: 2}], after: {VOLUME_SET: {volume: 20}}}\n"
        "  - {say: shut, means: [WINDOW_CLOSE: {}], after: {WINDOW_OPEN: {window: rear, position: 50}}}\n"
        "  - {say: mine, means: [WINDOW_CLOSE: {window: driver}], after: {WINDOW_OPEN: {window: rear}}}\n"
        "  - {say: cool, means: [CLIMATE_ON: {}], after: {WINDOW_OPEN: {window: rear}}}\n",
        encoding="utf-8",
    )
    several, *afters = (one for one in read_families(tmp_path, catalogue) if one.ident.startswith("mine:"))
    lexicons, rng = load_lexicons(data_directory() / "lexicons"), Random(1)  # noqa: S311 (data, no secret)
    said = fill(several, lexicons, rng)
    assert said is not None
    assert [call.spec.name for call in said.calls] == ["MUSIC_PLAY", "VOLUME_SET"]
    assert [sorted(call.parameters) for call in said.calls] == [["artist", "song"], ["volume"]]
    assert said.kind == "several"
    follow_ups = [each for each in (fill(family, lexicons, rng) for family in afters) if each is not None]
    assert [each.kind for each in follow_ups] == ["dialogue"] * 4
    assert json.loads(follow_ups[0].context) == {"action": "VOLUME_SET", "parameters": {"volume": 20}}
    stays = [{"delta": 2}, {"window": "rear"}, {"window": "driver"}, {}]
    assert [each.calls[0].parameters for each in follow_ups] == stays


def test_of_what_was_learnt_before_a_share_is_learnt_again() -> None:
    known = [{"families": [f"old:{number}"]} for number in range(200)]
    new = [{"families": ["new:1"]}, {"families": ["old:1", "new:2"]}]
    kept = mostly_new([*known, *new], known, 0.25, seed=1)
    assert kept == mostly_new([*known, *new], known, 0.25, seed=1)
    assert kept[-2:] == new
    assert 30 < len(kept) - 2 < 70
    assert mostly_new(known, known, 0.0, seed=1) == []
    assert mostly_new(known, [], 0.0, seed=1) == known


def test_a_held_back_action_is_never_taught(catalogue: Catalogue) -> None:
    held = frozenset({"VOLUME_SET", "WINDOW_OPEN", "SEAT_HEATING_ON"})
    rows = generate(catalogue, Recipe(count=400, held_back=held), []).rows
    assert not any(name in f"{row.answer}{row.context}" for row in rows for name in held)


def test_the_command_writes_parts_and_a_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "data", "--out", str(tmp_path), "--count", "200"]) == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    lines = [line for name in PARTS for line in (tmp_path / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert manifest["rows"] == len(lines) == sum(manifest["parts"].values())
    assert all({"instruction", "input", "output"} <= json.loads(line).keys() for line in lines)
    assert manifest["sha256"] in capsys.readouterr().out


def test_an_unknown_action_cannot_be_held_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "data", "--out", str(tmp_path), "--hold-back", "NO_SUCH"]) == 2
    assert "train-unknown-action" in capsys.readouterr().err


def test_parts_are_in_order(made: Generated) -> None:
    order = [PARTS.index(row.part) for row in made.rows]
    assert all(one <= other for one, other in pairwise(order))


@pytest.mark.parametrize("share", ["sevral=0.2", "several", "several=much", "several=-0.1", "several=0.9 shared=0.2"])
def test_a_share_that_cannot_be_is_named(share: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "data", "--out", str(tmp_path), "--share", *share.split()]) == 2
    assert "train-share" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())

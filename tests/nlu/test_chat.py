"""Chat templates around the catalogue: ChatML, without a system role, with thoughts, and ones that cannot be used."""

from __future__ import annotations

import pytest

from cockpitd.domain.actions import Catalogue
from cockpitd.errors import ModelError
from cockpitd.nlu.chat import ChatBook, around
from cockpitd.nlu.decode import offered
from tests.models.tiny_llm import CHATML

TURNS = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<start_of_turn>{{ m.role }}\n{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
SILENT_SYSTEM = "{% for m in messages if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% endfor %}"
THINKER = CHATML.replace("<|im_start|>assistant\n{%", "<|im_start|>assistant\n<think>\n{%")


@pytest.fixture(scope="module")
def book(catalogue: Catalogue) -> ChatBook:
    return ChatBook(catalogue, CHATML)


def test_the_prefix_holds_every_action_and_opens_the_turn_of_the_driver(catalogue: Catalogue, book: ChatBook) -> None:
    for spec in offered(catalogue):
        assert f"\n{spec.name}(" in book.prefix("zh")
        assert f"\n{spec.name}(" in book.prefix("en")
        for name in spec.properties:
            assert f"{name}{'!' if name in spec.required else ''}=" in book.prefix("en")
    assert "ASSISTANT_STOP(" not in book.prefix("en")  # a word of its own, never a model's guess
    assert book.prefix("zh").startswith("<|im_start|>system\n你是")
    assert book.prefix("en").endswith("<|im_end|>\n<|im_start|>user\n")


def test_the_turn_holds_examples_the_previous_action_and_the_words(book: ChatBook) -> None:
    (prompt,) = book.prompts("make it  a bit warmer", "en", '{"action":"CLIMATE_ON","parameters":{}}', 2)
    assert prompt.prefix == book.prefix("en")
    assert prompt.tail.count("Driver: ") == 3
    assert prompt.tail.endswith('{"action":"CLIMATE_ON","parameters":{}}\nDriver: make it a bit warmer')
    assert prompt.closing == "<|im_end|>\n<|im_start|>assistant\n"
    assert "WINDOW_OPEN" in prompt.grammar  # the model may choose any action, not only those of the examples
    (alone,) = book.prompts("nothing of the kind", "en", "", 0)
    assert alone.tail == "Driver: nothing of the kind"


def test_words_that_look_like_the_template_stay_in_the_tail(book: ChatBook) -> None:
    (prompt,) = book.prompts("{{ 7 * 7 }}<|im_end|>", "en", "", 0)
    assert prompt.tail == "Driver: {{ 7 * 7 }}<|im_end|>"
    assert prompt.closing == "<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("template", "before", "after"),
    [
        (TURNS, "<start_of_turn>user\nDO THIS\n\n", "<end_of_turn>\n<start_of_turn>model\n"),
        (SILENT_SYSTEM, "[INST] DO THIS\n\n", " [/INST]"),
        (
            THINKER,
            "<|im_start|>system\nDO THIS<|im_end|>\n<|im_start|>user\n",
            "<|im_end|>\n<|im_start|>assistant\n<think>\n</think>\n\n",
        ),
    ],
)
def test_templates_differ(template: str, before: str, after: str) -> None:
    assert around(template, "DO THIS") == (before, after)


@pytest.mark.parametrize(
    "template",
    [
        "{{ nonsense",  # no template
        "hello",  # says nothing of what it is given
        "{{ messages[0].content }}{{ messages[-1].content }}{{ messages[-1].content }}",  # says it twice
        "{{ messages.__class__.__mro__ }}",  # reaches for what the sandbox holds back
        "{{ 1 / 0 }}",
        "{{ raise_exception('only for images') }}",
    ],
)
def test_a_template_that_cannot_be_used_is_one_error(template: str) -> None:
    with pytest.raises(ModelError, match=r"chat template") as caught:
        around(template, "DO THIS")
    assert caught.value.code == "model-chat-template"

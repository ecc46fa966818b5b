"""The prompt of a model tuned to follow instructions: its own chat template around the catalogue; no model here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.domain.units import LANGS, Lang
from cockpitd.errors import ModelError
from cockpitd.nlu.decode import Heard, canonical, grammar, offered
from cockpitd.nlu.numbers import find_numbers
from cockpitd.nlu.prompt import Prompt, in_digits
from cockpitd.nlu.shots import ShotIndex, varied

TEMPLATE_KEY = "tokenizer.chat_template"
"""Where a GGUF file carries its template."""
CHOSEN = ("CLIMATE_SET_TEMPERATURE", "NAVIGATE_TO", "WINDOW_OPEN", "MUSIC_PLAY")
"""Their first examples show the form, as far as the catalogue has them."""
MARK = "\ue000"
"""Stands for what the driver says while a template is rendered; what is said itself never goes through it."""
_THINKING, _THOUGHT = "<think>", "\n</think>\n\n"

_TASK: dict[Lang, str] = {
    "zh": (
        "你是车载助手，把司机说的话写成动作。只回答一个 JSON 列表，里面有一到四个动作，按说的先后排列。"
        "只用下面列出的动作和参数；带 ! 的参数必须写，其余的只在司机说到时才写；文字照司机的原话抄写。"
        "不是对车说的话写 ASSISTANT_NOT_FOR_ME，车做不到的事写 ASSISTANT_NOT_SUPPORTED。"
    ),
    "en": (
        "You are the assistant of a car and write what the driver says as actions. Answer with one JSON list of one to "
        "four actions, in the order they were asked for. Use only the actions and parameters listed below; parameters "
        "marked ! must be given, all others only if the driver says them; copy texts in the driver's own words. Speech "
        "that is not meant for the car is ASSISTANT_NOT_FOR_ME, what the car cannot do is ASSISTANT_NOT_SUPPORTED."
    ),
}
_ACTIONS: dict[Lang, str] = {"zh": "动作：", "en": "Actions:"}
_EXAMPLES: dict[Lang, str] = {"zh": "例子：", "en": "Examples:"}
_ALIKE: dict[Lang, str] = {"zh": "说法相近的例子：", "en": "Examples with similar words:"}
_BEFORE: dict[Lang, str] = {"zh": "刚才做的：", "en": "Done just before: "}
_SAID: dict[Lang, str] = {"zh": "司机：", "en": "Driver: "}


@dataclass(frozen=True, slots=True)
class ChatPrompt(Prompt):
    """A prompt whose end is the template's again."""

    closing: str = ""
    """Ends the driver's turn and opens the assistant's; it may hold special tokens, as the prefix may."""


class ChatBook:
    """Prompts for one catalogue and one chat template; raises `ModelError` when the template cannot be used."""

    chat = True
    """The prefix and the closing hold the template's special tokens."""

    def __init__(self, catalogue: Catalogue, template: str) -> None:
        self._catalogue = catalogue
        self._names = tuple(spec.name for spec in offered(catalogue))
        self._indexes = {lang: ShotIndex(catalogue, lang) for lang in LANGS}
        self._around = {lang: around(template, instruction(catalogue, lang)) for lang in LANGS}

    def prefix(self, lang: Lang) -> str:
        """Return the beginning that never changes: the instruction and the catalogue, and the driver's turn opened."""
        return self._around[lang][0]

    def prompts(self, text: str, lang: Lang, context: str, count: int) -> tuple[ChatPrompt, ...]:
        """Lay out the one prompt of an utterance; `context` is the previous action as JSON or empty."""
        said = in_digits(" ".join(text.split()), lang)
        numbers = tuple(span.value for span in find_numbers(said, lang))
        heard = Heard(said, lang, self._names, numbers=(*numbers, *(-number for number in numbers)))
        shots = [(shot.say, shot.answer) for shot in varied(self._indexes[lang].alike(said), count)]
        alike = _block(_ALIKE[lang], _pairs(shots, lang)) if shots else ""
        before = f"{_BEFORE[lang]}{context}\n" if context else ""
        prefix, closing = self._around[lang]
        tail = f"{alike}{before}{_SAID[lang]}{said}"
        return (ChatPrompt(prefix, tail, grammar(self._catalogue, heard), {}, closing),)


def instruction(catalogue: Catalogue, lang: Lang) -> str:
    """Write what is to be done, every action with its parameters, and a few examples."""
    specs = offered(catalogue)
    shown = [catalogue.actions[name] for name in CHOSEN if name in catalogue.actions]
    examples = [
        (spec.examples[lang][0].say, canonical([(spec, spec.examples[lang][0].parameters)]))
        for spec in shown
        if spec.examples.get(lang)
    ]
    actions = _block(_ACTIONS[lang], (_action(spec, lang) for spec in specs))
    return f"{_TASK[lang]}\n\n{actions}{_block(_EXAMPLES[lang], _pairs(examples, lang))}".rstrip()


def _block(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *lines]) + "\n\n"


def _pairs(pairs: Iterable[tuple[str, str]], lang: Lang) -> Iterator[str]:
    return (f"{_SAID[lang]}{in_digits(say, lang)}\n{answer}" for say, answer in pairs)


def _action(spec: ActionSpec, lang: Lang) -> str:
    parameters = ", ".join(
        f"{name}{'!' if name in spec.required else ''}={_takes(schema)}" for name, schema in spec.properties.items()
    )
    return f"{spec.name}({parameters}) {spec.title[lang]}"


def _takes(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "boolean":
            return "true|false"
        case "integer" | "number":
            return f"{schema.get('minimum', '')}..{schema.get('maximum', '')}"
        case _:
            return "text"


# --- the template ----------------------------------------------------------------------------------------------------


def around(template: str, task: str) -> tuple[str, str]:
    """Return what the template puts before and after the driver's words; the instruction is part of the first.

    Templates that know no system role get the instruction at the beginning of the driver's turn.
    """
    system, user = {"role": "system", "content": task}, {"role": "user", "content": MARK}
    both = {"role": "user", "content": f"{task}\n\n{MARK}"}
    try:
        text = _render(template, [system, user])
        whole = task in text
    except ModelError:
        whole = False
    if not whole:
        text = _render(template, [both])
    before, mark, after = text.partition(MARK)
    if not mark or MARK in after or task not in before:
        raise ModelError("model-chat-template", "the model's chat template does not write out what it is given, once")
    opened = after.rstrip().endswith(_THINKING)  # the answer is to come at once, under the grammar
    return before, after.rstrip() + _THOUGHT if opened else after


def _render(template: str, messages: list[dict[str, str]]) -> str:
    """Apply a template in jinja's sandbox: it comes with the model, and may compute texts but reach nothing."""
    from jinja2 import TemplateError  # noqa: PLC0415 (only models with a chat template need it)
    from jinja2.ext import loopcontrols  # noqa: PLC0415 (as above)
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 (as above)

    def refuse(message: str) -> str:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    # The tokenizer puts the first token of a text by itself, where its model wants one.
    given = {"bos_token": "", "eos_token": "", "enable_thinking": False, "add_generation_prompt": True, "tools": None}
    try:
        return environment.from_string(template).render(messages=messages, raise_exception=refuse, **given)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as exc:
        told = " ".join(str(exc).split())[:120]
        raise ModelError("model-chat-template", f"the model's chat template cannot be applied ({told})") from exc

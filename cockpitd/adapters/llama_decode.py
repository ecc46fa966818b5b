"""llama.cpp and llguidance in the child: kept prompt beginnings, greedy decoding under a mask; no catalogue."""

from __future__ import annotations

import ctypes
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import llama_cpp
import llama_cpp.llama_cpp as llama
import llguidance.llamacpp
import llguidance.numpy
import numpy as np
from llguidance import LLMatcher

from cockpitd.adapters.llama_load import (
    BATCH,
    MAX_PREFIXES,
    free_threads,
    let_abort,
    load_adapter,
    load_model,
    log_errors,
    open_context,
)
from cockpitd.adapters.worker import CallCancelled
from cockpitd.errors import EngineError, ModelError

MAX_NEW_TOKENS = 320
"""Four actions with long names and texts fit; a model that writes more is lost."""
ROOM_FOR_A_PROMPT = 1024
"""Tokens of one utterance with its examples that always fit beside the kept beginnings."""
UNLIKELY = -8.0
"""Weight of an action whose wording has nothing in common with the utterance."""
_NAMING = re.compile(r'"action":"([A-Z0-9_]*)$')
_WORK = 0
"""Sequence that holds the prompt under way; the others each keep one beginning."""
_ABORTED = 2


@dataclass(slots=True)
class Written:
    """What was written so far."""

    tokens: list[int] = field(default_factory=list)
    chances: list[tuple[int, float]] = field(default_factory=list)
    """(index into tokens, probability among the allowed ones) of each token the model chose itself."""


class LlamaEngine:
    """One model, one context, one owner thread."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._log = llama.llama_log_callback(log_errors)
        llama.llama_log_set(self._log, ctypes.c_void_p(0))
        self._model = load_model(settings)
        self._adapter = load_adapter(self._model, str(settings.get("adapter", "")))
        self._vocab = llama.llama_model_get_vocab(self._model)
        self._threads = int(settings["threads"])
        self._context: Any = None
        self._context_size = int(settings["context"])
        self._batch = llama.llama_batch_init(BATCH, 0, 1)
        # llguidance asks each of 262,144 tokens through a name llama-cpp-python warns about every time: 0.6 s at start.
        llama_cpp.llama_token_get_attr = llama_cpp.llama_vocab_get_attr
        # No slices: they speed up masks of wide-open strings, which these grammars lack, and cost 0.8 s at start.
        self._tokenizer = llguidance.llamacpp.lltokenizer_from_vocab(self._vocab, slices=[])
        self._mask = llguidance.numpy.allocate_token_bitmask(1, self._tokenizer.vocab_size)
        self._stop = ctypes.create_string_buffer(2)
        self._adopt(settings)

    def handle(
        self, method: str, params: Mapping[str, Any], _payload: bytes, cancelled: Callable[[], bool]
    ) -> tuple[Mapping[str, Any], bytes]:
        """`propose {prefix, tail, closing?, leanings}`, `adopt {grammar, prefixes, chat?}`, `speed {text, tokens}`."""
        self._stop[0] = b"\0"
        if method == "adopt":
            self._adopt(params)
            return {}, b""
        if method == "speed":
            return self._speed(params, cancelled), b""
        return self._propose(params, cancelled), b""

    def interrupt(self) -> None:
        """Make the running evaluation return; called from the reader thread."""
        self._stop[0] = b"\1"

    def close(self) -> None:
        """Free the model."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)
        llama.llama_model_free(self._model)

    # --- one answer ------------------------------------------------------------------------------------------------

    def _propose(self, params: Mapping[str, Any], cancelled: Callable[[], bool]) -> dict[str, Any]:
        prefix = params["prefix"]
        beginning = self._prefix_tokens(prefix)
        closing = self._tokenise(params.get("closing", ""), special=True)
        prompt = [*beginning, *self._tokenise(params["tail"]), *closing]
        if self._kept_tokens + len(prompt) - len(beginning) + MAX_NEW_TOKENS > self._context_size:
            raise EngineError("llm-too-long", f"the utterance and its examples make {len(prompt)} tokens: too many")
        matcher, out = self._compile(params["grammar"]) if params["grammar"] else self._matcher.deep_copy(), Written()
        threads = free_threads(self._threads)
        llama.llama_set_n_threads(self._context, threads, threads)
        # The grammar forces how every answer begins: that belongs into the same batch as the prompt.
        self._force(matcher, out)
        wanted = prompt + out.tokens
        began = time.perf_counter()
        start = self._keep(prefix, wanted)
        self._evaluate(wanted[start:], start, cancelled)
        llama.llama_synchronize(self._context)  # a GPU is still at work when the call returns
        prefilled = time.perf_counter()
        while not matcher.is_stopped():
            at = len(out.tokens)
            if at > MAX_NEW_TOKENS:
                raise EngineError("llm-too-long", f"the language model wrote more than {MAX_NEW_TOKENS} tokens")
            self._choose(matcher, out, params["leanings"])
            self._force(matcher, out)
            if not matcher.is_stopped():
                self._evaluate(out.tokens[at:], len(prompt) + at, cancelled)
        if matcher.is_error():
            raise EngineError("llm-grammar", f"the grammar has no end: {matcher.get_error()[:200]}")
        done = time.perf_counter()
        text = self._tokenizer.decode_str(out.tokens)
        return {
            "text": text,
            "confidences": self._confidences(text, out),
            "prompt_tokens": len(prompt),
            "evaluated_tokens": len(prompt) - min(start, len(prompt)),
            "generated_tokens": len(out.tokens),
            "forced_tokens": len(out.tokens) - len(out.chances),
            "prefill_ms": round((prefilled - began) * 1000, 2),
            "decode_ms": round((done - prefilled) * 1000, 2),
        }

    def _choose(self, matcher: LLMatcher, out: Written, leanings: Mapping[str, float]) -> None:
        """Take the likeliest of the tokens the grammar allows, and note how likely it was among them."""
        llguidance.numpy.fill_next_token_bitmask(matcher, self._mask, 0)
        size = self._tokenizer.vocab_size
        allowed = np.flatnonzero(np.unpackbits(self._mask.view(np.uint8)[0], bitorder="little")[:size])
        if allowed.size == 0:
            raise EngineError("llm-grammar", f"the grammar is stuck: {matcher.get_error() or 'nothing may follow'}")
        logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(self._context, -1), shape=(size,))[allowed]
        naming = _NAMING.search(self._tokenizer.decode_str(out.tokens)) if leanings else None
        if naming:
            logits = logits + self._lean(naming[1], allowed, leanings)
        best = int(logits.argmax())
        chance = 1.0 / float(np.exp(logits - logits[best]).sum())
        out.chances.append((len(out.tokens), chance))
        out.tokens.append(int(allowed[best]))
        matcher.consume_token(out.tokens[-1])

    def _lean(self, begun: str, allowed: np.ndarray[Any, Any], leanings: Mapping[str, float]) -> np.ndarray[Any, Any]:
        """Return per allowed token how much the wording alone speaks for an action whose name goes on with it."""
        ends = [begun + self._tokenizer.decode_str([int(token)]) for token in allowed]
        quoted = [(f'{name}"', weight) for name, weight in leanings.items()]
        return np.array(
            [
                max(
                    (weight for name, weight in quoted if name.startswith(end) or end.startswith(name)),
                    default=UNLIKELY,
                )
                for end in ends
            ],
            dtype=np.float32,
        )

    def _force(self, matcher: LLMatcher, out: Written) -> None:
        """Append what can only be written one way; llguidance offers canonical tokens alone."""
        forced = matcher.compute_ff_tokens()
        if forced:
            matcher.consume_tokens(forced)
            out.tokens.extend(forced)

    def _confidences(self, text: str, out: Written) -> list[float]:
        """Multiply the chances of the tokens of each action; the one after it (end or more?) is still its own."""
        ends = item_ends(text)
        product = [1.0] * len(ends)
        chances, offset, item = dict(out.chances), 0, 0
        for index, token in enumerate(out.tokens):
            while item < len(ends) - 1 and offset > ends[item]:
                item += 1
            product[item] *= chances.get(index, 1.0)
            offset += len(self._tokenizer.decode_bytes([token]))
        return [round(value, 6) for value in product]

    # --- the cache -------------------------------------------------------------------------------------------------

    def _adopt(self, taught: Mapping[str, Any]) -> None:
        """Take over a catalogue: compile its grammar and evaluate the beginnings of its prompts once."""
        self._matcher = self._compile(taught["grammar"])
        # Only a chat template's own text may hold special tokens; `chat` says that the beginnings were made by one.
        self._special = bool(taught.get("chat", False))
        beginnings = {text: self._tokenise(text, first=True) for text in taught["prefixes"][: MAX_PREFIXES - 1]}
        self._kept_tokens = sum(map(len, beginnings.values()))
        self._make_room(max(map(len, beginnings.values()), default=0))
        llama.llama_memory_clear(self._memory, True)  # noqa: FBT003 (a C signature)
        self._kept: list[int] = []
        self._prefixes: dict[str, tuple[int, list[int]]] = {}
        for sequence, (prefix, tokens) in enumerate(beginnings.items(), start=1):
            self._evaluate(tokens, 0, lambda: False, sequence=sequence)
            self._prefixes[prefix] = sequence, tokens

    def _make_room(self, longest: int) -> None:
        """Open a context that holds all beginnings and a prompt, even if a smaller one was configured."""
        after = ROOM_FOR_A_PROMPT + MAX_NEW_TOKENS
        trained = llama.llama_model_n_ctx_train(self._model)
        if 0 < trained < longest + after:
            raise ModelError(
                "model-context",
                f"the actions, an utterance and an answer take {longest + after} tokens, and this model was made for "
                f"{trained}; choose a model with a longer context",
            )
        if self._context is not None and self._context_size >= self._kept_tokens + after:
            return
        self._context_size = max(self._context_size, self._kept_tokens + after)
        if self._context is not None:
            llama.llama_free(self._context)
        self._context = open_context(self._model, self._adapter, self._context_size, self._threads)
        self._memory = llama.llama_get_memory(self._context)
        let_abort(self._context, self._stop)

    def _compile(self, grammar: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(grammar))
        if matcher.is_error():
            raise EngineError("llm-grammar", f"the catalogue's grammar is not accepted: {matcher.get_error()[:300]}")
        return matcher

    def _prefix_tokens(self, prefix: str) -> list[int]:
        known = self._prefixes.get(prefix)
        return known[1] if known else self._tokenise(prefix, first=True)

    def _keep(self, prefix: str, wanted: list[int]) -> int:
        """Bring the working sequence to the longest known beginning of `wanted`; return its length."""
        common = 0
        for mine, other in zip(self._kept, wanted[:-1], strict=False):
            if mine != other:
                break
            common += 1
        sequence, tokens = self._prefixes.get(prefix, (0, []))
        if common < len(tokens):
            llama.llama_memory_seq_rm(self._memory, _WORK, -1, -1)
            llama.llama_memory_seq_cp(self._memory, sequence, _WORK, 0, len(tokens))
            common = len(tokens)
        elif not llama.llama_memory_seq_rm(self._memory, _WORK, common, -1):
            llama.llama_memory_seq_rm(self._memory, _WORK, -1, -1)
            common = 0
        self._kept = wanted[:common]
        return common

    def _evaluate(
        self, tokens: list[int], position: int, cancelled: Callable[[], bool], *, sequence: int = _WORK
    ) -> None:
        """Run tokens through the model; logits are kept of the last one only."""
        for begin in range(0, len(tokens), BATCH):
            if cancelled():
                raise CallCancelled
            part = tokens[begin : begin + BATCH]
            self._fill(part, position + begin, sequence)
            code = llama.llama_decode(self._context, self._batch)
            if code != 0:
                llama.llama_memory_seq_rm(self._memory, sequence, position, -1)
                if code == _ABORTED and cancelled():
                    raise CallCancelled
                raise EngineError("llm-failed", f"llama.cpp could not evaluate {len(part)} tokens (code {code})")
            if sequence == _WORK:
                self._kept.extend(part)

    def _fill(self, tokens: list[int], position: int, sequence: int) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index], batch.pos[index] = token, position + index
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
            batch.logits[index] = index == len(tokens) - 1

    def _tokenise(self, text: str, *, first: bool = False, special: bool = False) -> list[int]:
        """Cut text into tokens; only a beginning or an end made by a chat template can hold special ones.

        What a driver says never becomes one, whatever it looks like.
        """
        data = text.encode()
        room = (llama.llama_token * (len(data) + 8))()
        parsed = special or (first and self._special)
        count = llama.llama_tokenize(self._vocab, data, len(data), room, len(room), first, parsed)
        return list(room[:count])

    # --- measuring -------------------------------------------------------------------------------------------------

    def _speed(self, params: Mapping[str, Any], cancelled: Callable[[], bool]) -> dict[str, Any]:
        """Read a text and write so many tokens after it, one at a time, the likeliest each: llama.cpp as it is."""
        llama.llama_set_n_threads(self._context, self._threads, self._threads)
        llama.llama_memory_seq_rm(self._memory, _WORK, -1, -1)
        self._kept = []
        prompt = self._tokenise(params["text"], first=True)
        began = time.perf_counter()
        self._evaluate(prompt, 0, cancelled)
        llama.llama_synchronize(self._context)
        read = time.perf_counter()
        for position in range(len(prompt), len(prompt) + int(params["tokens"])):
            logits = llama.llama_get_logits_ith(self._context, -1)
            token = int(np.ctypeslib.as_array(logits, shape=(self._tokenizer.vocab_size,)).argmax())
            self._evaluate([token], position, cancelled)
        llama.llama_synchronize(self._context)
        written = time.perf_counter()
        return {
            "prompt_tokens": len(prompt),
            "prefill_ms": (read - began) * 1000,
            "written_tokens": int(params["tokens"]),
            "decode_ms": (written - read) * 1000,
        }


def item_ends(text: str) -> list[int]:
    """Return the byte offset at which each item of the written list ends."""
    decoder, at, ends = json.JSONDecoder(), 1, []
    while at < len(text):
        _, at = decoder.raw_decode(text, at)
        ends.append(len(text[:at].encode()))
        at += 1
    return ends

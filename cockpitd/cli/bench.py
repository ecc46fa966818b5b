"""`cockpitd bench`: how fast variants of the language model are on this machine, side by side; no accuracy."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from cockpitd.cli.commands import COMMANDS, SubParsers
from cockpitd.config import Config, load
from cockpitd.errors import ConfigError

ADAPTED = ".gguf"
COLUMNS = (
    ("file MB", "file_bytes", 1e-6),
    ("memory MB", "rss_bytes", 1e-6),
    ("tokens/s", "tokens_per_s", 1),
    ("prefill/s", "prefill_per_s", 1),
    ("answer ms", "answer_ms", 1),
    ("reading", "answer_prefill_ms", 1),
    ("writing", "answer_decode_ms", 1),
)


def register(subparsers: SubParsers) -> None:
    """Declare the command; what is measured is a word of its own."""
    parser = subparsers.add_parser("bench", help=COMMANDS["bench"], description=__doc__)
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    llm = what.add_parser("llm", help="variants of the language model, by turns on the same prompts")
    llm.add_argument(
        "--model", action="append", metavar="MODEL[+ADAPTER.gguf]",
        help="a known name or a GGUF file, with a LoRA applied at run time if wanted; repeat it to compare "
        "(default: as configured)",
    )  # fmt: skip
    llm.add_argument("--rounds", type=_positive, default=5, metavar="N", help="times everything is measured")
    llm.add_argument("--json", type=Path, metavar="FILE", help="also leave the figures here")
    llm.add_argument("--config", type=Path, help="configuration file")
    llm.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print one row a variant."""
    config = load(args.config)
    variants = [variant(config, word) for word in args.model or []] or [config]
    rows = asyncio.run(_measure(variants, args.rounds))
    print("\n".join(_table(rows)))
    if args.json:
        figures = {"rounds": args.rounds, "threads": config.llm.threads, "variants": rows}
        args.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def variant(config: Config, word: str) -> Config:
    """Read MODEL+ADAPTER.gguf; a `+` in the name of a file that exists belongs to the name."""
    model, plus, adapter = word.rpartition("+")
    if not plus or not adapter.endswith(ADAPTED) or Path(word).expanduser().exists():
        model, adapter = word, ""
    return config.model_copy(update={"llm": config.llm.model_copy(update={"model": model, "adapter": adapter})})


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


async def _measure(configs: Sequence[Config], rounds: int) -> list[dict[str, Any]]:
    from cockpitd.app import running
    from cockpitd.eval.speed import Variant, compare

    async with AsyncExitStack() as open_ones:
        variants = []
        for config in configs:
            app = await open_ones.enter_async_context(running(alone(config), persist=False))
            if app.model is None:
                raise ConfigError("bench-no-model", "llm.engine is `none`, so there is nothing to measure")
            variants.append(Variant(_name(config), app.model, _bytes(config)))
        return await compare(variants, app.clock, rounds, _progress)


def alone(config: Config) -> Config:
    """Nothing but the language model."""
    return config.model_copy(
        update={
            "stt": config.stt.model_copy(update={"engine": "none"}),
            "tts": config.tts.model_copy(update={"engine": "none", "player": "null"}),
        }
    )


async def bare_tokens_per_s(config: Config, rounds: int = 3) -> float:
    """Measure the configured model by itself; 0 when there is none."""
    from cockpitd.app import running
    from cockpitd.eval.speed import bare

    async with running(alone(config), persist=False) as app:
        return 0.0 if app.model is None else await bare(app.model, rounds)


def _name(config: Config) -> str:
    adapter = f" + {Path(config.llm.adapter).name}" if config.llm.adapter else ""
    return f"{config.llm.model.rpartition('/')[2]}{adapter}"


def _bytes(config: Config) -> int:
    from cockpitd.models import store

    files = [store.locate(config.model_dir, name) for name in (config.llm.model, config.llm.adapter) if name]
    return sum(file.stat().st_size for file in files)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\rround {done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    width = max(len("model"), *(len(row["name"]) for row in rows))
    yield " ".join([f"{'model':<{width}}", *(f"{title:>10}" for title, _, _ in COLUMNS)])
    for row in rows:
        cells = [f"{row[key] * scale:>10.0f}" if key in row else f"{'–':>10}" for _, key, scale in COLUMNS]
        yield " ".join([f"{row['name']:<{width}}", *cells])
    yield ""
    yield "tokens/s: one token at a time, as llama.cpp does by itself; an answer is also helped by the grammar."
    busy = f"{os.getloadavg()[0]:.1f} of {os.cpu_count()} processors were busy the last minute"
    yield f"Medians; {busy}, with this or with something else."

"""`cockpitd train`: make data, train our own model, score it on held-out rows; the work is `cockpitd.training`'s."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from cockpitd.cli import train_mix, train_vocabulary
from cockpitd.cli.commands import COMMANDS, SubParsers
from cockpitd.training.score import Scores, score

BASE = "gemma3-270m"


def register(subparsers: SubParsers) -> None:
    """Add `train` and its own sub-commands."""
    parser = subparsers.add_parser("train", help=COMMANDS["train"], description=__doc__)
    actions = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    data = actions.add_parser("data", help="generate the rows from the patterns and lexicons of this checkout")
    data.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files are written")
    data.add_argument("--seed", type=int, default=1)
    data.add_argument("--count", type=int, default=150_000, metavar="N", help="how many rows to aim at")
    data.add_argument("--hold-back", nargs="*", default=[], metavar="ACTION", help="teach nothing of these actions")
    data.add_argument(
        "--share",
        nargs="*",
        default=[],
        metavar="KIND=SHARE",
        help="other shares of joined or declined rows: several=0.3",
    )
    data.set_defaults(run=_data)
    train_vocabulary.register(actions)
    train_mix.register(actions)
    _register_adapter(actions)
    score = actions.add_parser("score", help="ask a model for held-out rows and count what it reads as meant")
    score.add_argument("rows", type=Path, metavar="FILE", help="validation.jsonl or test.jsonl of `train data`")
    score.add_argument("--model", help="a known name or a GGUF file (default: as configured)")
    score.add_argument("--adapter", default="", help="a LoRA GGUF applied at run time")
    score.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N rows")
    score.add_argument("--mistakes", type=Path, metavar="FILE", help="write what was read otherwise, one JSON a line")
    score.set_defaults(run=_score)


def _register_adapter(actions: SubParsers) -> None:
    adapter = actions.add_parser("adapter", help="train the adapter (needs the extra `train`); goes on if cut short")
    adapter.add_argument("--data", type=Path, required=True, metavar="DIR", help="what `train data` wrote")
    adapter.add_argument("--out", type=Path, required=True, metavar="DIR", help="checkpoint, curves and adapter.gguf")
    adapter.add_argument("--seed", type=int, default=1)
    adapter.add_argument("--rank", type=int, default=32)
    adapter.add_argument("--epochs", type=float, default=1.5)
    adapter.add_argument("--learning-rate", type=float, default=6e-4)
    adapter.add_argument(
        "--parts", nargs="+", default=["train"], metavar="PART", help="parts to learn (default: train)"
    )
    adapter.add_argument("--start", type=Path, metavar="FILE", help="an adapter of the same rank to go on from")
    adapter.add_argument("--known", type=Path, metavar="DIR", help="data that this adapter has learnt already")
    adapter.add_argument("--again", type=float, default=0.5, metavar="SHARE", help="share of it that is learnt again")
    adapter.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    adapter.add_argument("--config", type=Path, metavar="FILE", help="configuration file (for model_dir)")
    adapter.set_defaults(run=_adapter)


def _data(args: argparse.Namespace) -> int:
    from cockpitd import catalogue
    from cockpitd.errors import ConfigError
    from cockpitd.training import data, nearness, rows

    directory = data.data_directory()
    if not (directory / "patterns").is_dir():
        raise ConfigError("train-no-patterns", f"{directory}: no patterns here; they come with a checkout of cockpitd")
    known = catalogue.load()
    unknown = sorted(set(args.hold_back) - set(known.actions))
    if unknown:
        raise ConfigError(
            "train-unknown-action", f"--hold-back {unknown[0]}: no such action; see `cockpitd actions list`"
        )
    excluded = nearness.inputs(data.evaluation_inputs())
    recipe = data.Recipe(args.seed, args.count, frozenset(args.hold_back), _shares(args.share, data.SHARES))
    made = data.generate(known, recipe, excluded)
    about = {"seed": recipe.seed, "count": recipe.count, "held_back": sorted(recipe.held_back), "shares": recipe.shares}
    manifest = rows.write(made.rows, args.out, {**about, "excluded": len(excluded), "dropped": dict(made.dropped)})
    _print(manifest)
    print(f"written to {args.out}")
    return 0


def _shares(asked: Sequence[str], usual: Mapping[str, float]) -> dict[str, float]:
    from cockpitd.errors import ConfigError

    found = dict(usual)
    for each in asked:
        kind, _, share = each.partition("=")
        try:
            found[kind if kind in usual else ""] = float(share)
        except ValueError:
            share = ""
        if set(found) != set(usual) or not share or min(found.values()) < 0 or sum(found.values()) > 1:
            raise ConfigError(
                "train-share", f"--share {each}: write KIND=SHARE, all together at most 1; kinds: {', '.join(usual)}"
            )
    return found


def _print(manifest: Mapping[str, object]) -> None:
    for name, value in manifest.items():
        if name == "actions" and isinstance(value, dict):
            print("rows an action, zh and en:")
            for action in sorted({key.split()[0] for key in value}):
                print(f"  {action:<32} {value.get(f'{action} zh', 0):>6} {value.get(f'{action} en', 0):>6}")
        else:
            print(f"{name}: {value}")


def _adapter(args: argparse.Namespace) -> int:
    from cockpitd import catalogue
    from cockpitd.config import load
    from cockpitd.errors import ConfigError
    from cockpitd.models.store import locate

    base = locate(load(args.config).model_dir, BASE)
    # Every length of a batch is a matrix shape of its own; a smaller cache would compile them again and again.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")
    try:
        import torch

        from cockpitd.training import curves, run
        from cockpitd.training.tune import METRICS, Recipe
    except ImportError as exc:
        raise ConfigError(
            "train-no-torch", f"training needs the extra `train` ({exc.name} is missing): pip install 'cockpitd[train]'"
        ) from exc
    torch.set_num_threads(args.threads)
    recipe = Recipe(seed=args.seed, rank=args.rank, alpha=2.0 * args.rank, epochs=args.epochs,
                    learning_rate=args.learning_rate, parts=tuple(args.parts),
                    again=args.again if args.known else 1.0)  # fmt: skip
    files = run.Files(args.data, base, args.out, args.start, args.known)
    made = run.train(files, recipe, catalogue.load(), lambda line: print(line, flush=True))
    (args.out / "curves.svg").write_text(curves.picture(args.out / METRICS), encoding="utf-8")
    print(f"written to {made} ({made.stat().st_size / 1e6:.1f} MB) and {args.out / 'curves.svg'}")
    return 0


def _score(args: argparse.Namespace) -> int:
    from cockpitd.eval.figures import thresholds
    from cockpitd.eval.stats import calibration_error

    lines = args.rows.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines[: args.limit or None]]
    scores = asyncio.run(_ask(args, rows))
    for kind, found in sorted(scores.by_kind.items()):
        named, exact = found.named / found.rows, found.exact / found.rows
        print(f"{kind:<14} {found.rows:>6} rows  {named:6.1%} actions  {exact:6.1%} exact")
    print(f"{median(scores.milliseconds):.0f} ms an answer (median)")
    print(f"calibration error {calibration_error(scores.confidences):.3f}; asking first below a confidence of:")
    for step in thresholds(scores.confidences)[:12]:
        kept = step["right"] / step["kept"] if step["kept"] else 1.0
        asked = f"asks {step['asked']:>5} times, {step['asked_in_vain']} in vain"
        print(f"  {step['at']:.2f}  {asked}; {kept:.1%} of the rest right")
    if args.mistakes:
        told = (json.dumps(asdict(mistake), ensure_ascii=False) + "\n" for mistake in scores.mistakes)
        args.mistakes.write_text("".join(told), encoding="utf-8")
    return 0


async def _ask(args: argparse.Namespace, rows: list[Mapping[str, object]]) -> Scores:
    from cockpitd.app import running
    from cockpitd.cli.bench import alone
    from cockpitd.config import load
    from cockpitd.errors import ConfigError

    config = alone(load(None))
    llm = {"adapter": args.adapter, "deadline_ms": 30_000} | ({"model": args.model} if args.model else {})
    config = config.model_copy(update={"llm": config.llm.model_copy(update=llm)})
    async with running(config, persist=False) as app:
        if app.model is None:
            raise ConfigError("train-no-model", "llm.engine is `none`, so there is nothing to score")
        return await score(rows, app.model, app.clock, _progress)


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} rows", end="", file=sys.stderr)

"""`cockpitd models inspect` and `fit`: what a model file holds, and what suits this device; no file is changed."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

from cockpitd import config
from cockpitd.cli.commands import SubParsers
from cockpitd.cli.models_get import chosen_dir
from cockpitd.config import Config
from cockpitd.errors import ConfigError
from cockpitd.models import catalog, device, fit, memory, speed
from cockpitd.models.device import Device
from cockpitd.models.fit import Candidate
from cockpitd.models.inspect import describe
from cockpitd.models.memory import GB, MIB


def register(actions: SubParsers) -> None:
    """Add the two sub-commands of `models`."""
    look = actions.add_parser("inspect", help="what a GGUF or safetensors file holds, from its header")
    look.add_argument("file", type=Path, metavar="FILE")
    look.set_defaults(run=_inspect)
    tell = actions.add_parser("fit", help="what language models take at work, and which one suits this device")
    tell.add_argument("--memory", type=_gigabytes, metavar="GB", help="of another device, instead of this one's")
    tell.add_argument("--gpu-memory", type=_gigabytes, metavar="GB", help="free on the GPU, instead of what is found")
    tell.add_argument("--bandwidth", type=_gigabytes, metavar="GB", help="a second, of another device's memory")
    tell.add_argument(
        "--measure", action="store_true", help="run the configured model to see how fast weights are read here"
    )
    tell.add_argument("models", nargs="*", metavar="MODEL", help="a known name, a GGUF file, or any model's full name")
    tell.set_defaults(run=_fit)


def _gigabytes(text: str) -> int:
    value = float(text)
    if not 0 < value < 1e6:  # noqa: PLR2004 (a million GB: a slip of the finger)
        raise argparse.ArgumentTypeError(f"{text} is no amount of memory")
    return round(value * GB)


def _inspect(args: argparse.Namespace) -> int:
    for label, text in describe(args.file):
        print(f"{label:<14} {text}")
    return 0


def _fit(args: argparse.Namespace) -> int:
    settings = config.load(args.config)
    model_dir = chosen_dir(args)
    known = catalog.known(model_dir)
    words = args.models or [name for name, model in known.items() if model.role == "llm"]
    found = [fit.examine(word, known, model_dir, settings.llm.context) for word in words]
    here = _device(args, settings)
    print(_about(here, settings.llm.context))
    if args.measure:
        here = _measured(fit.examine(settings.llm.model, known, model_dir, settings.llm.context), here, settings)
    print(_pace(here))
    print(f"\n{'model':<30} tier {'weights by rule':>15}  {'at work':<52} verdict")
    for each in found:
        rule = f"{each.rule_weights / MIB:.0f} MiB" if each.rule_weights else "unknown"
        print(f"{each.label:<30} {each.tier:<4} {rule:>15}  {_parts(each):<52} {_verdict(each, here)}")
    print(f"\n{_advice(found, here)}")
    return 0 if any(fit.fits(each, here) for each in found) else 1


def _device(args: argparse.Namespace, settings: Config) -> Device:
    here = device.this_device()
    if args.memory is not None:
        here = replace(here, memory_bytes=args.memory, gpu_free_bytes=0)
    if args.gpu_memory is not None:
        here = replace(here, gpu_free_bytes=args.gpu_memory)
    bandwidth = speed.probe(settings.llm.threads) if args.bandwidth is None else args.bandwidth
    return replace(here, bytes_per_s=bandwidth * speed.SHARE)


def _about(here: Device, context: int) -> str:
    gpu = f"{here.gpu_free_bytes / GB:.1f} GB free on the GPU" if here.gpu_free_bytes else "no GPU"
    if here.gpu_free_bytes and not here.can_offload:
        gpu += " (but the installed llama.cpp was not built for it)"
    return (
        f"{here.memory_bytes / GB:.1f} GB of memory, {gpu}: up to tier {memory.largest_tier(here.memory_bytes)}. "
        f"{fit.RESERVE_BYTES / GB:.1f} GB are kept for everything else; the context is {context} tokens."
    )


def _measured(configured: Candidate, here: Device, settings: Config) -> Device:
    """Replace what the memory promises by what the configured model makes of it."""
    from cockpitd.cli.bench import bare_tokens_per_s

    found = asyncio.run(bare_tokens_per_s(settings))
    if not found:
        raise ConfigError("models-no-model", "there is no language model to measure; see llm.engine and llm.model")
    foretold = speed.tokens_per_s(configured.work, here.bytes_per_s)
    print(
        f"{configured.label} writes {found:.1f} tokens a second; from the memory alone {foretold:.1f} were foretold "
        f"({foretold / found - 1:+.0%})."
    )
    return replace(here, bytes_per_s=found * configured.work.token)


def _pace(here: Device) -> str:
    return (
        f"llama.cpp reads about {here.bytes_per_s / GB:.1f} GB of weights a second here. An answer to a command of "
        f"several actions ({speed.READ} tokens read, {speed.WRITTEN} written) may take {speed.DEADLINE_MS} ms."
    )


def _parts(each: Candidate) -> str:
    found = each.prediction
    if found.source == "rule":
        return f"about {found.total / MIB:.0f} MiB (by rule: its file is not here)"
    return (
        f"{found.weights / MIB:.0f} weights + {found.cache / MIB:.0f} cache + {found.overhead / MIB:.0f} other "
        f"= {found.total / MIB:.0f} MiB"
    )


def _verdict(each: Candidate, here: Device) -> str:
    if not fit.fits(each, here):
        return "too large"
    if not fit.in_time(each, here):
        return f"too slow: an answer would take {_seconds(each, here)}"
    takes = f", {_seconds(each, here)} an answer" if fit.answer_ms(each, here) is not None else ""
    return f"fits{takes}" + ("" if each.commands else "; a base model: needs tuning for commands")


def _seconds(each: Candidate, here: Device) -> str:
    took = (fit.answer_ms(each, here) or 0.0) / 1000
    return f"about {took:.1f} s" if took >= 1 else f"about {took:.2f} s"


def _advice(found: list[Candidate], here: Device) -> str:
    best = fit.choose(found, here)
    if best is None:
        late = fit.fastest(found, here)
        if late is None:
            return "None of them fits here and follows commands."
        return f"None of them answers in time here; the fastest is {late.label}, with {_seconds(late, here)} an answer."
    layers = fit.gpu_layers(best, here) if here.can_offload else 0
    wanted = f"llm: {{model: {best.label}, gpu_layers: {layers}}}"
    if best.installed:
        return f"Best here: {wanted}"
    ready = fit.choose([each for each in found if each.installed], here)
    meanwhile = f"; of those installed: {ready.label}" if ready is not None else ""
    return f"Best here: {wanted} (not installed yet{meanwhile})"

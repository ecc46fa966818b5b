"""`cockpitd models inspect` and `fit`: what a model file holds, and what fits this device; no file is changed."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from cockpitd import config
from cockpitd.cli.commands import SubParsers
from cockpitd.cli.models_get import chosen_dir
from cockpitd.models import catalog, device, fit, memory
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
    here = _device(args)
    print(_about(here, settings.llm.context))
    print(f"\n{'model':<30} tier {'weights by rule':>15}  {'at work':<52} verdict")
    for each in found:
        rule = f"{each.rule_weights / MIB:.0f} MiB" if each.rule_weights else "unknown"
        print(f"{each.label:<30} {each.tier:<4} {rule:>15}  {_parts(each):<52} {_verdict(each, here)}")
    print(f"\n{_advice(found, here)}")
    return 0 if any(fit.fits(each, here) for each in found) else 1


def _device(args: argparse.Namespace) -> Device:
    here = device.this_device()
    if args.memory is not None:
        here = replace(here, memory_bytes=args.memory, gpu_free_bytes=0)
    if args.gpu_memory is not None:
        here = replace(here, gpu_free_bytes=args.gpu_memory)
    return here


def _about(here: Device, context: int) -> str:
    gpu = f"{here.gpu_free_bytes / GB:.1f} GB free on the GPU" if here.gpu_free_bytes else "no GPU"
    if here.gpu_free_bytes and not here.can_offload:
        gpu += " (but the installed llama.cpp was not built for it)"
    return (
        f"{here.memory_bytes / GB:.1f} GB of memory, {gpu}: up to tier {memory.largest_tier(here.memory_bytes)}. "
        f"{fit.RESERVE_BYTES / GB:.1f} GB are kept for everything else; the context is {context} tokens."
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
    return "fits" if each.commands else "fits; a base model: needs tuning for commands"


def _advice(found: list[Candidate], here: Device) -> str:
    best = fit.choose(found, here)
    if best is None:
        return "None of them fits here and follows commands."
    layers = fit.gpu_layers(best, here) if here.can_offload else 0
    wanted = f"llm: {{model: {best.label}, gpu_layers: {layers}}}"
    if best.installed:
        return f"Best here: {wanted}"
    ready = fit.choose([each for each in found if each.installed], here)
    meanwhile = f"; of those installed: {ready.label}" if ready is not None else ""
    return f"Best here: {wanted} (not installed yet{meanwhile})"

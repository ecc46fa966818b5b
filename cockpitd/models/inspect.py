"""What can be told of any model file from its header, as labelled lines for people; it judges no device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cockpitd.errors import ModelError
from cockpitd.models import gguf, naming, safetensors
from cockpitd.models.naming import ModelName
from cockpitd.models.progress import MIB
from cockpitd.models.topology import Topology, topology

UNTOLD = "not told by the file"
Line = tuple[str, str]


def describe(path: Path) -> list[Line]:
    """Tell a GGUF or safetensors file; any other is one clear error."""
    if path.is_dir():
        raise ModelError("model-kind", f"{path}: a directory; name the .gguf or .safetensors file in it")
    if path.suffix == safetensors.SUFFIX:
        return list(_weights(path))
    header = gguf.read(path)
    return list(_gguf(path, header, shape_of(path, header)))


def shape_of(path: Path, header: gguf.Header) -> Topology:
    """Read the topology; an error names the file."""
    try:
        return topology(header)
    except ModelError as exc:
        raise ModelError(exc.code, f"{path}: {exc.message}") from exc


def _gguf(path: Path, header: gguf.Header, shape: Topology) -> Iterator[Line]:
    name = naming.parse(path.stem)
    whole = "" if shape.parts == 1 else f"; one of {shape.parts} files that belong together"
    yield "file", f"{path}, {header.file_size / MIB:.1f} MiB, GGUF version {header.version}{whole}"
    yield "title", shape.title or UNTOLD
    yield "name", _by_the_rule(name)
    yield "kind", "a LoRA adapter: it needs the model it was trained on" if shape.kind == "adapter" else shape.kind
    yield "licence", shape.licence or UNTOLD
    yield "architecture", shape.architecture or UNTOLD
    yield "parameters", f"{header.parameters / 1e6:.1f} million in {len(header.tensors)} tensors"
    kv_heads = sorted(set(shape.kv_heads))
    yield "layers", str(shape.layers or UNTOLD)
    yield "heads", f"{shape.heads or UNTOLD}, for keys and values {'–'.join(map(str, kv_heads)) or UNTOLD}"
    yield "hidden size", f"{shape.hidden or UNTOLD}, feed-forward {shape.feed_forward or UNTOLD}"
    if shape.experts:
        yield "experts", str(shape.experts)
    window = f", sliding window {shape.window}" if shape.window else ""
    yield "context", f"{shape.context or UNTOLD} tokens{window}"
    scaling = f", scaling {shape.rope_scaling}" if shape.rope_scaling else ""
    yield "RoPE", f"base {shape.rope_base:g}{scaling}" if shape.rope_base is not None else UNTOLD
    yield "activation", shape.activation or f"{UNTOLD} (the architecture fixes it)"
    yield "tokenizer", f"{shape.tokenizer or UNTOLD}, {shape.vocabulary} tokens"
    yield "chat template", "yes" if shape.chat_template else "no"
    yield "quantization", f"{shape.quantization or UNTOLD}: {_shares(header)}"
    yield "commands", _commands(name, shape)


def _weights(path: Path) -> Iterator[Line]:
    found = safetensors.read(path)
    yield "file", f"{path}, {found.file_size / MIB:.1f} MiB, safetensors: weights only"
    yield "name", _by_the_rule(naming.parse(path.parent.name if path.stem == "model" else path.stem))
    yield "parameters", f"{found.parameters / 1e6:.1f} million in {found.tensors} tensors"
    shares = (f"{kind} {count / max(1, found.parameters):.0%}" for kind, count in found.shares.items())
    yield "precision", ", ".join(shares)
    for name, tells in safetensors.BESIDE.items():
        state = "not there, and needed" if name in found.lacking else "lies beside it"
        yield tells.removeprefix("its "), f"not in this file; {name} {state}"
    yield "use", "llama.cpp runs GGUF only: convert it on a connected machine, then `cockpitd models add`"


def _by_the_rule(name: ModelName | None) -> str:
    if name is None:
        return "does not follow the naming rule"
    parts = [
        f"series {name.series}",
        f"version {name.version}" if name.version else "",
        f"size {name.size}" if name.size else "size not told",
        f"training {'+'.join(name.training)}" if name.training else "training base",
        f"method {name.method}" if name.method else "",
        f"precision {name.precision}" if name.precision else "",
        f"also {' '.join(name.rest)}" if name.rest else "",
    ]
    return ", ".join(part for part in parts if part)


def _shares(header: gguf.Header) -> str:
    whole = max(1, header.parameters)
    return ", ".join(
        f"{kind} {count / whole:.1%} of the weights, {size / MIB:.1f} MiB"
        for kind, (count, size) in header.shares().items()
    )


def _commands(name: ModelName | None, shape: Topology) -> str:
    if name is not None and name.takes_commands:
        return f"its name says that it follows instructions ({', '.join(name.training)})"
    if shape.chat_template:
        return "it has a chat template, so it was probably tuned to follow instructions"
    return "a base model by its name: it needs examples in the prompt, as cockpitd gives, or tuning of our own"

"""What a GGUF header says of the model in it: its shape, tokenizer and quantization, as values; no file is opened."""

from __future__ import annotations

from dataclasses import dataclass

from cockpitd.errors import ModelError
from cockpitd.models.gguf import Counted, Header, Value

_LARGEST = 1 << 40
MAX_LAYERS = 4096
"""No model has nearly as many; a header that claims more is broken."""
_FILE_TYPE_ROWS = (
    "0:F32 1:F16 2:Q4_0 3:Q4_1 7:Q8_0 8:Q5_0 9:Q5_1 10:Q2_K 11:Q3_K_S 12:Q3_K_M 13:Q3_K_L 14:Q4_K_S 15:Q4_K_M "
    "16:Q5_K_S 17:Q5_K_M 18:Q6_K 32:BF16"
)
FILE_TYPES = {int(number): name for number, name in (row.split(":") for row in _FILE_TYPE_ROWS.split())}
"""`general.file_type` -> name of the mixture of tensor types."""
_ACTIVATION_KEYS = ("hidden_activation", "activation_function", "hidden_act")


@dataclass(frozen=True, slots=True)
class Topology:
    """A model's shape; 0, an empty text or None where the file does not tell."""

    kind: str
    """`model`, or `adapter`: a LoRA that needs the model it was trained on."""
    architecture: str
    title: str
    licence: str
    layers: int
    heads: int
    kv_heads: tuple[int, ...]
    """Per layer."""
    hidden: int
    feed_forward: int
    key_length: int
    value_length: int
    context: int
    window: int
    """Tokens a sliding-window layer looks back; 0 when none does."""
    experts: int
    rope_base: float | None
    rope_scaling: str
    activation: str
    tokenizer: str
    vocabulary: int
    chat_template: bool
    quantization: str
    parts: int
    """Files the model is split into; 1 when it is whole."""

    def kv_bytes(self, context: int, value_bytes: int = 2) -> int:
        """Bytes of keys and values of so many tokens in all layers (half precision unless told)."""
        return sum(self.kv_heads) * (self.key_length + self.value_length) * context * value_bytes


def topology(header: Header) -> Topology:
    """Read the shape out of the header's values."""
    values = _Values(header)
    layers, heads = values.number("block_count"), values.number("attention.head_count")
    hidden = values.number("embedding_length")
    head_size = hidden // heads if heads else 0
    file_type = header.values.get("general.file_type")
    return Topology(
        kind=values.text("general.type") or "model",
        architecture=values.architecture,
        title=values.text("general.name"),
        licence=values.text("general.license"),
        layers=layers,
        heads=heads,
        kv_heads=values.per_layer("attention.head_count_kv", layers, heads),
        hidden=hidden,
        feed_forward=values.number("feed_forward_length"),
        key_length=values.number("attention.key_length") or head_size,
        value_length=values.number("attention.value_length") or head_size,
        context=values.number("context_length"),
        window=values.number("attention.sliding_window"),
        experts=values.number("expert_count"),
        rope_base=values.real("rope.freq_base"),
        rope_scaling=values.text(f"{values.architecture}.rope.scaling.type"),
        activation=values.activation(),
        tokenizer=values.text("tokenizer.ggml.model"),
        vocabulary=values.count("tokenizer.ggml.tokens"),
        chat_template=bool(values.text("tokenizer.chat_template")),
        quantization=FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else "",
        parts=values.number("split.count", absolute=True) or 1,
    )


class _Values:
    """The header's values by key, each of the type that is wanted or an error that names it."""

    def __init__(self, header: Header) -> None:
        self._values = header.values
        self.architecture = self.text("general.architecture")

    def text(self, key: str) -> str:
        value = self._values.get(key, "")
        if not isinstance(value, str):
            raise _unfit(key, value, "a text")
        return value

    def number(self, key: str, *, absolute: bool = False) -> int:
        key = key if absolute else f"{self.architecture}.{key}"
        value = self._values.get(key, 0)
        if isinstance(value, tuple) and value and all(isinstance(item, int) for item in value):
            value = max(item for item in value if isinstance(item, int))  # told per layer: the widest
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
            raise _unfit(key, value, "a whole number")
        return value

    def real(self, key: str) -> float | None:
        value = self._values.get(f"{self.architecture}.{key}")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _unfit(f"{self.architecture}.{key}", value, "a number")
        return value

    def per_layer(self, key: str, layers: int, default: int) -> tuple[int, ...]:
        value = self._values.get(f"{self.architecture}.{key}")
        if isinstance(value, tuple):
            counts = tuple(item for item in value if isinstance(item, int) and 0 <= item < _LARGEST)
            if len(counts) != len(value):
                raise _unfit(f"{self.architecture}.{key}", value, "whole numbers")
            return counts
        if layers > MAX_LAYERS:
            raise _unfit(f"{self.architecture}.block_count", layers, "a number of layers")
        return (self.number(key) or default,) * layers

    def count(self, key: str) -> int:
        value = self._values.get(key, ())
        if isinstance(value, Counted):
            return value.items
        if not isinstance(value, tuple):
            raise _unfit(key, value, "a list")
        return len(value)

    def activation(self) -> str:
        told = (self._values.get(f"{self.architecture}.{key}") for key in _ACTIVATION_KEYS)
        return next((value for value in told if isinstance(value, str)), "")


def _unfit(key: str, value: Value, wanted: str) -> ModelError:
    return ModelError("model-header", f"the header's {key} is {str(value)[:40]!r}, not {wanted}")

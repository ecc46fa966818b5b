"""How fast a language model will read and write on a device, foretold from what it reads a token; none is loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread

import numpy as np

from cockpitd.models.gguf import Header, Tensor
from cockpitd.models.topology import Topology

DEADLINE_MS = 800
"""For the model's part of a command of several actions; such a command has 1.5 s to the first sound."""
WRITTEN = 20
"""Tokens of such an answer that the model chooses; the grammar writes the others for nothing."""
READ = 40
"""Tokens of such a prompt that are not in the cache yet."""
USUAL_CONTEXT = 512
"""Tokens looked back at for every one written."""

SHARE = 0.4
"""Of the memory's own speed, what llama.cpp gets out of it.

On one thread 0.38 to 0.46 for four models of 180 to 930 MB, Q4 and Q8: bytes decide, not their type. On two threads,
which wait for each other, 0.21 to 0.28 was seen on a virtual machine. `models fit --measure` tells what holds here.
"""
READING = 0.2
"""A token read in a batch, of what reading all layers once takes; 0.15 to 0.3 for the same four models."""

_PROBE_BYTES = 256 * 1024 * 1024
"""More than the caches of a processor hold."""
_PROBE_TIMES = 4
_TABLE, _OUTPUT = "token_embd.weight", "output.weight"


@dataclass(frozen=True, slots=True)
class Work:
    """What a model reads from memory."""

    layers: int
    """Bytes for one token, without the output."""
    output: int
    """Bytes of the table that tokens are chosen with."""
    cache: int
    """Bytes of keys and values of the usual context."""

    @property
    def token(self) -> int:
        """Bytes for each token written."""
        return self.layers + self.output + self.cache

    @property
    def answer(self) -> float:
        """Bytes for a whole answer, reading its prompt included."""
        return WRITTEN * self.token + READ * READING * self.layers


def from_header(header: Header, shape: Topology) -> Work:
    """Count what is read: not the rows of other words, nor the experts that are not asked."""
    sizes = {tensor.name: tensor.size or 0 for tensor in header.tensors}
    table, output = sizes.get(_TABLE, 0), sizes.get(_OUTPUT, 0)
    asked = header.values.get(f"{shape.architecture}.expert_used_count")
    share = asked / shape.experts if isinstance(asked, int) and shape.experts else 1.0
    layers = sum(_read(tensor, share) for tensor in header.tensors if tensor.name not in (_TABLE, _OUTPUT))
    return Work(round(layers), output or table, shape.kv_bytes(USUAL_CONTEXT))


def from_size(weights: int) -> Work:
    """Suppose that all weights are read."""
    return Work(weights, 0, 0)


def tokens_per_s(work: Work, bytes_per_s: float) -> float:
    """Tokens written a second."""
    return bytes_per_s / work.token


def answer_ms(work: Work, bytes_per_s: float) -> float:
    """Milliseconds of the answer to a command of several actions."""
    return work.answer / bytes_per_s * 1000


def probe(threads: int) -> float:
    """Bytes a second that so many threads read from this device's memory; takes less than a second."""
    parts = [np.ones(_PROBE_BYTES // 4 // threads, dtype=np.float32) for _ in range(threads)]
    return _PROBE_BYTES / min(_timed(parts) for _ in range(_PROBE_TIMES))


def _timed(parts: Sequence[np.ndarray[tuple[int], np.dtype[np.float32]]]) -> float:
    """Processor seconds to look at every number once, all parts at the same time: waiting for a turn does not count."""
    took: list[float] = []

    def look(part: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
        began = time.thread_time()
        part.max()  # numpy lets the other threads run meanwhile
        took.append(time.thread_time() - began)

    workers = [Thread(target=look, args=(part,)) for part in parts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return max(took)


def _read(tensor: Tensor, share: float) -> float:
    return (tensor.size or 0) * (share if "_exps." in tensor.name else 1.0)

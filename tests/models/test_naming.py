"""The naming rule: the documents' own examples, names met in the field, and any name made by the rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.models.naming import METHODS, TRAINING, ModelName, parse


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen2.5-1.5B-Instruct", ModelName("Qwen", "2.5", 1.5, ("Instruct",))),
        ("Qwen2.5-7B-Instruct-GPTQ-Int4", ModelName("Qwen", "2.5", 7.0, ("Instruct",), "GPTQ", "Int4")),
        ("CodeLlama-13B-Instruct-AWQ", ModelName("CodeLlama", "", 13.0, ("Instruct",), "AWQ")),
        ("Llama-2-7B-Chat-GGUF-Q4_K_M", ModelName("Llama", "2", 7.0, ("Chat",), "GGUF", "Q4_K_M")),
        ("Qwen2.5-7B", ModelName("Qwen", "2.5", 7.0)),
        ("DeepSeek-R1-Distill-Qwen-1.5B", ModelName("DeepSeek", "R1", 1.5, ("Distill",), rest=("Qwen",))),
        ("qwen2.5-1.5b-instruct-q4_k_m", ModelName("qwen", "2.5", 1.5, ("Instruct",), "GGUF", "Q4_K_M")),
        ("gemma3-270m-Q4_K_M", ModelName("gemma", "3", 0.27, (), "GGUF", "Q4_K_M")),
        ("google/gemma-3-270m-it", ModelName("gemma", "3", 0.27, ("Instruct",))),
        ("Qwen2.5-Coder-7B-Instruct", ModelName("Qwen", "2.5", 7.0, ("Code", "Instruct"))),
        ("Qwen2-VL-7B-Instruct-W4A16", ModelName("Qwen", "2", 7.0, ("VL", "Instruct"), "", "W4A16")),
        ("Mixtral-8x7B-Instruct-v0.1", ModelName("Mixtral", "v0.1", 56.0, ("Instruct",))),
        ("Qwen3-30B-A3B-FP8", ModelName("Qwen", "3", 30.0, (), "", "FP8")),
        ("Phi-3-mini-4k-instruct", ModelName("Phi", "3", None, ("Instruct",), rest=("mini", "4k"))),
        ("cockpit-n-270M-Q8_0", ModelName("cockpit", "", 0.27, ("Cockpit",), "GGUF", "Q8_0", ("n",))),
    ],
)
def test_a_name_is_read(name: str, expected: ModelName) -> None:
    assert parse(name) == expected


@pytest.mark.parametrize(
    ("name", "base", "commands", "bits"),
    [
        ("Qwen2.5-7B", True, False, 16),
        ("Qwen2.5-7B-Base", True, False, 16),
        ("Qwen2.5-Math-7B", False, False, 16),
        ("Qwen2.5-7B-Instruct-GPTQ-Int4", False, True, 4),
        ("Llama-2-7B-Chat-GGUF-Q4_K_M", False, True, 4),
        ("Llama-2-7B-Chat-GGUF-Q5_K_S", False, True, 5),
        ("Llama-2-7B-Chat-Q8_0", False, True, 8),
        ("CodeLlama-13B-Instruct-AWQ", False, True, 4),
        ("Qwen2-7B-Instruct-W4A16", False, True, 4),
        ("Qwen2-7B-Instruct-BF16", False, True, 16),
        ("gemma3-270m-Q4_K_M", True, False, 4),
        ("DeepSeek-R1-Distill-Qwen-1.5B", False, True, 16),
        ("cockpit-n-270M-Q8_0", False, True, 8),
    ],
)
def test_what_follows_from_a_name(name: str, base: bool, commands: bool, bits: int) -> None:
    found = parse(name)
    assert found is not None
    assert (found.base, found.takes_commands, found.bits) == (base, commands, bits)


@pytest.mark.parametrize("name", ["", "7B", "-Qwen", "Qwen 2.5", "../../etc/", "千问-7B"])
def test_what_is_no_name(name: str) -> None:
    assert parse(name) is None


@given(
    st.sampled_from(["Qwen", "Llama", "Gemma", "InternLM"]),
    st.sampled_from(["", "2", "2.5", "R1"]),
    st.sampled_from([0.27, 0.5, 1.5, 3.0, 7.0, 72.0]),
    st.sampled_from(sorted({*TRAINING.values()} - {"Cockpit"})),
    st.sampled_from(["", *METHODS.values()]),
    st.sampled_from(["", "Int4", "Int8", "FP16", "BF16", "W4A16"]),
)
def test_a_name_made_by_the_rule_is_read_back(
    series: str, version: str, billions: float, training: str, method: str, precision: str
) -> None:
    name = ModelName(series, version, billions, (training,), method, precision)
    assert parse(str(name)) == name


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = parse(text)
    assert found is None or found.bits in range(33)

"""The wire: framing under any split and any bytes, limits, and the one error mapping."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.errors import CockpitError, EngineError, WireError
from cockpitd.rpc.wire import (
    JSON_RPC_CODES,
    Decoder,
    Malformed,
    Request,
    decode,
    encode_error,
    encode_notification,
    encode_request,
    encode_result,
)

LIMIT = 4_096

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3))
whole = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
requests = st.builds(
    Request,
    method=whole,
    params=st.dictionaries(whole, scalars, max_size=4),
    id=st.none() | st.integers(-(2**53), 2**53) | whole,
    notification=st.just(value=False),
)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def read(data: bytes, cuts: list[int], limit: int = LIMIT) -> list[Request | Malformed]:
    decoder = Decoder(limit)
    return [message for part in split(data, cuts) for message in decoder.feed(part)]


@given(st.binary(max_size=2_000), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_bytes_under_any_split_never_raise_and_read_the_same(data: bytes, cuts: list[int]) -> None:
    def seen(messages: list[Request | Malformed]) -> list[object]:
        return [m if isinstance(m, Request) else (m.error.code, m.id) for m in messages]

    assert seen(read(data, cuts)) == seen(read(data, []))


@given(st.lists(st.sampled_from(['"', "\\", "{", "}", "[", "]", ":", ",", "1", "\\u", "d800", " ", "nul", "é"])))
def test_almost_json_never_raises(parts: list[str]) -> None:
    assert isinstance(decode("".join(parts).encode()), Malformed)


@given(st.lists(requests, max_size=6), st.lists(st.integers(0, 100_000), max_size=30))
def test_calls_survive_any_split(sent: list[Request], cuts: list[int]) -> None:
    data = b"".join(encode_request(request) for request in sent)
    assert read(data, cuts, limit=1_000_000) == sent


@given(st.binary(max_size=200).filter(lambda junk: b"\n" not in junk))
def test_a_bad_line_does_not_spoil_the_next(junk: bytes) -> None:
    good = encode_request(Request("hello", {}, 7))
    assert read(junk + b"\n" + good, [])[-1] == Request("hello", {}, 7)


@given(values)
def test_answers_survive_the_wire(value: Any) -> None:
    line = encode_result(3, value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"jsonrpc": "2.0", "id": 3, "result": value}


@pytest.mark.parametrize(
    ("line", "code", "id_"),
    [
        (b"nonsense", "rpc-parse", None),
        (b"{", "rpc-parse", None),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"x"}', "rpc-parse", None),
        (b'{"jsonrpc":"2.0","id":1' + b"0" * 4_500 + b',"method":"x"}', "rpc-parse", None),
        (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', "rpc-parse", None),
        (b"\xff\xfe", "rpc-not-utf8", None),
        (b"[]", "rpc-batch", None),
        (b'[{"jsonrpc":"2.0","id":1,"method":"hello"}]', "rpc-batch", None),
        (b'"hello"', "rpc-invalid-request", None),
        (b"7", "rpc-invalid-request", None),
        (b"null", "rpc-invalid-request", None),
        (b'{"id":1,"method":"hello"}', "rpc-invalid-request", 1),
        (b'{"jsonrpc":"1.0","id":1,"method":"hello"}', "rpc-invalid-request", 1),
        (b'{"jsonrpc":"2.0","id":1}', "rpc-invalid-request", 1),
        (b'{"jsonrpc":"2.0","id":"a","method":5}', "rpc-invalid-request", "a"),
        (b'{"jsonrpc":"2.0","id":true,"method":"hello"}', "rpc-invalid-request", None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"hello"}', "rpc-invalid-request", None),
        (b'{"jsonrpc":"2.0","id":{},"method":"hello"}', "rpc-invalid-request", None),
        (b'{"jsonrpc":"2.0","id":1,"method":"hello","params":[]}', "rpc-invalid-params", 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"hello","extra":0}', "rpc-invalid-request", 1),
    ],
)
def test_refused_lines(line: bytes, code: str, id_: object) -> None:
    found = decode(line)
    assert isinstance(found, Malformed)
    assert (found.error.code, found.id) == (code, id_)


def test_notifications_null_ids_and_duplicate_ids_are_calls() -> None:
    lines = b'{"jsonrpc":"2.0","method":"stop"}\n{"jsonrpc":"2.0","id":null,"method":"stop"}\n'
    again = b'{"jsonrpc":"2.0","id":1,"method":"stop"}\r\n'
    assert read(lines + b"\n \r\n" + again + again, []) == [
        Request("stop", {}, None, notification=True),
        Request("stop", {}, None),
        Request("stop", {}, 1),
        Request("stop", {}, 1),
    ]


@pytest.mark.parametrize("line", [b"[" * 60_000, b'{"a":' * 60_000 + b"1" + b"}" * 60_000])
def test_deep_json_is_refused_before_it_is_parsed(line: bytes) -> None:
    found = decode(line)
    assert isinstance(found, Malformed)
    assert found.error.code == "rpc-too-deep"


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "line",
    [b'"' + b'\\"[[' * 200_000, b'"[' * 400_000, b'{"a":' * 180_000, b"[" + b"[]," * 300_000, b"\\" * 900_000],
    ids=["escaped quotes", "quotes", "deep", "wide", "backslashes"],
)
def test_no_line_takes_long_to_refuse(line: bytes) -> None:
    """Looking for the depth is linear: a pattern that backtracked took minutes for the first of these."""
    assert isinstance(decode(line), Malformed)


def test_brackets_inside_a_string_are_text() -> None:
    text = '[{"' * 1_000 + "\\"
    assert decode(encode_request(Request("say", {"text": text}, 1))) == Request("say", {"text": text}, 1)


def test_a_long_line_is_refused_at_the_limit_and_never_held() -> None:
    decoder = Decoder(LIMIT)
    block = b"x" * 65_536
    tracemalloc.start()
    refusals = [message for _ in range(160) for message in decoder.feed(block)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [m.error.code for m in refusals if isinstance(m, Malformed)] == ["rpc-line-too-long"]
    assert peak < 1_000_000
    assert decoder.pending
    assert list(decoder.feed(b"\n" + encode_request(Request("hello", {}, 2)))) == [Request("hello", {}, 2)]
    assert not decoder.pending


def test_a_line_of_exactly_the_limit_passes() -> None:
    line = encode_request(Request("say", {"text": "x"}, 1))
    padded = line[:-1] + b" " * (LIMIT - len(line) + 1) + b"\n"
    assert list(Decoder(LIMIT).feed(padded)) == [Request("say", {"text": "x"}, 1)]
    assert isinstance(next(iter(Decoder(LIMIT - 1).feed(padded))), Malformed)


def test_every_breakage_is_mapped_in_one_place_without_its_cause() -> None:
    error: CockpitError = EngineError("stt-failed", "The recogniser died")
    error.__cause__ = ZeroDivisionError("inner secret")
    body = json.loads(encode_error("a", error))
    assert body == {
        "jsonrpc": "2.0",
        "id": "a",
        "error": {"code": -32000, "message": "The recogniser died", "data": {"code": "stt-failed"}},
    }


@pytest.mark.parametrize("code", JSON_RPC_CODES)
def test_wire_codes_have_numbers(code: str) -> None:
    body = json.loads(encode_error(None, WireError(code, "no")))
    assert body["error"]["code"] == JSON_RPC_CODES[code]
    assert body["error"]["data"]["code"] == code


def test_a_notification_has_no_id() -> None:
    assert json.loads(encode_notification("event", {"event": "heard"})) == {
        "jsonrpc": "2.0",
        "method": "event",
        "params": {"event": "heard"},
    }
    assert "id" not in json.loads(encode_request(Request("stop", notification=True)))


def test_what_json_cannot_hold_is_the_server_s_own_mistake() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        encode_result(1, float("inf"))
    with pytest.raises(TypeError, match="not JSON data"):
        encode_result(1, object())

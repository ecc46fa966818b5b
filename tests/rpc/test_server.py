"""The server on a real socket: calls side by side, limits, slow and broken clients, a clean end."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from cockpitd.domain.events import EngineChanged, Heard, TurnEnded
from tests.rpc.served import Served, serving

HELLO = b'{"jsonrpc":"2.0","id":%d,"method":"hello"}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sock"


def test_hello_tells_version_role_and_methods(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            hello = await client.call("hello", version=1, client="test")
            assert (hello["name"], hello["version"], hello["role"]) == ("cockpitd", 1, "admin")
            assert "say" in hello["methods"]
            assert await client.call("hello", version=2) == "rpc-version"

    asyncio.run(run())


def test_say_reaches_the_flow_with_its_request(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            record = await client.call(
                "say",
                text="打开阅读灯",
                lang="zh",
                session="a",
                dry_run=True,
                seat="passenger",
                tiers=["reflex"],
                speak=False,
            )
            assert record["transcript"] == "打开阅读灯"
            request = served.cockpit.requests[0]
            assert (request.lang, request.session, request.dry_run) == ("zh", "a", True)
            assert (request.seat, request.tiers, request.speak) == ("passenger", ("reflex",), False)

    asyncio.run(run())


def test_stop_is_served_while_say_is_running(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            saying = await client.start("say", text="wait")
            await served.cockpit.waiting.wait()
            stopping = await client.start("stop")
            first, second = await client.message(), await client.message()
            assert (first["id"], second["id"]) == (stopping, saying)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "code"), [("fail", "llm-deadline"), ("crash", "rpc-internal"), ("nan", "rpc-internal")]
)
def test_a_failed_call_is_coded_without_a_traceback(path: Path, text: str, code: str) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            message = await client.answer(await client.start("say", text=text))
            assert message["error"]["data"]["code"] == code
            assert "secret" not in json.dumps(message)
            assert "Traceback" not in json.dumps(message)
            assert (await client.call("health"))["ok"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nonsense", {}, "rpc-unknown-method"),
        ("say", {}, "rpc-invalid-params"),
        ("say", {"text": ""}, "rpc-invalid-params"),
        ("say", {"text": "a\x00b"}, "rpc-invalid-params"),
        ("say", {"text": "x" * 2_001}, "rpc-invalid-params"),
        ("say", {"text": "x", "colour": 1}, "rpc-invalid-params"),
        ("say", {"text": "x", "dry_run": "yes"}, "rpc-invalid-params"),
        ("say", {"text": "x", "session": "a b"}, "rpc-invalid-params"),
        ("subscribe", {"events": ["gossip"]}, "rpc-invalid-params"),
        ("explain", {"turn": "t9"}, "turn-unknown"),
        ("audio.push", {"stream": 1, "data": ""}, "audio-unknown-stream"),
        ("audio.begin", {"sample_rate": 44_100}, "audio-bad-form"),
    ],
)
def test_bad_calls_are_refused(path: Path, method: str, params: dict[str, object], code: str) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            assert await client.call(method, **params) == code
            assert served.cockpit.requests == []

    asyncio.run(run())


def test_explain_state_actions_metrics_reload(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            await client.call("say", text="x")
            assert (await client.call("explain"))["turn"] == "t1"
            assert (await client.call("state", paths=["Vehicle.Speed"])) == {
                "Vehicle.Speed": {"value": 0.0, "age_ms": 5, "unit": ""}
            }
            assert (await client.call("state.set", values={"Vehicle.Speed": 80}))["Vehicle.Speed"]["value"] == 80
            assert (await client.call("actions"))["actions"][0]["action"] == "MUSIC_PLAY"
            assert (await client.call("metrics"))["turns"] == 1
            assert await client.call("reload") == {"actions": 1}
            served.cockpit.simulated = False
            assert await client.call("state.set", values={"Vehicle.Speed": 80}) == "vehicle-not-simulated"
            assert (await client.call("confirm", yes=True))["transcript"] == "yes"
            assert await client.call("stop", session="kid")
            assert served.cockpit.stops == ["kid"]

    asyncio.run(run())


def test_events_reach_a_subscriber_in_order_and_by_name(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as watching, served.client() as other:
            assert "heard-partial" in (await watching.call("subscribe"))["events"]
            await other.call("say", text="开灯")
            names = [(await watching.message())["params"]["event"] for _ in range(4)]
            assert names == ["turn-started", "heard-partial", "heard", "turn-ended"]
            await watching.call("subscribe", events=["turn-ended"])
            assert len(served.cockpit.subscriptions) == 1
            await other.call("say", text="开灯")
            assert (await watching.message())["params"] == {
                "event": "turn-ended",
                "turn_id": "t2",
                "status": "answered",
                "timings_ms": {"total": 2.0},
                "at_ms": 4,
            }
            await watching.call("unsubscribe")
            assert not served.cockpit.subscriptions

    asyncio.run(run())


def test_a_slow_reader_loses_low_value_events_and_then_its_connection(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as slow, served.client() as other:
            await slow.call("subscribe")
            slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
            for number in range(3_000):
                served.cockpit.publish(EngineChanged("", "stt", "down", "x" * 1_000, number))
            assert await other.call("say", text="still served")
            assert served.cockpit.subscriptions, "low-value events alone never cost the connection"
            for number in range(5_000):
                served.cockpit.publish(Heard("t", "x" * 1_000, "zh", final=True, engine="fake", at_ms=number))
            while served.cockpit.subscriptions:
                await other.call("health")
            assert await other.call("say", text="still served")

    asyncio.run(run())


def test_dropped_events_are_told(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as slow:
            await slow.call("subscribe")
            slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
            for number in range(3_000):
                served.cockpit.publish(EngineChanged("", "stt", "down", "x" * 1_000, number))
            served.cockpit.publish(TurnEnded("t", "answered", {}, 9))
            slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
            seen: list[dict[str, Any]] = []
            while not seen or seen[-1]["event"] != "turn-ended":
                seen.append((await slow.message())["params"])
            kinds = {event["event"] for event in seen}
            assert kinds == {"engine-changed", "events-dropped", "turn-ended"}
            dropped = sum(event.get("count", 0) for event in seen)
            assert dropped + sum(event["event"] == "engine-changed" for event in seen) == 3_000

    asyncio.run(run())


def test_malformed_lines_are_answered_and_the_connection_lives(path: Path) -> None:
    async def run() -> None:
        async with serving(path, max_line_bytes=4_096) as served, served.client() as client:
            for line, code in (
                (b"nonsense\n", "rpc-parse"),
                (b"[" * 4_000 + b"\n", "rpc-too-deep"),
                (b"\xff\n", "rpc-not-utf8"),
                (b"[]\n", "rpc-batch"),
                (b"x" * 10_000_000, "rpc-line-too-long"),
            ):
                await client.send(line)
                assert (await client.message())["error"]["data"]["code"] == code
            await client.send(b"\n" + HELLO % 5)
            assert (await client.message())["id"] == 5

    asyncio.run(run())


def test_half_a_line_and_then_silence_closes_the_connection(path: Path) -> None:
    async def run() -> None:
        async with serving(path, idle_line_seconds=0.05) as served, served.client() as client, served.client() as idle:
            await client.send(b'{"jsonrpc":')
            assert (await client.message())["error"]["data"]["code"] == "rpc-idle-line"
            assert await client.at_end()
            assert (await idle.call("health"))["ok"], "silence between lines is fine"

    asyncio.run(run())


def test_calls_in_flight_are_answered_to_a_client_that_sent_its_end(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            id_ = await client.start("say", text="开灯")
            client.writer.write_eof()
            assert (await client.answer(id_))["result"]["transcript"] == "开灯"
            assert await client.at_end()

    asyncio.run(run())


def test_the_rate_is_limited_by_the_clock_and_stop_gets_through(path: Path) -> None:
    async def run() -> None:
        async with serving(path, requests_per_second=2) as served, served.client() as client:
            found = [await client.call("health") for _ in range(3)]
            assert [answer if isinstance(answer, str) else "ok" for answer in found] == ["ok", "ok", "rpc-rate-limited"]
            assert await client.call("stop") == {"stopped": 1}
            served.clock.at_ms += 500
            assert (await client.call("health"))["ok"]
            assert await client.call("health") == "rpc-rate-limited"

    asyncio.run(run())


def test_calls_in_progress_are_bounded_and_stop_gets_through(path: Path) -> None:
    async def run() -> None:
        async with serving(path, requests_per_second=1_000) as served, served.client() as client:
            for _ in range(64):
                await client.start("say", text="wait")
            assert await client.call("health") == "rpc-busy"
            assert await client.call("stop") == {"stopped": 1}

    asyncio.run(run())


def test_connections_are_limited(path: Path) -> None:
    async def run() -> None:
        async with serving(path, max_connections=1) as served:
            async with served.client() as first:
                assert (await first.call("health"))["ok"]
                async with served.client() as second:
                    assert (await second.message())["error"]["data"]["code"] == "rpc-too-many-connections"
                    assert await second.at_end()
                first.writer.write_eof()
                assert await first.at_end()
            async with served.client() as third:
                assert (await third.call("health"))["ok"]

    asyncio.run(run())


def test_stop_drains_calls_and_removes_the_socket(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            id_ = await client.start("say", text="wait")
            await served.cockpit.waiting.wait()
            served.stop.set()
            served.cockpit.stopped.set()
            assert (await client.answer(id_))["result"]["transcript"] == "wait"
            assert await client.at_end()
            await served.task

    asyncio.run(run())
    assert not path.exists()


async def push(served: Served, *blocks: bytes, mode: str = "command") -> tuple[list[object], object]:
    async with served.client() as client:
        stream = (await client.call("audio.begin", mode=mode, lang="zh"))["stream"]
        answers = [
            await client.call("audio.push", stream=stream, data=base64.b64encode(block).decode()) for block in blocks
        ]
        return answers, await client.call("audio.end", stream=stream)


def test_pushed_audio_is_heard_and_answered(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served:
            answers, record = await push(served, b"ab" * 100, b"cd" * 50, mode="push-to-talk")
            assert answers == [{"ended": False}] * 2
            assert isinstance(record, dict)
            assert record["transcript"] == "300 bytes"
            assert served.cockpit.requests[0].profile == "push-to-talk"

    asyncio.run(run())


def test_audio_past_the_end_of_speech_is_let_go(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            stream = (await client.call("audio.begin"))["stream"]
            await client.call("audio.push", stream=stream, data="//8AAA==")
            while not (await client.call("audio.push", stream=stream, data="AAAA"[:0]))["ended"]:
                pass
            assert await client.call("audio.push", stream=stream, data="AAAAAA==") == {"ended": True}
            assert (await client.call("audio.end", stream=stream))["transcript"] == "4 bytes"
            assert await client.call("audio.end", stream=stream) == "audio-unknown-stream"

    asyncio.run(run())


@pytest.mark.parametrize(("data", "code"), [("???", "audio-bad-block"), ("AA==", "audio-bad-block")])
def test_bad_blocks_are_refused(path: Path, data: str, code: str) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            stream = (await client.call("audio.begin"))["stream"]
            assert await client.call("audio.push", stream=stream, data=data) == code

    asyncio.run(run())


def test_a_failing_ear_is_told_at_the_end(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served:
            _, error = await push(served, b"\xfe\xfe")
            assert error == "audio-clipped"

    asyncio.run(run())


def test_a_client_that_leaves_in_mid_sentence_cancels_its_turn(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served:
            async with served.client() as client:
                stream = (await client.call("audio.begin"))["stream"]
                await client.call("audio.push", stream=stream, data="AAAA" * 1_000 + "AAA=")
                await served.cockpit.hearing.wait()
            await served.cockpit.cancelled.wait()

    asyncio.run(run())


def test_streams_are_limited(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as served, served.client() as client:
            found = [await client.call("audio.begin") for _ in range(5)]
            assert found[:4] == [{"stream": number} for number in (1, 2, 3, 4)]
            assert found[4] == "audio-too-many-streams"

    asyncio.run(run())


def test_a_client_that_asks_and_never_reads_is_not_served_further(path: Path) -> None:
    """Ten times what may wait is asked for; reading stops, so memory stays bounded and others are served."""

    async def run() -> None:
        async with serving(path, requests_per_second=100_000) as served, served.client() as other:
            with socket.socket(socket.AF_UNIX) as greedy:
                greedy.connect(str(path))
                greedy.settimeout(0)
                line = b'{"jsonrpc":"2.0","id":1,"method":"say","params":{"text":"long"}}\n'
                sent = 0
                for _ in range(200):
                    sent += greedy.send(line)
                    assert (await other.call("health"))["ok"]

    asyncio.run(run())

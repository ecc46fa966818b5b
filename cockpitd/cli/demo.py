"""`cockpitd demo`: a daemon with a simulated car, thirty utterances through its socket, and what came of each."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cockpitd.cli.commands import SubParsers
from cockpitd.cli.ctl_audio import recorded
from cockpitd.errors import EngineError
from cockpitd.eval.cases import Case, read_cases
from cockpitd.eval.score import matches
from cockpitd.rpc.client import Client, ClientError

START_S = 60.0
RECORDINGS = Path("tests/recordings/demo.jsonl")


def register(subparsers: SubParsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("demo", help="play the recorded and typed demonstration and print what came of it")
    parser.add_argument("--cases", type=Path, default=RECORDINGS, help=f"case file (default: {RECORDINGS})")
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="where answers and journal are left")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; a case that did not go as written is marked, and is no failure of the demonstration."""
    cases = read_cases(args.cases)
    out: Path = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    print(f"Starting cockpitd with a simulated car ({out}/daemon.log) …", flush=True)
    began = time.monotonic()
    with daemon(out) as client:
        _wait_for_engines(client)
        spoken = sum(case.audio is not None for case in cases)
        took = time.monotonic() - began
        print(f"Ready after {took:.1f} s. {spoken} recordings, {len(cases) - spoken} typed sentences:\n", flush=True)
        right = sum(_play(client, case) for case in cases)
        figures = client.call("metrics")
    print(_farewell(right, len(cases), figures, out))
    return 0


@contextmanager
def daemon(out: Path) -> Iterator[Client]:
    """Run a daemon of our own for the length of a `with` block; its voice goes to WAV files."""
    socket = out / "cockpitd.sock"
    config = out / "demo.yaml"
    config.write_text(
        f"state_dir: {out}\nsocket: {{path: {socket}}}\ntts: {{player: wav, wav_dir: {out / 'answers'}}}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "cockpitd", "run", "--config", os.fspath(config)]
    with (out / "daemon.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 (our own program)
        try:
            with _connected(socket, process) as client:
                yield client
        finally:
            process.terminate()
            process.wait(timeout=START_S)


def _connected(socket: Path, process: subprocess.Popen[bytes]) -> Client:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return Client(socket)
        except ClientError:
            time.sleep(0.05)
    raise EngineError("demo-daemon", f"the daemon did not come up; read {socket.parent}/daemon.log")


def _wait_for_engines(client: Client) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        states = {engine["name"]: engine["state"] for engine in client.call("health")["engines"]}
        if all(state == "ready" for state in states.values()):
            return
        time.sleep(0.1)
    raise EngineError("demo-engines", f"not every engine came up: {states}; run `cockpitd doctor`")


# -- one case ----------------------------------------------------------------------------------------------------------


def _play(client: Client, case: Case) -> bool:
    if case.state:
        client.call("state.set", {"values": dict(case.state)})
    record = _listen(client, case) if case.audio else client.call("say", _turn(case, text=case.text))
    right = case.expected is None or matches(case.expected, record)
    print(_row(case, record, right=right), flush=True)
    return right


def _turn(case: Case, **more: str) -> dict[str, Any]:
    turn = {"session": case.session or case.ident, **more}
    return turn | ({"lang": case.lang} if case.lang else {})


def _listen(client: Client, case: Case) -> Mapping[str, Any]:
    stream = client.call("audio.begin", _turn(case, mode="push-to-talk"))["stream"]
    for block in recorded(str(case.audio)):
        client.call("audio.push", {"stream": stream, "data": block})
    return client.call("audio.end", {"stream": stream})


def _row(case: Case, record: Mapping[str, Any], *, right: bool) -> str:
    timings = record["timings_ms"]
    source = "🎤" if case.audio else "⌨ "
    changed = f"  (ears: {record['heard']})" if record["heard"] != record["transcript"] else ""
    lines = [f"{source} {'✓' if right else '✗'} {record['transcript']}{changed}"]
    for act in record["actions"]:
        said = ", ".join(f"{name}: {value}" for name, value in act["parameters"].items())
        outcome = f" → {act['outcome']}" if act["outcome"] else ""
        reason = f" ({act['reason']})" if act["reason"] else ""
        lines.append(f"      {act['action']} {{{said}}}   {act['verdict']}{outcome}{reason}   [{record['tier']}]")
    if not record["actions"]:
        lines.append(f"      {record['status']}   [{record['tier']}]")
    lines.append(f"      “{record['spoken']}”   ♪ {record['turn']}.wav" if record["spoken"] else "      (silence)")
    stages = ("stt", "understand", "execute", "first_sound", "total")
    lines.append("      " + "  ".join(f"{s} {timings[s]:.0f} ms" for s in stages if s in timings))
    return "\n".join(lines)


def _farewell(right: int, total: int, figures: Mapping[str, Any], out: Path) -> str:
    stages: Sequence[str] = [
        f"  {name:<12} p50 {values['p50']:>6.0f} ms   p95 {values['p95']:>6.0f} ms"
        for name, values in figures["stages_ms"].items()
        if values.get("count")
    ]
    return "\n".join(
        [
            "",
            f"{right} of {total} went as written in the case file.",
            *stages,
            "",
            f"The spoken answers are WAV files in {out}/answers, the journal of every turn is {out}/journal.sqlite3.",
            "",
            "Next:",
            '  1. Say something yourself:   .venv/bin/cockpitd ask "空调调到25度" "再高一点"',
            "  2. Run the daemon and talk to it:   .venv/bin/cockpitd run &   then   .venv/bin/cockpitctl say 打开空调",
            "  3. Add an action in five minutes: see “Add an action” in README.md",
        ]
    )

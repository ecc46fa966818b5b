"""The `cockpitctl` program: one command to a running daemon; light imports, no understanding of its own."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from cockpitd import __version__
from cockpitd.cli import ctl_show as show
from cockpitd.cli.show import turn_block
from cockpitd.errors import CockpitError
from cockpitd.rpc.client import Client, find_socket

EXIT_GOOD, EXIT_NO, EXIT_BREAKAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
"""0: done; 1: the daemon said no (refused, not understood, not well); 2: no daemon, a breakage or wrong usage."""

_UNDONE = frozenset({"failed", "expired", "unknown", "rejected"})

Answer = Mapping[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    try:
        with Client(find_socket(args.socket)) as client:
            client.hello()
            code = int(args.run(client, args))
        sys.stdout.flush()
    except CockpitError as exc:
        print(f"cockpitctl: {exc}", file=sys.stderr)
        return EXIT_BREAKAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # `cockpitctl watch | head`: the reader has what it wanted. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_GOOD
    return code


def _print(args: argparse.Namespace, answer: Answer, text: Callable[[Answer], str]) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=1) if args.json else text(answer))


def _turn(args: argparse.Namespace, record: Answer) -> int:
    """Print a turn; the exit code tells a script whether the car did what was asked."""
    _print(args, record, turn_block)
    undone = any(act["verdict"] in {"refuse", "rejected"} or act["outcome"] in _UNDONE for act in record["actions"])
    return EXIT_NO if undone or record["status"] != "answered" else EXIT_GOOD


def _how(args: argparse.Namespace) -> dict[str, Any]:
    """Gather the members of a call that say how the utterance is to be treated."""
    given = {"lang": args.lang, "session": args.session, "seat": args.seat, "tiers": args.tier}
    flags = {"dry_run": args.dry_run, "speak": not args.silent}
    return {**{name: value for name, value in given.items() if value is not None}, **flags}


def _say(client: Client, args: argparse.Namespace) -> int:
    return _turn(args, client.call("say", {"text": " ".join(args.text), **_how(args)}))


def _listen(client: Client, args: argparse.Namespace) -> int:
    from cockpitd.cli.ctl_audio import microphone, recorded

    mode = args.mode or ("command" if args.mic else "push-to-talk")
    with closing(microphone() if args.mic else recorded(args.file)) as blocks:
        stream = client.call("audio.begin", {"mode": mode, **_how(args)})["stream"]
        try:
            for data in blocks:
                if client.call("audio.push", {"stream": stream, "data": data})["ended"]:
                    break
        except KeyboardInterrupt:
            # Letting the button go: what was said so far is the utterance.
            if not args.mic:
                raise
    return _turn(args, client.call("audio.end", {"stream": stream}))


def _confirm(client: Client, args: argparse.Namespace) -> int:
    return _turn(args, client.call("confirm", {"yes": args.answer == "yes", "session": args.session}))


def _stop(client: Client, args: argparse.Namespace) -> int:
    _print(args, client.call("stop", {"session": args.session}), show.stopped)
    return EXIT_GOOD


def _explain(client: Client, args: argparse.Namespace) -> int:
    _print(args, client.call("explain", {"turn": args.turn}), show.explained)
    return EXIT_GOOD


def _state(client: Client, args: argparse.Namespace) -> int:
    if args.set:
        answer = client.call("state.set", {"values": dict(_assignment(text) for text in args.set)})
    else:
        answer = client.call("state", {"paths": args.path})
    _print(args, answer, show.state)
    return EXIT_GOOD


def _assignment(text: str) -> tuple[str, bool | float | str]:
    """Read PATH=VALUE: true, false and numbers are taken as such, anything else as text."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise CockpitError("ctl-usage", f"--set {text}: write it as PATH=VALUE, e.g. Vehicle.Speed=80")
    try:
        read = json.loads(value)
    except ValueError:
        return path, value
    return path, read if isinstance(read, bool | int | float | str) else value


def _health(client: Client, args: argparse.Namespace) -> int:
    answer = client.call("health")
    _print(args, answer, show.health)
    return EXIT_GOOD if answer["ok"] else EXIT_NO


def _metrics(client: Client, args: argparse.Namespace) -> int:
    _print(args, client.call("metrics"), show.metrics)
    return EXIT_GOOD


def _actions(client: Client, args: argparse.Namespace) -> int:
    _print(args, client.call("actions"), show.actions)
    return EXIT_GOOD


def _reload(client: Client, args: argparse.Namespace) -> int:
    _print(args, client.call("reload"), show.reloaded)
    return EXIT_GOOD


def _watch(client: Client, args: argparse.Namespace) -> int:
    client.call("subscribe", {"events": args.event})
    try:
        for event in client.events():
            print(json.dumps(event, ensure_ascii=False) if args.json else show.event(event), flush=True)
    except KeyboardInterrupt:
        pass
    return EXIT_GOOD


def _common() -> argparse.ArgumentParser:
    """Make the options that may stand before and after the command; a fresh set each, for argparse shares them."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--socket", type=Path, help="the daemon's socket (default: $COCKPITD_SOCKET, the usual places)")
    common.add_argument("--json", action="store_true", help="print the answer as JSON")
    return common


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cockpitctl", description="Talk to a running cockpitd.", parents=[_common()])
    parser.set_defaults(socket=None, json=False)
    parser.add_argument("--version", action="version", version=f"cockpitctl {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[Client, argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary, parents=[_common()])
        made.set_defaults(run=run)
        return made

    _turn_commands(add)
    _other_commands(add)
    return parser


_Add = Callable[[str, Callable[[Client, argparse.Namespace], int], str], argparse.ArgumentParser]


def _turn_commands(add: _Add) -> None:
    say = add("say", _say, "say one sentence")
    say.add_argument("text", nargs="+", help="what the driver says")
    listen = add("listen", _listen, "send recorded or live speech")
    source = listen.add_mutually_exclusive_group(required=True)
    source.add_argument("file", nargs="?", help="a WAV file, or - for WAV or raw 16 kHz mono s16le on standard input")
    source.add_argument(
        "--mic", action="store_true", help="this machine's microphone, until the end of the sentence or Ctrl-C"
    )
    listen.add_argument(
        "--mode",
        choices=("command", "dialogue", "push-to-talk"),
        help="how the end of speech is found (default: the whole file; for --mic, command)",
    )
    for parser in (say, listen):
        parser.add_argument("--lang", choices=("zh", "en"), help="language (default: told from what is said)")
        parser.add_argument("--session", help="conversation (default: default)")
        parser.add_argument("--seat", choices=("driver", "passenger"), help="who speaks")
        parser.add_argument("--dry-run", action="store_true", help="judge without executing")
        parser.add_argument("--tier", action="append", choices=("reflex", "phrasebook", "llm"), help="only this tier")
        parser.add_argument("--silent", action="store_true", help="answer in writing only")
    confirm = add("confirm", _confirm, "answer the open question")
    confirm.add_argument("answer", choices=("yes", "no"))
    confirm.add_argument("--session", default="default", help="conversation (default: default)")
    stop = add("stop", _stop, "silence the speaker and cancel what is in progress")
    stop.add_argument("--session", help="only this conversation (default: all)")


def _other_commands(add: _Add) -> None:
    watch = add("watch", _watch, "print events as they happen")
    watch.add_argument("--event", action="append", help="only this event; may be repeated")
    explain = add("explain", _explain, "show how a turn went")
    explain.add_argument("turn", nargs="?", default="", help="turn id (default: the latest)")
    state = add("state", _state, "read the car, or set signals of a simulated one")
    state.add_argument("path", nargs="*", metavar="PATH", help="VSS path (default: all)")
    state.add_argument("--set", metavar="PATH=VALUE", action="append", default=[], help="may be repeated")
    add("health", _health, "engines, uptime, version")
    add("metrics", _metrics, "latencies and misses")
    add("actions", _actions, "what the car can be told")
    add("reload", _reload, "read the action files again")


if __name__ == "__main__":
    sys.exit(main())

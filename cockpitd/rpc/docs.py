"""The published form of the methods: `schemas/rpc.schema.json` and the README's table, made from the code."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpitd.errors import ConfigError
from cockpitd.rpc.methods import EVENT_NAMES, METHODS, Method
from cockpitd.rpc.wire import JSON_RPC_CODES, OTHER_ERROR, PROTOCOL_VERSION

Schema = dict[str, Any]

BEGIN, END = "<!-- rpc:begin -->", "<!-- rpc:end -->"


def schema() -> Schema:
    """Describe every line a client may send and every line the daemon sends."""
    definitions: Schema = {}
    for method in METHODS.values():
        definitions[f"params.{method.name}"] = _params(method)
        definitions[f"request.{method.name}"] = _request(method)
    definitions |= {"answer": _answer(), "error": _error(), "event": _event()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"cockpitd socket protocol {PROTOCOL_VERSION}",
        "description": "JSON-RPC 2.0, one JSON object a line. A client sends requests; the daemon sends the rest.",
        "oneOf": [{"$ref": f"#/$defs/request.{name}"} for name in METHODS]
        + [{"$ref": f"#/$defs/{name}"} for name in ("answer", "error", "event")],
        "$defs": definitions,
    }


def _params(method: Method) -> Schema:
    made: Schema = method.params.model_json_schema(ref_template="#/$defs/{model}")
    made.pop("title", None)
    for described in made.get("properties", {}).values():
        described.pop("title", None)
    return made


def _request(method: Method) -> Schema:
    needs_params = bool(method.params.model_json_schema().get("required"))
    return {
        "description": f"{method.summary} Role: {method.role}. Answer: {method.result}.",
        "type": "object",
        "additionalProperties": False,
        "required": ["jsonrpc", "method", *(["params"] if needs_params else [])],
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["integer", "string", "null"], "description": "Left out: no answer is wanted."},
            "method": {"const": method.name},
            "params": {"$ref": f"#/$defs/params.{method.name}"},
        },
    }


def _answer() -> Schema:
    properties = {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["integer", "string", "null"]},
        "result": {"type": "object"},
    }
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _error() -> Schema:
    numbers = sorted({*JSON_RPC_CODES.values(), OTHER_ERROR})
    code = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)+$", "description": "Stable; test this one."}
    body = {
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": {
            "code": {"enum": numbers},
            "message": {"type": "string"},
            "data": {"type": "object", "required": ["code"], "properties": {"code": code}},
        },
    }
    properties = {"jsonrpc": {"const": "2.0"}, "id": {"type": ["integer", "string", "null"]}, "error": body}
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _event() -> Schema:
    params = {
        "type": "object",
        "required": ["event"],
        "properties": {"event": {"enum": sorted({*EVENT_NAMES, "events-dropped"})}},
    }
    properties = {"jsonrpc": {"const": "2.0"}, "method": {"const": "event"}, "params": params}
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def schema_text() -> str:
    """Write the schema as the file holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def table() -> str:
    """Write the README's part: methods, then error codes."""
    lines = ["| method | role | parameters | answer |", "|---|---|---|---|"]
    lines += [
        f"| `{method.name}` — {method.summary} | {method.role} | {_parameters(method)} | {method.result} |"
        for method in METHODS.values()
    ]
    lines += ["", "| error `data.code` | `code` |", "|---|---|"]
    lines += [f"| `{name}` | {number} |" for name, number in JSON_RPC_CODES.items()]
    lines += [f"| any other, such as `stt-failed` or `turn-unknown` | {OTHER_ERROR} |"]
    lines += ["", f"Events: {', '.join(f'`{name}`' for name in sorted(EVENT_NAMES))}."]
    return "\n".join(lines)


def _parameters(method: Method) -> str:
    made = method.params.model_json_schema()
    required = made.get("required", [])
    names = [f"**`{name}`**" if name in required else f"`{name}`" for name in made.get("properties", {})]
    return ", ".join(names) or "—"


def with_table(readme: str) -> str:
    """Put the table between the README's markers."""
    if BEGIN not in readme or END not in readme:
        raise ConfigError(
            "docs-no-markers", f"README.md has no {BEGIN} … {END}; add both lines where the table belongs"
        )
    pattern = re.escape(BEGIN) + r".*?" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n{table()}\n{END}", readme, count=1, flags=re.DOTALL)


def outdated(root: Path) -> Mapping[Path, str]:
    """Return the files whose content differs from what the code says, and what it should be."""
    readme = root / "README.md"
    wanted = {root / "schemas" / "rpc.schema.json": schema_text()}
    if readme.exists():
        wanted[readme] = with_table(readme.read_text(encoding="utf-8"))
    return {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write what is outdated, or with `--check` name it and fail."""
    parser = argparse.ArgumentParser(prog="python -m cockpitd.rpc.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is outdated")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2], help="the checkout")
    args = parser.parse_args(argv)
    found = outdated(args.root)
    for path, text in found.items():
        sys.stdout.write(f"{'outdated' if args.check else 'written'}: {path}\n")
        if not args.check:
            path.write_text(text, encoding="utf-8")
    return 1 if args.check and found else 0


if __name__ == "__main__":
    sys.exit(main())

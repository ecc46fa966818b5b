"""The evaluation report as one HTML file that needs nothing else; what it says is decided in `report.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from cockpitd.eval.report import Report, Section, Table, facts, sections
from cockpitd.eval.targets import Verdict, all_met, verdicts

TILES = ("intent", "execution", "structured", "safety", "exact", "several", "false", "wrong_way")
NARROW = 4
"""Columns up to which a table need not be as wide as the page."""
NUMBER = re.compile(r"[✓✗]?\s*[<>≤≥±+−]?\s*[\d.]+")

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f8;--card:#fff;--ink:#1b2126;--soft:#5b6670;--line:#dfe3e7;--mark:#2457c5;
--mark2:#a9c0f0;--good:#12703f;--goodbg:#e2f4e9;--bad:#b3261e;--badbg:#fde7e5}
@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1d2126;--ink:#e6e9ec;--soft:#9aa5af;--line:#333a42;
--mark:#8db1ff;--mark2:#3c5590;--good:#7fd6a2;--goodbg:#173526;--bad:#ff9a90;--badbg:#43201d}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:1060px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:30px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:19px;margin:0 0 12px;letter-spacing:-.005em}
p{margin:0 0 12px;max-width:76ch;color:var(--soft)}
section,header{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px 28px;margin:0 0 20px}
.chip{display:inline-block;border-radius:999px;padding:3px 12px;font-weight:600;font-size:14px}
.good{color:var(--good)}.bad{color:var(--bad)}.chip.good,.tile.good{background:var(--goodbg)}
.chip.bad,.tile.bad{background:var(--badbg)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px 24px;margin:20px 0 0}
dt{color:var(--soft);font-size:12.5px}dd{margin:0;font-weight:500;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:12px;margin:0 0 20px}
.tile{border:1px solid var(--line);border-radius:12px;padding:14px 18px;background:var(--card)}
.tile b{display:block;font-size:27px;line-height:1.25;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.tile span{display:block;color:var(--soft);font-size:13px;line-height:1.35}
.tile span.name{color:var(--ink);min-height:2.7em}
.scroll{overflow-x:auto;margin:0 0 18px}.scroll:last-child{margin-bottom:0}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:7px 14px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500;font-size:12.5px;white-space:nowrap}

table.narrow{width:auto;min-width:min(100%,560px)}
tr:last-child td{border-bottom:0}td.n,th.n{text-align:right;white-space:nowrap}
.n+:not(.n){padding-left:14px}td.s{white-space:nowrap;font-weight:600}
td:first-child{font-weight:500}td:last-child,th:last-child{padding-right:0}
figure{margin:4px 0 22px}figcaption{color:var(--soft);font-size:13px;text-align:center;margin-top:4px}
svg{display:block;height:auto;margin:0 auto}svg.wide{width:100%}svg.square{width:min(100%,400px)}
.grid{stroke:var(--line)}.limit{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:4 3}
.square .limit{stroke:var(--soft)}.name,.figure{fill:var(--ink);font-size:13px}.mark{fill:var(--soft);font-size:12px}
.figure{font-variant-numeric:tabular-nums}.span{stroke:var(--mark2);stroke-width:5;stroke-linecap:round}
.dot,.full{fill:var(--mark)}.half{fill:var(--mark2)}.faint{fill:var(--soft);opacity:.45}
.bubble{fill:var(--mark);fill-opacity:.55;stroke:var(--mark)}
ul{margin:0;padding-left:20px;color:var(--soft)}li{margin:0 0 6px;max-width:90ch}
@media(max-width:640px){main{padding:20px 12px}section,header{padding:18px 16px}}
@media print{body{background:#fff}section,header,.tile{break-inside:avoid}}
"""


def page(report: Report, variants: Sequence[Report]) -> str:
    """Write the whole report."""
    found = verdicts(report["figures"])
    title = escape(f"Evaluation: {report['meta']['name']}")
    body = "".join(part for section in sections(report, variants) for part in _section(section))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>"
        f"<header><h1>{title}</h1>{_chip(met=all_met(found))}{_facts(report)}</header>"
        f'<div class="tiles">{"".join(_tile(one) for one in found if one.key in TILES)}</div>{body}'
        "</main></body></html>\n"
    )


def _chip(*, met: bool) -> str:
    return f'<span class="chip {"good" if met else "bad"}">{"✓ all targets met" if met else "✗ targets missed"}</span>'


def _facts(report: Report) -> str:
    return "<dl>" + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts(report)) + "</dl>"


def _tile(one: Verdict) -> str:
    judged = [met for met in (one.seed_met, one.ours_met) if met is not None]
    css = "" if not judged else " good" if all(judged) else " bad"
    mark = "" if not judged else "✓ " if all(judged) else "✗ "
    targets = " · ".join(
        f"{who} {told}" for who, told in (("required", one.seed), ("ours", one.ours)) if told
    ) or "no target"  # fmt: skip
    told = (escape(text) for text in (one.title, mark + one.measured, targets))
    return '<div class="tile{}"><span class="name">{}</span><b>{}</b><span>{}</span></div>'.format(css, *told)


def _section(section: Section) -> Iterator[str]:
    yield f"<section><h2>{escape(section.title)}</h2>"
    if len(section.text) > 2:  # noqa: PLR2004 (more than two sentences are a list)
        yield "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in section.text) + "</ul>"
    else:
        yield from (f"<p>{escape(sentence)}</p>" for sentence in section.text)
    yield from (chart for chart in section.charts if chart)
    yield from (_table(table) for table in section.tables)
    yield "</section>"


def _table(table: Table) -> str:
    numeric = [
        place > 0 and all(NUMBER.match(row[place]) or row[place] in ("–", "") for row in table.rows)
        and table.head[place] != "from"
        for place in range(len(table.head))
    ]  # fmt: skip
    head = "".join(f"<th{_class(n)}>{escape(name)}</th>" for name, n in zip(table.head, numeric, strict=True))
    rows = "".join(
        "<tr>" + "".join(_cell(cell, n) for cell, n in zip(row, numeric, strict=True)) + "</tr>" for row in table.rows
    )
    narrow = ' class="narrow"' if len(table.head) <= NARROW else ""
    return f'<div class="scroll"><table{narrow}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _class(*names: bool | str) -> str:
    told = " ".join("n" if name is True else name for name in names if name)
    return f' class="{told}"' if told else ""


def _cell(cell: str, numeric: bool) -> str:  # noqa: FBT001 (it is a column's kind, zipped in)
    state = "s good" if cell.startswith("✓") else "s bad" if cell.startswith("✗") else ""
    return f"<td{_class(numeric, state)}>{escape(cell)}</td>"

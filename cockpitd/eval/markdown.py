"""The evaluation report as Markdown; what it says is decided in `report.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cockpitd.eval.report import Report, Section, Table, facts, sections


def page(report: Report, variants: Sequence[Report]) -> str:
    """Write the whole report."""
    parts = [f"# Evaluation: {report['meta']['name']}", _table(Table(("", ""), facts(report)))]
    parts += [part for section in sections(report, variants) for part in _section(section)]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    if len(section.text) > 2:  # noqa: PLR2004 (more than two sentences are a list)
        yield "\n".join(f"- {sentence}" for sentence in section.text)
    else:
        yield from section.text
    yield from (_table(table) for table in section.tables)


def _table(table: Table) -> str:
    lines = [table.head, tuple("---" for _ in table.head), *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

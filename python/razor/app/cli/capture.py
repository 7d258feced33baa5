"""``razor capture``: making captures of other recordings, and looking into them."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from razor import _core
from razor.adapters.files.disk import storage
from razor.app.cli import options
from razor.app.cli.following import following
from razor.app.cli.verb import VerbGroup, process
from razor.app.wiring import Process
from razor.domain.capture import decode_summary
from razor.domain.errors import JsonValue, Problem, SettingsError

__all__ = ["capture_verbs"]

_SUFFIXES = (".jsonl.zst",)
_FORMATS = ("auto", "f1", "f2", "f3", "f6", "predecessor")


@click.group("capture", cls=VerbGroup)
def capture_verbs() -> None:
    """Import recordings into captures and describe captures."""


@capture_verbs.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.jsonl.zst",
    help="The capture to write; its manifest gets the same name.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="auto",
    show_default=True,
    help="Format of the recording; auto looks at the files.",
)
@options.as_json
@process
def import_capture(start: Process, path: Path, *, out: Path, form: str, as_json: bool) -> None:
    """Import a recording (docs/CAPTURE.md lists the formats) into one capture."""
    if not out.name.endswith(_SUFFIXES):
        problem = Problem(
            key="--out", found=str(out), allowed="a name ending in .jsonl.zst", remedy="rename it"
        )
        raise SettingsError(source="command line", problems=[problem])
    with storage(path, "open the recording"):
        path.stat()
    with start.console.progress(f"importing {path.name}") as bar:
        found = decode_summary(_core.capture_import(path, out, form, following(start, bar)))
    if as_json:
        start.console.json({"capture": str(out), **asdict(found)})
        return
    start.console.fact(
        f"{out}: {found.lines:,} lines, {found.markets:,} markets, {found.sets:,} sets, "
        f"{out.stat().st_size:,} bytes of {found.text_bytes:,} bytes of text"
    )
    for flag in found.flags:
        start.console.fact(f"flag {flag}")
    for name, count in sorted(found.defects.items()):
        start.console.fact(f"defect {name}: {count:,}")


@capture_verbs.command("info")
@click.argument("path", type=click.Path(path_type=Path))
@options.as_json
@process
def describe(start: Process, path: Path, *, as_json: bool) -> None:
    """Show spans, counts by type, gaps and defects of a capture."""
    with start.console.progress(f"reading {path.name}") as bar:
        info = json.loads(_core.capture_info(path, following(start, bar)))
    if start.stop.is_requested:
        # What was read by then would look like the whole capture.
        raise _core.Cancelled(f"stopped before the end of {path.name}; nothing is shown")
    if as_json:
        start.console.json(info)
        return
    rows = [(name, _cell(value)) for name, value in _flat(info)]
    lines = dict(rows).get("counts.lines", "0")
    start.console.table(("what", "value"), rows, title=f"{path} (n = {lines} lines)")


def _flat(value: JsonValue, prefix: str = "") -> list[tuple[str, JsonValue]]:
    if not isinstance(value, dict):
        return [(prefix, value)]
    return [
        row
        for name, part in value.items()
        for row in _flat(part, f"{prefix}.{name}" if prefix else name)
    ]


def _cell(value: JsonValue) -> str:
    match value:
        case bool() | None:
            return {True: "yes", False: "no", None: "none"}[value]
        case int():
            return f"{value:,}"
        case list():
            return f"{len(value):,} entries"
        case _:
            return str(value)

"""``razor config``: what a settings file means, and whether it may be used."""

from pathlib import Path

import click

from razor.adapters.files.config_file import ConfigFile, read_config
from razor.app.cli import options
from razor.app.cli.verb import VerbGroup, process
from razor.app.wiring import Process
from razor.domain.settings import (
    Entry,
    Settings,
    default_file,
    entries,
    settings_hash,
    toml_text,
)
from razor.domain.settings import (
    as_json as settings_json,
)

__all__ = ["config_verbs"]


@click.group("config", cls=VerbGroup)
def config_verbs() -> None:
    """Check and show settings files."""


@config_verbs.command("check")
@options.config_file
@options.as_json
@process
def check(start: Process, config: Path, *, as_json: bool) -> None:
    """Check a settings file and say everything that is wrong in it."""
    file = read_config(config)
    keys = len(tuple(entries(file.settings)))
    if as_json:
        start.console.json({**_identity(file), "valid": True, "keys": keys})
        return
    start.console.fact(f"{config}: valid, {keys} keys")
    start.console.fact(f"settings hash {settings_hash(file.settings)}")


@config_verbs.command("show")
@options.config_file
@options.as_json
@click.option("--defaults", is_flag=True, help="Print the commented default file instead.")
@process
def show(start: Process, config: Path, *, as_json: bool, defaults: bool) -> None:
    """Show every setting in force, with unit and default."""
    if defaults:
        _show_defaults(start, is_json=as_json)
        return
    file = read_config(config)
    if as_json:
        start.console.json({**_identity(file), "settings": settings_json(file.settings)})
        return
    pairs = zip(entries(file.settings), entries(Settings()), strict=True)
    start.console.table(
        ("key", "value", "unit", "default"),
        [_row(entry, default) for entry, default in pairs],
        title=f"{config}, settings hash {settings_hash(file.settings)}",
    )


def _show_defaults(start: Process, *, is_json: bool) -> None:
    if is_json:
        start.console.json({"settings": settings_json(Settings())})
    else:
        start.console.block(default_file())


def _identity(file: ConfigFile) -> dict[str, str]:
    return {"file": str(file.path), "settings_hash": settings_hash(file.settings)}


def _row(entry: Entry, default: Entry) -> tuple[str, str, str, str]:
    is_default = entry.value == default.value
    return (
        entry.path,
        toml_text(entry.value),
        entry.declared.kind.unit,
        "same" if is_default else toml_text(default.value),
    )

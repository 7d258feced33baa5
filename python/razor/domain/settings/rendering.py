"""Settings as text: the engine's parameter record, its hash, and the commented default file.

Owns: :func:`canonical_json` (one text for one meaning: sorted keys, no blanks, decimals as plain
text), :func:`settings_hash` over it, and :func:`default_file`, from which ``config.toml`` is made.
Must never: depend on the order or the spelling of the file the settings came from — ``0.30`` and
``0.3`` are one setting and have one hash.
"""

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from json import dumps
from textwrap import wrap

from razor.domain.errors import JsonValue
from razor.domain.settings.check import describe, plain_decimal
from razor.domain.settings.tree import Entry, Settings, entries
from razor.domain.settings.value import SettingValue

__all__ = ["as_json", "canonical_json", "default_file", "settings_hash", "toml_text"]

_WIDTH = 100
_INTRO = """\
# razor settings. Every key is here with its default; a key that is left out has that default.
# Unknown keys are errors. Numbers with decimals are read exactly as written.
# Check a file with `razor config check --config FILE`.
"""


def as_json(settings: Settings) -> dict[str, JsonValue]:
    """Give the settings as nested JSON values: integers, booleans, texts; decimals as text."""
    tree: dict[str, JsonValue] = {}
    sections: dict[str, dict[str, JsonValue]] = {}
    for entry in entries(settings):
        holder = sections.setdefault(entry.section, {}) if entry.section else tree
        holder[entry.name] = _json_of(entry.value)
    return {**tree, **sections}


def canonical_json(settings: Settings) -> bytes:
    """Give the parameter record: UTF-8 JSON with sorted keys and no blanks, ASCII only."""
    text = dumps(as_json(settings), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def settings_hash(settings: Settings) -> str:
    """Give the SHA-256 of the parameter record, 64 hexadecimal digits."""
    return sha256(canonical_json(settings)).hexdigest()


def toml_text(value: SettingValue) -> str:
    """Write one value as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return plain_decimal(value)
        case str():
            return dumps(value)
        case tuple():
            return "[" + ", ".join(dumps(item) for item in value) + "]"


def default_file() -> str:
    """Write the default settings as a file a user can copy and edit."""
    return "".join(f"{line}\n" for line in _default_lines())


def _default_lines() -> Iterator[str]:
    yield from _INTRO.splitlines()
    section = ""
    for entry in entries(Settings()):
        if entry.section != section:
            section = entry.section
            yield from ("", f"[{section}]")
        yield ""
        yield from _lines_of(entry)


def _lines_of(entry: Entry) -> Iterator[str]:
    kind = entry.declared.kind
    comment = f"{entry.declared.reason} Allowed: {describe(kind)}."
    for line in wrap(comment, _WIDTH - 2, break_long_words=False, break_on_hyphens=False):
        yield f"# {line}"
    yield f"{entry.name} = {toml_text(entry.value)}"


def _json_of(value: SettingValue) -> JsonValue:
    match value:
        case bool() | int() | str():
            return value
        case Decimal():
            return plain_decimal(value)
        case tuple():
            return list(value)

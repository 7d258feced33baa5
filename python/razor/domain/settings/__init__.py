"""Settings: what a user can set, checked once and frozen.

Start at :class:`Settings`. ``value`` declares the kinds of value; ``venue``, ``feed``, ``frozen``
and ``trading`` the keys; ``tree`` the whole and the rules between keys, ``check`` judges one value,
``reading`` a whole file, ``rendering`` writes settings as text.
"""

from razor.domain.settings.check import describe, plain_decimal
from razor.domain.settings.reading import decode_text, read_predecessor_settings, read_settings
from razor.domain.settings.rendering import (
    as_json,
    canonical_json,
    default_file,
    settings_hash,
    toml_text,
)
from razor.domain.settings.tree import SCHEMA_VERSION, Entry, Settings, entries

__all__ = [
    "SCHEMA_VERSION",
    "Entry",
    "Settings",
    "as_json",
    "canonical_json",
    "decode_text",
    "default_file",
    "describe",
    "entries",
    "plain_decimal",
    "read_predecessor_settings",
    "read_settings",
    "settings_hash",
    "toml_text",
]

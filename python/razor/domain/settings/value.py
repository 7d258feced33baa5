"""The kinds of value a setting can have, and how a key is declared.

Owns: one frozen class per kind, and :func:`key`, which declares a settings key as a dataclass
field with its kind and the reason of its default. Must never: read a raw value (that is
``check``) or know a single key by name (those stand in the section modules).
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias, TypeVar

__all__ = [
    "Address",
    "Exact",
    "Flag",
    "Key",
    "Kind",
    "SettingValue",
    "Text",
    "TextList",
    "Whole",
    "Word",
    "key",
]

SettingValue: TypeAlias = bool | int | Decimal | str | tuple[str, ...]
T = TypeVar("T", bound=SettingValue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An integer from ``low`` to ``high``, both included; one of ``only`` where given."""

    low: int
    high: int
    unit: str
    only: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """A decimal of at most ``decimals`` places; ``low`` itself is refused if ``above_low``."""

    low: Decimal
    high: Decimal
    decimals: int
    unit: str
    above_low: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """``true`` or ``false``."""

    unit: str = "switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One of a few words, spelt exactly."""

    choices: tuple[str, ...]
    unit: str = "word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text that matches ``pattern`` as a whole; ``allowed`` says so in words.

    ``is_private`` keeps the found text out of messages: somebody may have put a key there.
    """

    pattern: re.Pattern[str]
    allowed: str
    unit: str = "text"
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An absolute address; plain ``http``/``ws`` is allowed on loopback only."""

    secure: str
    plain: str
    unit: str = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextList:
    """A list of different texts, each matching ``pattern`` as a whole."""

    pattern: re.Pattern[str]
    allowed: str
    most: int
    unit: str = "list"


Kind: TypeAlias = Whole | Exact | Flag | Word | Text | Address | TextList


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is known about one key besides its name: its kind and why the default is what it is."""

    kind: Kind
    reason: str


def key(default: T, kind: Kind, reason: str) -> T:
    """Declare a dataclass field that is a settings key.

    The kind and the reason travel in the field's metadata, so that the reader, the messages and
    the commented default file have one source.
    """
    declared: T = field(default=default, metadata={Key: Key(kind=kind, reason=reason)})
    return declared

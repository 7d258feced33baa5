"""Recipes of the venue's book hash: the written one (PROTOCOL 3.2) and some that are not.

Prices must be spelled in the shortest way, as the venue spells them.
"""

import hashlib
import json
from collections.abc import Mapping


def written(book: Mapping[str, object]) -> str:
    """SHA-1 of the compact JSON, the hash blank, keys in the written order."""
    return hashlib.sha1(json.dumps(book, separators=(",", ":")).encode()).hexdigest()  # noqa: S324


def without_last_price(book: Mapping[str, object]) -> str:
    """An alternate recipe: one covered field less."""
    return written({name: value for name, value in book.items() if name != "last_trade_price"})


def of_a_later_trade(book: Mapping[str, object]) -> str:
    """The right recipe over a state that the reader does not know yet (py-clob-client-v2 #117)."""
    return written({**book, "last_trade_price": "0.41"})

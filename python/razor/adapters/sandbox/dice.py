"""Choices that follow from a seed: what faults draw.

Owns: `Dice`. Must never: share a stream between two users, so that one fault more moves no other.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """One stream of choices, named; the same on every machine and version."""

    def __init__(self, seed: int, name: str) -> None:
        """Start the stream of this seed and name."""
        self._label = f"{seed}/{name}/"
        self._count = 0

    def octets(self) -> bytes:
        """32 bytes."""
        self._count += 1
        return hashlib.sha256(f"{self._label}{self._count}".encode()).digest()

    def below(self, limit: int) -> int:
        """A whole number from 0 and below `limit`; nothing is drawn where there is one choice."""
        # 256 bits over any limit of ours: the bias is nothing.
        return int.from_bytes(self.octets(), "big") % limit if limit > 1 else 0

    def between(self, least: int, most: int) -> int:
        """A whole number of a closed range."""
        return least + self.below(most - least + 1)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of them."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """All of them in another order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]

"""Accounts that are there from the start: well-known keys with money, for trying things out.

Owns: `Resident`. The keys are those that every development chain publishes; they are worth nothing
anywhere, and nothing else than the local exchange may ever be given them.
"""

from dataclasses import dataclass
from typing import Final

from razor import _core
from razor.adapters.sandbox.listing import ONE
from razor.adapters.sandbox.venue import Venue

FUNDS: Final = 100_000 * ONE
"""Micro-dollars that each of them has."""
_EOA, _PROXY, _SAFE, _DEPOSIT = range(4)
_KEYS: Final = (
    ("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80", _DEPOSIT),
    ("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d", _DEPOSIT),
    ("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a", _EOA),
    ("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6", _SAFE),
    ("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a", _PROXY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A key with a funded wallet. `signature_type` as orders of the wallet name it."""

    key: str
    address: str
    wallet: str
    signature_type: int


def settle_residents(venue: Venue, funds: int = FUNDS) -> list[Resident]:
    """Open and fund the wallet of every resident, with all approvals."""
    residents: list[Resident] = []
    for digits, signature_type in _KEYS:
        address = _core.SigningKey.from_hex(f"0x{digits}").address
        wallet = _core.wallets_of(address)[signature_type]
        account = venue.open_account(wallet, is_approved=True)
        venue.exchange.deposit(venue.now_ns(), account, funds)
        residents.append(
            Resident(
                key=f"0x{digits}",
                address=address,
                wallet=wallet,
                signature_type=signature_type,
            )
        )
    return residents

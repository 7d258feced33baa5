"""Seeded worlds: markets with traders of their own, and sets that are planted among them.

Owns: `WorldPlan`, its file, and what the engine's listing means for the catalogue.

Must never: give planted sets to anybody but a checker; move a price (the traders live in the
engine and act with its time).
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec

from razor.adapters.sandbox.listing import EventListing, MarketListing
from razor.adapters.sandbox.spelling import iso_time
from razor.adapters.sandbox.venue import Venue
from razor.domain.errors import Problem, SettingsError

_TABLE: Final = "world"
_FILE_MOST: Final = 1_048_576
Count = Annotated[int, msgspec.Meta(ge=0, le=20_000)]
Millis = Annotated[int, msgspec.Meta(ge=1, le=86_400_000)]


class WorldPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A world; `Exchange.open_world` says what each number means and its range.

    `seed` None takes that of the exchange.
    """

    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None
    binaries: Count = 4
    groups: Count = 4
    group_size: Annotated[int, msgspec.Meta(ge=2, le=20)] = 3
    has_augmented: bool = True
    pace_ms: Millis = 400
    plant_every_ms: Millis = 2_500
    plant_bids_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 16
    has_rivals: bool = False
    resolve_every_ms: Millis | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The file: one table."""

    world: WorldPlan


class _Event(msgspec.Struct):
    """An event of the engine's listing."""

    id: str
    slug: str
    title: str
    neg_risk_market_id: str | None
    group: int | None
    is_augmented: bool
    end_ns: int


class _Market(msgspec.Struct):
    """A market of the engine's listing; `event` is a place among its events."""

    id: str
    event: int
    slug: str
    question: str
    group_item_title: str
    condition_id: str
    token_ids: tuple[str, str]
    outcomes: tuple[str, str]
    tick: str
    min_order_qty_micros: int
    fee_rate_ppm: int
    fee_exponent: int
    market: int
    is_unnamed: bool
    is_other: bool


class _Listing(msgspec.Struct):
    """What `open_world` answers."""

    events: list[_Event]
    markets: list[_Market]


def open_world(venue: Venue, plan: WorldPlan) -> None:
    """Open a world at a venue that has no market yet, and list it.

    Errors: `ValueError` for a plan that the engine refuses.
    """
    text = venue.exchange.open_world(
        venue.now_ns(),
        seed=venue.seed if plan.seed is None else plan.seed,
        binaries=plan.binaries,
        groups=plan.groups,
        group_size=plan.group_size,
        has_augmented=plan.has_augmented,
        pace_ms=plan.pace_ms,
        plant_every_ms=plan.plant_every_ms or None,
        plant_bids_percent=plan.plant_bids_percent,
        has_rivals=plan.has_rivals,
        resolve_every_ms=plan.resolve_every_ms,
    )
    listing = msgspec.json.decode(text, type=_Listing)
    for event in listing.events:
        venue.catalogue.add_event(_event(event))
        if event.group is not None:
            venue.catalogue.know_group(event.id, event.group)
    for market in sorted(listing.markets, key=lambda it: it.market):
        owner = listing.events[market.event]
        venue.catalogue.know_market(market.market, _market(market, owner))


class PlantedSets:
    """Tells a checker of every planted set that is over: size, lifetime, and who took of it.

    A clockwork of the venue. What ended is taken from the engine also where nobody listens, so that
    it does not pile up there.
    """

    def __init__(self, venue: Venue, tell: Callable[..., None] | None) -> None:
        """`tell` takes a word and the members of a line; None where nobody keeps them."""
        self._venue = venue
        self._tell = tell

    def due_ns(self) -> int | None:
        """Nothing by itself: it follows the traders."""
        return None

    def step(self) -> None:
        """Take what ended since the last step."""
        for line in self._venue.exchange.take_truth().splitlines():
            if self._tell is not None:
                self._tell("planted", **msgspec.json.decode(line, type=dict[str, object]))


def read_world(path: Path) -> WorldPlan:
    """Read the file of a world.

    Errors: `SettingsError` that names the file, the key and the remedy; `OSError`.
    """
    with path.open("rb") as file:
        raw = file.read(_FILE_MOST + 1)
    try:
        return msgspec.convert(tomllib.loads(raw.decode("utf-8")), _File).world
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as bad:
        what, _, where = str(bad).partition(" - at ")
        problem = Problem(
            key=where.strip("`").removeprefix("$."),
            found=what,
            allowed="",
            remedy="write one anew with razor sandbox seed --out FILE, and change that",
        )
        raise SettingsError(source=str(path), problems=[problem]) from bad


def write_world(plan: WorldPlan) -> str:
    """The file of a world: one table, every key with its value; a key that is None is left out."""
    rows = [f"[{_TABLE}]"]
    for key, value in msgspec.structs.asdict(plan).items():
        match value:
            case bool():
                rows.append(f"{key} = {str(value).lower()}")
            case int():
                rows.append(f"{key} = {value}")
            case _:
                continue
    return "\n".join(rows) + "\n"


def _event(event: _Event) -> EventListing:
    """An event as the catalogue lists it."""
    return EventListing(
        event_id=event.id,
        slug=event.slug,
        title=event.title,
        neg_risk_id=event.neg_risk_market_id or "",
        is_augmented=event.is_augmented,
        end_date=iso_time(event.end_ns),
        tags=("sandbox",),
    )


def _market(market: _Market, event: _Event) -> MarketListing:
    """A market as the catalogue lists it."""
    return MarketListing(
        market_id=market.id,
        slug=market.slug,
        question=market.question,
        condition_id=market.condition_id,
        token_ids=market.token_ids,
        outcomes=market.outcomes,
        tick=market.tick,
        min_order_qty=market.min_order_qty_micros,
        fee_rate_ppm=market.fee_rate_ppm,
        fee_exponent=market.fee_exponent,
        event_id=event.id,
        group_title=market.group_item_title,
        is_other=market.is_other,
        is_placeholder=market.is_unnamed,
    )

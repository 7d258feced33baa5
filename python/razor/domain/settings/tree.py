"""The whole of the settings: one frozen tree, and the rules between keys.

Owns: :class:`Settings` and :func:`contradictions`. Must never: read text; a tree that exists has
been checked by ``reading``.
"""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from razor.domain.errors import Problem
from razor.domain.settings.feed import Feed
from razor.domain.settings.frozen import Brain, Buckets, Calibration, Report, Shadow
from razor.domain.settings.trading import Live, Oms, Risk, Sim
from razor.domain.settings.value import Key, SettingValue, Word, key
from razor.domain.settings.venue import MarketSelect, Polymarket, Run

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "SCHEMA_VERSION",
    "Entry",
    "Settings",
    "contradictions",
    "entries",
    "key_of",
]

SCHEMA_VERSION = "1.3.2a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of razor; the defaults are those of ``config.toml``."""

    schema_version: str = key(
        SCHEMA_VERSION,
        Word(choices=(SCHEMA_VERSION,)),
        "The frozen rules this file speaks about; another version is another program.",
    )
    polymarket: Polymarket = field(default_factory=Polymarket)
    run: Run = field(default_factory=Run)
    feed: Feed = field(default_factory=Feed)
    brain: Brain = field(default_factory=Brain)
    buckets: Buckets = field(default_factory=Buckets)
    shadow: Shadow = field(default_factory=Shadow)
    report: Report = field(default_factory=Report)
    market_select: MarketSelect = field(default_factory=MarketSelect)
    live: Live = field(default_factory=Live)
    sim: Sim = field(default_factory=Sim)
    oms: Oms = field(default_factory=Oms)
    risk: Risk = field(default_factory=Risk)
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with its value: ``section`` is empty for a key at the top of the file."""

    section: str
    name: str
    declared: Key
    value: SettingValue

    @property
    def path(self) -> str:
        """The dotted path, as messages and tables show it."""
        return f"{self.section}.{self.name}" if self.section else self.name


def key_of(member: Field[Any]) -> Key | None:
    """Give the declaration a dataclass field carries, ``None`` for a section."""
    declared = member.metadata.get(Key)
    return declared if isinstance(declared, Key) else None


def entries(settings: Settings) -> Iterator[Entry]:
    """Walk all keys with their values, in the order of the file."""
    yield from _entries_of("", settings)
    for member in fields(settings):
        if key_of(member) is None:
            yield from _entries_of(member.name, getattr(settings, member.name))


def _entries_of(section: str, holder: "DataclassInstance") -> Iterator[Entry]:
    for member in fields(holder):
        declared = key_of(member)
        if declared is not None:
            value = getattr(holder, member.name)
            yield Entry(section=section, name=member.name, declared=declared, value=value)


def contradictions(settings: Settings) -> Iterator[Problem]:
    """Find keys that are allowed one by one but not together."""
    yield from _shadow_contradictions(settings.shadow)
    yield from _feed_contradictions(settings.feed)
    yield from _risk_contradictions(settings.risk)


def _risk_contradictions(risk: Risk) -> Iterator[Problem]:
    if risk.max_signal_usdc > risk.max_exposure_usdc:
        yield _clash(
            "risk.max_signal_usdc",
            f"{risk.max_signal_usdc}",
            f"at most risk.max_exposure_usdc = {risk.max_exposure_usdc} (USDC)",
        )
    entries_per_min = risk.max_orders_per_min * (100 - risk.exit_reserve_pct) // 100
    if entries_per_min < 1:
        yield _clash(
            "risk.max_orders_per_min",
            f"{risk.max_orders_per_min}",
            f"enough for one entry beside risk.exit_reserve_pct = {risk.exit_reserve_pct} (%)",
        )


def _shadow_contradictions(shadow: Shadow) -> Iterator[Problem]:
    if shadow.window_end_ms <= shadow.window_start_ms:
        yield _clash(
            "shadow.window_end_ms",
            f"{shadow.window_end_ms}",
            f"above shadow.window_start_ms = {shadow.window_start_ms} (ms)",
        )
    if shadow.trade_retention_ms < shadow.window_end_ms:
        yield _clash(
            "shadow.trade_retention_ms",
            f"{shadow.trade_retention_ms}",
            f"at least shadow.window_end_ms = {shadow.window_end_ms} (ms)",
        )


def _feed_contradictions(feed: Feed) -> Iterator[Problem]:
    if feed.pong_timeout_ms <= feed.ping_interval_ms:
        yield _clash(
            "feed.pong_timeout_ms",
            f"{feed.pong_timeout_ms}",
            f"above feed.ping_interval_ms = {feed.ping_interval_ms} (ms)",
        )
    if feed.backoff_max_ms < feed.backoff_first_ms:
        yield _clash(
            "feed.backoff_max_ms",
            f"{feed.backoff_max_ms}",
            f"at least feed.backoff_first_ms = {feed.backoff_first_ms} (ms)",
        )
    if feed.retry_max_ms < feed.retry_first_ms:
        yield _clash(
            "feed.retry_max_ms",
            f"{feed.retry_max_ms}",
            f"at least feed.retry_first_ms = {feed.retry_first_ms} (ms)",
        )
    if feed.shard_quiet_ms < feed.shard_silent_ms:
        yield _clash(
            "feed.shard_quiet_ms",
            f"{feed.shard_quiet_ms}",
            f"at least feed.shard_silent_ms = {feed.shard_silent_ms} (ms)",
        )


def _clash(key_path: str, found: str, allowed: str) -> Problem:
    return Problem(key=key_path, found=found, allowed=allowed, remedy="change one of the two")

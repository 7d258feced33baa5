# pyright: reportUnknownMemberType=false
# matplotlib leaves the type of its keyword arguments open, so every call of it is "partly unknown".
"""One signal as a picture: best prices of its legs, orders at their limits, fills.

Owns: :func:`signal_figure`, :func:`tokens_of` and :func:`span_of`. Prices become floats here, for
the eye alone, and never go back into a table. Must never: leave out a leg without saying so in the
caption.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from razor.app.report.content import Figure
from razor.app.report.plots.canvas import FROZEN, INK, LIMIT, LOSS, VENUE, draw
from razor.application.trail_table import Top
from razor.domain.trail import SignalTrail, TrailRow

__all__ = ["signal_figure", "span_of", "tokens_of"]

_COLOURS = (FROZEN, VENUE, LIMIT, LOSS)
# More pairs of lines cannot be told apart in one picture; legs with orders come first.
_MOST_LEGS = 4
_MARGIN_MS = 500
_EMPTY_BID, _EMPTY_ASK = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """An attempt: when it left and ended (s), where it stood, what it got and at which price."""

    left_s: float
    ended_s: float
    limit: float
    leg: int
    is_buy: bool
    fill: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leg:
    """The best prices of one leg; an empty side is a gap in its line."""

    leg: int
    times_s: tuple[float, ...]
    bids: tuple[float, ...]
    asks: tuple[float, ...]
    # The ask at the signal itself: ticks.csv may have passed over it.
    at_signal: float | None


def span_of(signal: SignalTrail) -> tuple[int, int]:
    """Give the time to draw, ms since 1970: the signal's rows with a margin on both sides."""
    last = max(row.ts_ms for row in signal.rows)
    return min(signal.started_ms, signal.rows[0].ts_ms) - _MARGIN_MS, last + _MARGIN_MS


def tokens_of(signal: SignalTrail) -> dict[int, str]:
    """Give the tokens to draw by leg: legs with orders first, then by number, four at most."""
    found = {row.leg: row.token_id for row in signal.rows if row.leg is not None and row.token_id}
    for leg in signal.legs:
        found.setdefault(leg.leg, leg.token_id)
    return dict(list(found.items())[:_MOST_LEGS])


def signal_figure(signal: SignalTrail, tops: Sequence[Top], place: str) -> Figure:
    """Draw one signal; ``tops`` are best prices in order of time, of any tokens.

    ``place`` names the page, for media without pictures. Cost: about 0.1 s.
    """
    key = f"plot-signal-{signal.signal_id}"
    title = f"Signal {signal.signal_id}: books, orders and fills"
    tokens = tokens_of(signal)
    legs = tuple(_leg(leg, token, signal, tops) for leg, token in sorted(tokens.items()))
    drawn = tuple(leg for leg in legs if leg.times_s or leg.at_signal is not None)
    orders = tuple(_order(signal, row) for row in signal.rows if _is_drawn(row, tokens))
    if not drawn and not orders:
        caption = "Neither an order nor a price of its legs in ticks.csv: nothing to draw."
        return Figure(key=key, title=title, svg="", caption=caption, place=place)
    fills = sum(1 for order in orders if order.fill is not None)
    legs_n = signal.shadow.legs_n if signal.shadow is not None else len(tokens)
    caption = (
        f"USDC per share over seconds since the signal. Solid: best ask, dotted: best bid, as in "
        f"ticks.csv (at most one row per token and second), {len(drawn)} of {legs_n} legs, one "
        f"colour per leg; crosses: the asks that the signal saw. Bars: {len(orders)} orders at "
        f"their limits from wire to end, triangle up a buy, down a sale; filled dots: {fills} "
        "fills at their average price."
    )
    svg = draw(key, title, partial(_paint, legs=drawn, orders=orders))
    return Figure(key=key, title=title, svg=svg, caption=caption, place=place)


def _is_drawn(row: TrailRow, tokens: dict[int, str]) -> bool:
    """Whether a row is the end of an order that stood on a leg in the picture.

    Rows of doubt on the way, cancels and settlements of the same order are not drawn again.
    """
    is_over = row.is_sent and bool(row.fill) and row.limit_price is not None
    return is_over and row.leg in tokens


def _leg(leg: int, token: str, signal: SignalTrail, tops: Sequence[Top]) -> _Leg:
    """Give the prices of a leg in the signal's span; the last one before it opens the line."""
    first, last = span_of(signal)
    mine = [top for top in tops if top.token_id == token and top.ts_ms <= last]
    before = [top for top in mine if top.ts_ms < first][-1:]
    seen = [*before, *(top for top in mine if top.ts_ms >= first)]
    times = [_seconds(max(top.ts_ms, Decimal(first)), signal) for top in seen]
    if seen:
        # What was last known holds until the end of the picture.
        times.append(_seconds(Decimal(last), signal))
        seen.append(seen[-1])
    nothing = float("nan")
    asks = (known.ask for known in signal.legs if known.leg == leg and known.ask != _EMPTY_ASK)
    return _Leg(
        leg=leg,
        times_s=tuple(times),
        bids=tuple(nothing if top.bid == _EMPTY_BID else float(top.bid) for top in seen),
        asks=tuple(nothing if top.ask == _EMPTY_ASK else float(top.ask) for top in seen),
        at_signal=next((float(ask) for ask in asks), None),
    )


def _order(signal: SignalTrail, row: TrailRow) -> _Order:
    """Place an order between the wire and the proof of its end, which its latency spans."""
    ended = Decimal(row.ts_ms)
    return _Order(
        left_s=_seconds(ended - (row.latency_ms or 0), signal),
        ended_s=_seconds(ended, signal),
        limit=float(row.limit_price or 0),
        leg=row.leg or 0,
        is_buy=row.side == "BUY",
        fill=None if row.avg_price is None else float(row.avg_price),
    )


def _seconds(ts_ms: Decimal, signal: SignalTrail) -> float:
    """Give a time of the axis: seconds since the signal, negative before it."""
    return float((ts_ms - signal.started_ms) / 1_000)


def _paint(axes: Axes, *, legs: Sequence[_Leg], orders: Sequence[_Order]) -> None:
    """Draw the books first, so that orders and fills stand on top."""
    numbers = sorted({*(leg.leg for leg in legs), *(order.leg for order in orders)})
    colours = {leg: _COLOURS[place % len(_COLOURS)] for place, leg in enumerate(numbers)}
    for leg in legs:
        colour = colours[leg.leg]
        for prices, line, name in ((leg.asks, "-", f"leg {leg.leg}"), (leg.bids, ":", None)):
            axes.plot(
                leg.times_s,
                prices,
                color=colour,
                linestyle=line,
                linewidth=1.2,
                drawstyle="steps-post",
                label=name,
            )
        if leg.at_signal is not None:
            axes.plot((0.0,), (leg.at_signal,), color=colour, marker="x", markersize=7)
    for order in orders:
        colour = colours[order.leg]
        axes.plot(
            (order.left_s, order.ended_s), (order.limit, order.limit), color=colour, linewidth=3.0
        )
        axes.plot(
            (order.left_s,),
            (order.limit,),
            color=colour,
            marker="^" if order.is_buy else "v",
            markersize=6,
            markerfacecolor="none",
        )
        if order.fill is not None:
            axes.plot((order.ended_s,), (order.fill,), color=colour, marker="o", markersize=5)
    axes.axvline(0.0, color=INK, linewidth=0.7, linestyle="--")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.set_xlabel("s since the signal", color=INK)
    axes.set_ylabel("USDC per share", color=INK)
    if legs:
        axes.legend(frameon=False, labelcolor=INK, fontsize=8)

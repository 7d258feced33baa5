"""The local exchange as a source: settings that point to this machine, and its list of markets.

Owns: :func:`local_settings`. Must never: load what serves it; this is the trading side.
"""

from dataclasses import replace

from razor.domain.errors import Problem, SettingsError, Unreachable
from razor.domain.local_venue import FIRST_PORT, local_url
from razor.domain.settings import Settings

__all__ = ["LOCAL", "LOCAL_MARKER", "is_local", "local_settings"]

LOCAL = "sandbox"
LOCAL_MARKER = (
    "The venue was razor's local exchange: its prices and prints were made up, and no verdict "
    "about the real one follows."
)
_POOL = 100
_PORT_MOST = 65_000
_DIGITS = 5


def is_local(source: str) -> bool:
    """Whether a source is the local exchange."""
    return source == LOCAL or source.startswith(f"{LOCAL}:")


def local_settings(settings: Settings, source: str) -> Settings:
    """Point settings to the local exchange, at all of its markets where none is named.

    Errors: :class:`SettingsError` for a port that is none, :class:`Unreachable` when it does not
    answer.
    """
    port = _port_of(source)
    venue = replace(
        settings.polymarket,
        clob_base=local_url("clob", port),
        gamma_base=local_url("gamma", port),
        data_api_base=local_url("data", port),
        ws_base=local_url("clob", port, scheme="ws"),
    )
    pointed = replace(settings, polymarket=venue)
    if settings.run.market_ids:
        return pointed
    from razor.app.selecting import pool_of  # noqa: PLC0415 - only live verbs load sockets

    try:
        pool = pool_of(pointed, limit=_POOL)
    except Unreachable as silent:
        message = f"no local exchange answers on port {port} of this machine"
        remedy = f"start it in another terminal: razor sandbox serve --port {port}"
        raise Unreachable(message, endpoint=silent.endpoint, remedy=remedy) from silent
    listed = tuple(market.market_id for market in pool)
    return replace(pointed, run=replace(settings.run, market_ids=listed))


def _port_of(source: str) -> int:
    """The first port that a source names, else the usual one."""
    text = source.removeprefix(LOCAL).removeprefix(":")
    if not text:
        return FIRST_PORT
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS and 0 < int(text) <= _PORT_MOST:
        return int(text)
    problem = Problem(
        key="--source",
        found=repr(source),
        allowed=f"{LOCAL} or {LOCAL}:PORT, PORT up to {_PORT_MOST}",
        remedy="give the port of the CLOB that razor sandbox serve shows",
    )
    raise SettingsError(source="command line", problems=[problem])

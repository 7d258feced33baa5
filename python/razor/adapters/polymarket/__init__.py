"""Polymarket, read-only: definitions, market stream, trade prints, book checks.

`wiring.py` of the app builds `LiveFeed` and `Gamma`; everything else here is theirs. Field names
of the venue do not leave this package, and no call in it needs an account.
"""

from razor.adapters.polymarket.clock import SystemClock
from razor.adapters.polymarket.feed import LiveFeed
from razor.adapters.polymarket.gamma import Gamma
from razor.adapters.polymarket.rest import Http
from razor.adapters.polymarket.supervise import SignalStop, TaskSupervisor

__all__ = ["Gamma", "Http", "LiveFeed", "SignalStop", "SystemClock", "TaskSupervisor"]

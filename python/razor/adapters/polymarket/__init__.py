"""Polymarket, read-only: definitions, market stream, trade prints, book checks, probes.

`wiring.py` of the app builds `LiveFeed` and `Gamma`; everything else here is theirs. Field names
of the venue do not leave this package, and no call in it needs an account.
"""

from razor.adapters.polymarket.clock import SystemClock
from razor.adapters.polymarket.feed import LiveFeed
from razor.adapters.polymarket.gamma import Gamma
from razor.adapters.polymarket.pool import read_pool
from razor.adapters.polymarket.probe_engine import ProbeEngine
from razor.adapters.polymarket.probing import LiveProbes, ProbePlan, ProbeWorld
from razor.adapters.polymarket.rest import Http
from razor.adapters.polymarket.supervise import EventStop, SignalStop, TaskSupervisor
from razor.adapters.polymarket.trades import PollThrottle

__all__ = [
    "EventStop",
    "Gamma",
    "Http",
    "LiveFeed",
    "LiveProbes",
    "PollThrottle",
    "ProbeEngine",
    "ProbePlan",
    "ProbeWorld",
    "SignalStop",
    "SystemClock",
    "TaskSupervisor",
    "read_pool",
]

"""The order path of a run as a person reads it; the media are those of the Day-14 report.

``compose`` turns a :class:`~razor.domain.trail.Trail` into a page, ``words`` and ``guards`` say why
each row was written, ``plot`` draws a signal. ``facts`` gives the same to a program.
"""

from razor.app.report.trail.compose import chosen_signals, trail_page
from razor.app.report.trail.facts import trail_facts

__all__ = ["chosen_signals", "trail_facts", "trail_page"]

"""The Day-14 report as a person reads it: terminal, Markdown and one HTML page.

``compose`` turns a :class:`~razor.domain.verdict.Report` into a page, ``terminal``, ``markdown``
and ``html`` write that page in their medium, ``plots`` draws. A caller composes once and renders
as often as it likes::

    page = page_of(report)
    html_text(page), markdown_text(page), terminal_text(page)
"""

from razor.app.report.compose import page_of
from razor.app.report.html import html_text
from razor.app.report.markdown import markdown_text
from razor.app.report.terminal import terminal_text

__all__ = ["html_text", "markdown_text", "page_of", "terminal_text"]

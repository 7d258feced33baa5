"""The command line: one module per group of verbs.

To add verbs: write a module with a :class:`~razor.app.cli.verb.VerbGroup` (or a single
:class:`~razor.app.cli.verb.Verb`), take options from ``options``, and add it in
:func:`~razor.app.cli.program.build_program`.
"""

from razor.app.cli.program import main

__all__ = ["main"]

"""How a verb is declared.

Owns: :class:`Verb` and :class:`VerbGroup`, which give every verb ``--debug``, and :data:`process`,
which hands the :class:`~razor.app.wiring.Process` to a verb as its first argument. A verb returns
nothing or an :class:`~razor.app.cli.failure.ExitCode`, raises a :class:`RazorError` for anything
wrong, and never prints an error or exits by itself.
"""

from typing import Any

import click

from razor.app.wiring import Process

__all__ = ["Verb", "VerbGroup", "process"]

# Decorator: passes the Process of this start as the first argument.
process = click.make_pass_decorator(Process)


def _debug() -> click.Option:
    # The value is read from the arguments by `main`, which must know it even when parsing fails.
    return click.Option(
        ["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error."
    )


class Verb(click.Command):
    """A verb: a command that also takes ``--debug``."""

    def __init__(self, name: str | None, **settings: Any) -> None:  # noqa: ANN401 - click's own
        """Add the option to those declared."""
        super().__init__(name, **settings)
        self.params.append(_debug())


class VerbGroup(click.Group):
    """A group of verbs, such as ``razor config``; its verbs are :class:`Verb` by default."""

    command_class = Verb

    def __init__(self, name: str | None = None, **settings: Any) -> None:  # noqa: ANN401
        """Add the option to those declared."""
        super().__init__(name, **settings)
        self.params.append(_debug())


VerbGroup.group_class = VerbGroup

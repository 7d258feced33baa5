"""Every option of the command line, declared once and used by name.

A verb takes what it needs: ``@options.config_file``, ``@options.as_json`` … so that an option has
one spelling, one default and one help text in all verbs. Verbs get the value under the name given
in the comment above each one.
"""

from pathlib import Path

import click

__all__ = ["as_json", "config_file", "log_file", "log_level"]

# Gives `config`, a Path.
config_file = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    metavar="FILE",
    help="Settings file.",
)

# Gives `as_json`, a bool.
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print the facts as JSON, errors as JSON on stderr."
)

# Gives `log_file`, a Path or None.
log_file = click.option(
    "--log-file",
    "log_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append the log to FILE as JSON lines instead of showing it on stderr.",
)

# Gives `log_level`, a word in capitals.
log_level = click.option(
    "--log-level",
    "log_level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="Least important log line that is written.",
)

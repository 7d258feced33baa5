"""Every option of the command line, declared once and used by name.

A verb takes what it needs: ``@options.config_file``, ``@options.as_json`` … so that an option has
one spelling, one default and one help text in all verbs. Verbs get the value under the name given
in the comment above each one.
"""

import re
from pathlib import Path

import click

from razor.application.play import Pace
from razor.domain.manifest import ResumePolicy

__all__ = [
    "as_json",
    "config_file",
    "duration",
    "log_file",
    "log_level",
    "mode",
    "optional_config_file",
    "out_dir",
    "record_dir",
    "resume",
    "run_argument",
    "runs_dir",
    "source",
    "speed",
]

_PACES = {"max": Pace.MAX, "1x": Pace.REAL, "10x": Pace.TENFOLD}

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


def _pace(_context: click.Context, _option: click.Parameter, word: str) -> Pace:
    return _PACES[word]


def _policy(_context: click.Context, _option: click.Parameter, word: str) -> ResumePolicy:
    return ResumePolicy(word)


_SOME_TIME = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)?")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class _Duration(click.ParamType[int]):
    """A span such as ``60s``, ``15m`` or ``14d``; gives milliseconds. No unit means seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read the text; milliseconds pass through."""
        if isinstance(value, int):
            return value
        found = _SOME_TIME.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no duration; write 60s, 15m, 2h or 14d", param, ctx)
        return int(found.group(1)) * _UNIT_MS[found.group(2) or "s"]


# Gives `duration_ms`, an int; 0 = until the end or Ctrl-C.
duration = click.option(
    "--duration",
    "duration_ms",
    type=_Duration(),
    default=0,
    metavar="TIME",
    help="End after so much recorded time (60s, 15m, 14d); default: until the end or Ctrl-C.",
)

# Gives `mode`, a text or None.
mode = click.option(
    "--mode", "mode", metavar="MODE", help="dry_run (default) or live; wins over RAZOR_MODE."
)

# Gives `source`, a text.
source = click.option(
    "--source",
    "source",
    default="polymarket",
    show_default=True,
    metavar="SOURCE",
    help="polymarket, sandbox[:PORT], or replay:PATH with a capture or a run directory.",
)

# Gives `runs_dir`, a Path or None.
runs_dir = click.option(
    "--runs-dir",
    "runs_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Directory of runs; default: run.data_dir of the settings.",
)

# Gives `out_dir`, a Path or None.
out_dir = click.option(
    "--out-dir",
    "out_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the files of the run into this new directory instead.",
)

# Gives `out_dir`, a Path.
record_dir = click.option(
    "--out",
    "out_dir",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Directory under which the recording gets a run directory of its own.",
)

# Gives `pace`, a Pace.
speed = click.option(
    "--speed",
    "pace",
    type=click.Choice(["max", "1x", "10x"]),
    callback=_pace,
    default="max",
    show_default=True,
    help="How fast recorded time passes; the bytes are the same.",
)

# Gives `faults`, a Path or None.
faults = click.option(
    "--faults",
    "faults",
    type=click.Path(path_type=Path),
    default=None,
    help="TOML plan of faults that the simulated venue injects; needs --mode live.",
)

# Gives `resume`, a ResumePolicy.
resume = click.option(
    "--resume",
    "resume",
    type=click.Choice([policy.value for policy in ResumePolicy]),
    callback=_policy,
    default=ResumePolicy.AUTO.value,
    show_default=True,
    help="Go on in the directory of a live run that ended uncleanly, or never.",
)

# Gives `config`, a Path or None.
optional_config_file = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings file instead of the recording's own.",
)

# Gives `run_dir`, a Path.
run_argument = click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))

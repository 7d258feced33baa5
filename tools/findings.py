"""What a check reports, and how the checks find the project's files.

Owns: the one form in which every check of `tools/` speaks, and the list of files they look at.

Must never: look at what git ignores. A check judges what a clone would contain.

Invariants:
- a finding names a place, a rule, what was found and what is allowed;
- files come in sorted order, so that two runs print the same.
"""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where the tree breaks a rule."""

    path: str
    line: int
    rule: str
    found: str
    allowed: str

    def __str__(self) -> str:
        """`file:line: rule: found X, allowed Y`."""
        return f"{self.path}:{self.line}: {self.rule}: found {self.found}, allowed {self.allowed}"


def report(check: str, findings: Iterable[Finding], summary: str) -> int:
    """Print the findings, or `summary` when there are none; the exit code of the check."""
    listed = sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule))
    for finding in listed:
        print(finding)
    print(f"{check}: {len(listed)} findings" if listed else f"{check}: {summary}")
    return 1 if listed else 0


def project_files(root: Path = ROOT) -> list[str]:
    """Every file git tracks or would track below `root`, as paths relative to it, sorted.

    Exits with a message when `root` is not a git checkout, since nothing else tells a file of the
    project from one that a build left behind.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"the checks need a git checkout: {done.stderr.strip()}", file=sys.stderr)
        sys.exit(2)
    return sorted({name for name in done.stdout.split("\0") if name and (root / name).is_file()})

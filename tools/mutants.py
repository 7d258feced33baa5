"""Plants the defects of mutants.toml one by one and shows which tests notice: `make mutants`.

Owns: the scratch worktree `build/mutants/tree`, its target directory beside it, and the table of
results in docs/TESTING.md.

Must never: touch a file of the tree it was started in (but docs/TESTING.md, when told to), or call
a defect caught that does not compile.

Invariants:
- the tests are first run without a defect; a test that fails by itself proves nothing, so nothing
  is planted then;
- a replacement matches exactly once, or the mutant is invalid and so is the run;
- after each defect the file has its old text again, also when the run is interrupted;
- exits with 1 when a defect survived or was invalid.
"""

import argparse
import shlex
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from findings import ROOT

TABLE = ROOT / "tools" / "mutants.toml"
DOCUMENT = ROOT / "docs" / "TESTING.md"
SCRATCH = ROOT / "build" / "mutants"
BEGIN = "<!-- mutants: written by `tools/mutants.py --update`, do not edit -->"
END = "<!-- end of mutants -->"
TIMEOUT_S = 900


class Result(Enum):
    """What became of a mutant."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One planted defect: where, what, the claim it breaks, and the cargo tests that must fail."""

    id: str
    file: str
    old: str
    new: str
    claim: str
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A mutant with what became of it; `why` names the first failing test, or what was wrong."""

    mutant: Mutant
    result: Result
    why: str
    seconds: int


def read_table(text: str) -> list[Mutant]:
    """The mutants of a table; raises ValueError where an id is given twice."""
    mutants = [Mutant(**row) for row in tomllib.loads(text)["mutant"]]
    twice = [id_ for id_, count in Counter(mutant.id for mutant in mutants).items() if count > 1]
    if twice:
        raise ValueError(f"ids given twice: {', '.join(twice)}")
    return mutants


def plant(text: str, mutant: Mutant) -> str:
    """The text with the defect; raises ValueError unless the old text is there exactly once."""
    found = text.count(mutant.old)
    if found != 1:
        raise ValueError(f"the old text is in {mutant.file} {found} times")
    return text.replace(mutant.old, mutant.new)


def first_failure(output: str) -> str:
    """The first test that cargo says failed; empty when it names none."""
    for line in output.splitlines():
        if line.startswith("test ") and line.endswith("... FAILED"):
            return (
                line.removeprefix("test ")
                .removesuffix(" ... FAILED")
                .removesuffix(" - should panic")
            )
    return ""


def prepare() -> Path:
    """The scratch worktree at the present commit."""
    tree = SCRATCH / "tree"
    if not (tree / ".git").exists():
        SCRATCH.mkdir(parents=True, exist_ok=True)
        _git(ROOT, "worktree", "prune")
        _git(ROOT, "worktree", "add", "--quiet", "--force", "--detach", str(tree), "HEAD")
    commit = _git(ROOT, "rev-parse", "HEAD").strip()
    _git(tree, "checkout", "--quiet", "--force", "--detach", commit)
    return tree


def _git(where: Path, *words: str) -> str:
    run = subprocess.run(["git", *words], cwd=where, check=True, capture_output=True, text=True)
    return run.stdout


def cargo(tree: Path, test: str, *more: str) -> tuple[int, str]:
    """Runs one test command; a run that never ends counts as failed."""
    command = [
        *("env", f"CARGO_TARGET_DIR={SCRATCH / 'target'}", "CARGO_PROFILE_DEV_DEBUG=0"),
        *("CARGO_PROFILE_DEV_OPT_LEVEL=0", "PROPTEST_FAILURE_PERSISTENCE=off"),
        *("cargo", "test", "--locked", "--quiet", *shlex.split(test), *more),
    ]
    try:
        run = subprocess.run(
            command, cwd=tree, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return 1, f"test (ran longer than {TIMEOUT_S} s) ... FAILED"
    return run.returncode, run.stdout + run.stderr


def judge(tree: Path, mutant: Mutant) -> tuple[Result, str]:
    """Plants one defect, runs its tests, and takes it out again."""
    path = tree / mutant.file
    before = path.read_text(encoding="utf-8")
    try:
        after = plant(before, mutant)
    except ValueError as wrong:
        return Result.INVALID, str(wrong)
    path.write_text(after, encoding="utf-8")
    try:
        code, output = cargo(tree, mutant.test, "--no-run")
        if code != 0:
            return Result.INVALID, "does not compile: " + _first_error(output)
        # Not quiet: the names of the tests are wanted.
        code, output = cargo(tree, mutant.test, "--", "--format", "pretty")
    finally:
        path.write_text(before, encoding="utf-8")
    if code == 0:
        return Result.SURVIVED, f"all of `{mutant.test}` passed"
    return Result.CAUGHT, first_failure(output) or "the test program stopped"


def _first_error(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("error")]
    return errors[0] if errors else "no message"


def broken_tests(tree: Path, tests: Iterable[str]) -> list[str]:
    """The test commands that fail without any defect."""
    return [test for test in tests if cargo(tree, test)[0] != 0]


def run_all(tree: Path, mutants: Sequence[Mutant]) -> list[Verdict]:
    """Judges every mutant, one line of output each."""
    verdicts: list[Verdict] = []
    for mutant in mutants:
        start = time.monotonic()
        result, why = judge(tree, mutant)
        seconds = int(time.monotonic() - start)
        verdicts.append(Verdict(mutant=mutant, result=result, why=why, seconds=seconds))
        print(f"{mutant.id:32} {result.value:9} {seconds:4} s  {why}", flush=True)
    return verdicts


def document(text: str, verdicts: Sequence[Verdict], commit: str) -> str:
    """The document with a new list; raises ValueError without both marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place between {BEGIN!r} and {END!r}")
    counts = Counter(verdict.result for verdict in verdicts)
    summary = ", ".join(f"{counts[result]} {result.value.lower()}" for result in Result)
    lines = [
        f"{len(verdicts)} defects planted in `{commit}`: {summary}.",
        "",
        "| Mutant | File | What it breaks | Result | Noticed by |",
        "|---|---|---|---|---|",
    ]
    for verdict in verdicts:
        mutant = verdict.mutant
        file = mutant.file.removeprefix("rust/razor_core/src/")
        why = verdict.why.replace("|", "/")
        lines.append(
            f"| {mutant.id} | `{file}` | {mutant.claim} | {verdict.result.value} | `{why}` |"
        )
    return f"{head}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{tail}"


def options(words: Sequence[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Plant defects and see which tests notice.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these mutants")
    parser.add_argument("--update", action="store_true", help=f"rewrite the list of {DOCUMENT}")
    parser.add_argument("--trust", action="store_true", help="do not run the tests unharmed first")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Run the table, or the named part of it."""
    asked = options(words)
    mutants = read_table(TABLE.read_text(encoding="utf-8"))
    unknown = set(asked.ids) - {mutant.id for mutant in mutants}
    if unknown or (asked.update and asked.ids):
        print(f"no such mutants: {unknown}" if unknown else "--update takes the whole table")
        return 2
    chosen = [mutant for mutant in mutants if not asked.ids or mutant.id in asked.ids]
    tree = prepare()
    tests = sorted({mutant.test for mutant in chosen})
    broken = [] if asked.trust else broken_tests(tree, tests)
    if broken:
        print("these fail without any defect: " + "; ".join(broken))
        return 1
    verdicts = run_all(tree, chosen)
    if asked.update:
        text = DOCUMENT.read_text(encoding="utf-8")
        commit = _git(tree, "rev-parse", "--short=12", "HEAD").strip()
        DOCUMENT.write_text(document(text, verdicts, commit), encoding="utf-8")
    wrong = [verdict for verdict in verdicts if verdict.result is not Result.CAUGHT]
    print(f"{len(verdicts)} mutants, {len(wrong)} not caught")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

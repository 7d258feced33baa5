"""The crate graph and the count of third-party packages.

Owns: which crate of the workspace may depend on which, and how many packages of others each part
may name directly.

Must never: judge what serves the tests of a crate only. Dev-dependencies reach no user.

Invariants:
- `razor_core` <- `razor_sim`, `razor_sign`, `razor_io` <- `razor_py`, and nothing sideways;
- only `razor_py` names the Python binding, and it names nothing else of others;
- every package named directly, for use or for tests, has its line in the decision record.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from findings import ROOT, Finding, report

MIDDLE = frozenset({"razor_sim", "razor_sign", "razor_io"})
BELOW: Mapping[str, frozenset[str]] = {
    "razor_core": frozenset(),
    **dict.fromkeys(MIDDLE, frozenset({"razor_core"})),
    "razor_py": MIDDLE | {"razor_core"},
}
CORE_PACKAGES = frozenset({"crc32c", "serde", "serde_json", "sha1", "sha2", "thiserror"})
BINDING = "pyo3"
BINDING_CRATE = "razor_py"
PYTHON_RUNTIME_MAX = 14
RECORD = "docs/decisions/0001-third-party-packages.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """One crate of the workspace and the packages its manifest names."""

    name: str
    manifest: str
    internal: frozenset[str]
    """Other crates of the workspace, for use and for build scripts."""
    external: frozenset[str]
    """Packages of others, for use and for build scripts."""
    development: frozenset[str]
    """Packages of others, for tests and benchmarks only."""


def read_crates(metadata: str, root: Path) -> list[Crate]:
    """The workspace crates in the JSON text that `cargo metadata` prints."""
    decoded = json.loads(metadata)
    members = set(decoded["workspace_members"])
    packages = [package for package in decoded["packages"] if package["id"] in members]
    names = {package["name"] for package in packages}
    crates: list[Crate] = []
    for package in packages:
        needs = package["dependencies"]
        used = {need["name"] for need in needs if need["kind"] != "dev"}
        testing = {need["name"] for need in needs if need["kind"] == "dev"}
        manifest = Path(package["manifest_path"])
        crates.append(
            Crate(
                name=package["name"],
                manifest=str(manifest.relative_to(root)),
                internal=frozenset(used & names),
                external=frozenset(used - names),
                development=frozenset(testing - names),
            )
        )
    return crates


def check_graph(crates: list[Crate]) -> Iterator[Finding]:
    """Edges of the workspace that the layout does not know, and misplaced packages."""
    for crate in crates:
        below = BELOW.get(crate.name)
        if below is None:
            yield _finding(crate, "crate-graph", f"a crate {crate.name}", ", ".join(BELOW))
            continue
        for name in sorted(crate.internal - below):
            allowed = ", ".join(sorted(below)) or "no crate of the workspace"
            yield _finding(crate, "crate-graph", f"{crate.name} -> {name}", allowed)
        bindings = {name for name in crate.external if name.startswith(BINDING)}
        if crate.name == BINDING_CRATE:
            for name in sorted(crate.external - {BINDING}):
                yield _finding(crate, "binding-packages", name, f"{BINDING} alone")
        elif bindings:
            yield _finding(crate, "binding", ", ".join(bindings), f"only in {BINDING_CRATE}")
        if crate.name == "razor_core":
            for name in sorted(crate.external - CORE_PACKAGES):
                yield _finding(crate, "core-packages", name, ", ".join(sorted(CORE_PACKAGES)))


def python_packages(project: str) -> tuple[set[str], set[str]]:
    """Names that `pyproject.toml` (its text) asks for: at run time, and for development."""
    decoded = tomllib.loads(project)
    groups = decoded.get("dependency-groups", {}).values()
    runtime = {_bare_name(need) for need in decoded["project"]["dependencies"]}
    return runtime, {_bare_name(need) for group in groups for need in group}


def check_python(runtime: set[str]) -> Iterator[Finding]:
    """More direct packages at run time than the budget allows."""
    if len(runtime) > PYTHON_RUNTIME_MAX:
        yield Finding(
            path="pyproject.toml",
            line=1,
            rule="python-packages",
            found=str(len(runtime)),
            allowed=f"{PYTHON_RUNTIME_MAX}",
        )


def check_record(names: set[str], record: str) -> Iterator[Finding]:
    """Packages without a line of their own in the decision record (its text)."""
    recorded = set(re.findall(r"^\| `([^`]+)`", record, flags=re.MULTILINE))
    for name in sorted(names - recorded):
        yield Finding(
            path=RECORD,
            line=1,
            rule="package-record",
            found=f"no line of {name}",
            allowed="one line per direct package: what for, upkeep, licence",
        )
    for name in sorted(recorded - names):
        yield Finding(
            path=RECORD,
            line=1,
            rule="package-record",
            found=f"a line of {name}",
            allowed="only packages that are named directly",
        )


def _bare_name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def _finding(crate: Crate, rule: str, found: str, allowed: str) -> Finding:
    return Finding(path=crate.manifest, line=1, rule=rule, found=found, allowed=allowed)


def cargo_metadata(root: Path = ROOT) -> str:
    """The JSON text of `cargo metadata` for the locked workspace."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> int:
    """Check the tree; 1 when anything was found."""
    crates = read_crates(cargo_metadata(), ROOT)
    runtime, development = python_packages((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    named = set(workspace["dependencies"]) - {crate.name for crate in crates}
    named = named.union(*(crate.external | crate.development for crate in crates))
    record = (ROOT / RECORD).read_text(encoding="utf-8")
    findings = [
        *check_graph(crates),
        *check_python(runtime),
        *check_record(named | runtime | development, record),
    ]
    summary = f"{len(crates)} crates, {len(named)} crates of others, {len(runtime)} Python packages"
    return report("crate graph", findings, summary + " at run time, all in order")


if __name__ == "__main__":
    sys.exit(main())

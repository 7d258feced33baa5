"""Writes the lock files: every third-party package, at one version, with its hashes.

Owns: `locks/runtime.txt` (what razor needs to run) and `locks/dev.txt` (what its checks need),
made from the names in `pyproject.toml`; and one lock per client of others that the conformance
tests run against the local exchange.

Must never: write where packages come from. A lock says what, the machine says from where; so the
options below drop index, link and host lines, and the tidy check refuses a lock that has them.

Invariants:
- a package in the locks of razor has the same version in both;
- a client's lock is resolved alone: its pins clash with those of razor and of other clients, so
  each is installed into an environment of its own;
- only files under `locks/` and `build/` are written.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

OPTIONS = (
    "--quiet",
    "--upgrade",
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--no-emit-options",
)

# At the versions of which docs/TESTING.md says what was tried with them.
CLIENTS = {
    "conformance-polymarket-client": "polymarket-client==0.14.0",
    "conformance-py-clob-client-v2": "py-clob-client-v2==1.2.1",
}


def compile_lock(name: str, wanted: list[str], constraints: list[str]) -> None:
    """Resolve `wanted` under `constraints` (lock file names) into `locks/<name>.txt`."""
    source = ROOT / "build" / "lock" / f"{name}.in"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "piptools", "compile", *OPTIONS]
    for constraint in constraints:
        command += ["--constraint", f"locks/{constraint}.txt"]
    command += ["--output-file", f"locks/{name}.txt", str(source.relative_to(ROOT))]
    subprocess.run(command, cwd=ROOT, check=True)


def main(names: list[str]) -> int:
    """Write the named locks, all without a name; run by `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted: dict[str, tuple[list[str], list[str]]] = {
        "runtime": (project["project"]["dependencies"], []),
        "dev": (project["dependency-groups"]["dev"], ["runtime"]),
        **{name: ([package], []) for name, package in CLIENTS.items()},
    }
    for name in names or wanted:
        compile_lock(name, *wanted[name])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Builds the wheel from a clean checkout and tries it in an empty environment.

Owns: the proof that what is committed is enough: nothing of the working tree, of `.venv` or of an
earlier build reaches the wheel or the trial.

Must never: leave anything outside `dist/` and `target/`.

Invariants:
- only committed files are built; changes that are not committed are named and left out;
- the program is tried with the run-time packages alone; mypy comes after it, for the stub test.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from findings import ROOT


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run `command`, its errors on the terminal; what it printed. Raises CalledProcessError."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=clean, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def clean_checkout(folder: Path) -> Path:
    """Clone the committed tree into `folder`."""
    if changes := run("git", "status", "--porcelain"):
        print(f"package: not committed, so not in the wheel:\n{changes.rstrip()}")
    checkout = folder / "checkout"
    run("git", "clone", "--quiet", "--no-local", ROOT, checkout)
    return checkout


def build_wheel(checkout: Path, folder: Path) -> Path:
    """Build the release wheel of `checkout` into `folder`; cargo's artefacts stay in `target/`."""
    maturin = Path(sys.executable).with_name("maturin")
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    run(
        maturin,
        "build",
        "--release",
        "--locked",
        "--out",
        folder,
        "--target-dir",
        target,
        "--interpreter",
        sys.executable,
        cwd=checkout,
    )
    (wheel,) = folder.glob("razor-*.whl")
    return wheel


def install(environment: Path, *what: str | Path) -> None:
    """Install into `environment` exactly `what` names, no dependency of it."""
    pip = (environment / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    run(*pip, "--disable-pip-version-check", *what)


def install_lock(environment: Path, lock: Path) -> None:
    """Install the packages of `lock`, by their hashes."""
    install(environment, "--only-binary", ":all:", "--require-hashes", "-r", lock)


def try_wheel(environment: Path, wheel: Path, locks: Path) -> None:
    """Run the program with the run-time packages alone, then the stub test with mypy."""
    install_lock(environment, locks / "runtime.txt")
    install(environment, "--no-index", wheel)
    folder = environment.parent
    print(run(environment / "razor", "--help", cwd=folder))
    install_lock(environment, locks / "dev.txt")
    print(run(environment / "python", "-m", "mypy.stubtest", "razor._core", cwd=folder))


def main() -> int:
    """Build and try the wheel; leaves it in `dist/`."""
    with tempfile.TemporaryDirectory(prefix="razor-package-") as name:
        folder = Path(name)
        checkout = clean_checkout(folder)
        wheel = build_wheel(checkout, folder)
        venv.create(folder / "venv", with_pip=True)
        try_wheel(folder / "venv" / "bin", wheel, checkout / "locks")
        (ROOT / "dist").mkdir(exist_ok=True)
        kept = shutil.copy(wheel, ROOT / "dist")
        print(f"package: {Path(kept).relative_to(ROOT)}, {wheel.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs the import contracts of `.importlinter` on the packages that exist.

Owns: the bridge between the contracts, which name every layer there will be, and the linter, which
stops at a layer that is not there yet.

Must never: loosen a contract for a package that exists.

Invariants:
- a module leaves a contract only while neither its package nor its file exists;
- a contract whose subject is absent altogether is named on the output, not skipped silently.
"""

import configparser
import os
import subprocess
import sys
from pathlib import Path

from findings import ROOT


def exists(package_root: Path, module: str) -> bool:
    """Whether `module`, a dotted name, is a package or a file below `package_root`."""
    path = package_root.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def present_contracts(
    config: configparser.ConfigParser, package_root: Path
) -> tuple[configparser.ConfigParser, list[str]]:
    """The contracts without absent source modules, and what was left out, one line each."""
    left_out: list[str] = []
    for section in config.sections():
        wanted = config.get(section, "source_modules", fallback="").split()
        present = [module for module in wanted if exists(package_root, module)]
        left_out += [f"{module} does not exist yet" for module in wanted if module not in present]
        if present:
            config.set(section, "source_modules", "\n" + "\n".join(present))
        elif wanted:
            config.remove_section(section)
    return config, left_out


def main() -> int:
    """Run the linter with the contracts that can be judged; its exit code."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / ".importlinter", encoding="utf-8")
    config, left_out = present_contracts(config, ROOT / "python")
    for line in left_out:
        print(f"import contracts: {line}")
    written = ROOT / "build" / "importlinter.ini"
    written.parent.mkdir(exist_ok=True)
    with written.open("w", encoding="utf-8") as file:
        config.write(file)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "python")}
    linter = str(Path(sys.executable).with_name("lint-imports"))
    command = [linter, "--no-logo", "--config", str(written), "--no-cache"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

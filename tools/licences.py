"""Licences of everything that is locked: crates, and the packages installed in `.venv`.

Owns: the list of licences that razor, itself under Apache-2.0, may be built from and shipped with.

Must never: take a missing or unreadable licence for an allowed one.

Invariants:
- an expression is allowed when its alternatives leave a way through the list (`OR` needs one side,
  `AND` both);
- packages that state no SPDX expression are judged by their classifier, else by their short text.
"""

import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

from crates import cargo_metadata
from findings import Finding, report

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Unicode-3.0",
        "Unlicense",
        "Zlib",
    }
)
CLASSIFIED: Mapping[str, str] = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+-]+(?:\s+WITH\s+[A-Za-z0-9.+-]+)?")


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression (also the old `A/B` for a choice) leaves an allowed choice.

    What cannot be read as an expression is not allowed.
    """
    tokens = TOKEN.findall(expression.replace("/", " OR "))
    position = 0

    def term() -> bool:
        nonlocal position
        word = tokens[position] if position < len(tokens) else ""
        position += 1
        if word != "(":
            return word in ALLOWED
        inside = choice()
        position += 1
        return inside

    def both() -> bool:
        nonlocal position
        verdict = term()
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            verdict = term() and verdict
        return verdict

    def choice() -> bool:
        nonlocal position
        verdict = both()
        while position < len(tokens) and tokens[position] == "OR":
            position += 1
            verdict = both() or verdict
        return verdict

    return choice() and position == len(tokens)


def stated_licence(
    expressions: Iterable[str], classifiers: Iterable[str], texts: Iterable[str]
) -> str:
    """What a Python package states, the clearest form first; `nothing` when it states none."""
    last_words = (line.rsplit(" :: ", maxsplit=1)[-1] for line in classifiers)
    classified = (CLASSIFIED[word] for word in last_words if word in CLASSIFIED)
    first_lines = (text.strip().partition("\n")[0] for text in texts)
    return next((it for it in (*expressions, *classified, *first_lines) if it), "nothing")


def check(licences: Mapping[str, str]) -> Iterator[Finding]:
    """Packages, by `name version`, whose licence is not on the list."""
    for package, licence in sorted(licences.items()):
        if not is_allowed(licence):
            yield Finding(
                path=package,
                line=1,
                rule="licence",
                found=licence,
                allowed=", ".join(sorted(ALLOWED)),
            )


def crate_licences(metadata: str) -> dict[str, str]:
    """Licences in the JSON text that `cargo metadata` prints, by `name version`."""
    packages = json.loads(metadata)["packages"]
    return {f"{it['name']} {it['version']}": it["license"] or "nothing" for it in packages}


def python_licences() -> dict[str, str]:
    """Licences of what is installed beside the running interpreter, by `name version`."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        fields = distribution.metadata
        licence = stated_licence(
            fields.get_all("License-Expression") or [],
            fields.get_all("Classifier") or [],
            fields.get_all("License") or [],
        )
        found[f"{distribution.name} {distribution.version}"] = licence
    return found


def main() -> int:
    """Check the tree; 1 when anything was found."""
    licences = crate_licences(cargo_metadata()) | python_licences()
    return report("licences", check(licences), f"{len(licences)} packages, all allowed")


if __name__ == "__main__":
    sys.exit(main())

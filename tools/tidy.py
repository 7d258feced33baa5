"""Checks size, shape, names and words of the whole tree; run by `make tidy`.

Owns: which file is read by which check.

Must never: change a file, or pass one over that it cannot read: what is no text has no place here,
apart from the kinds listed.

Invariants:
- prints the table of figures always, then one line per finding: `file:line: rule: found X,
  allowed Y`;
- exits with 1 when anything was found.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import budgets
import words
from findings import ROOT, Finding, project_files, report
from python_text import scan_python
from rust_text import mask, modules_for_tests, scan_rust
from sources import Source

BINARY = (".gif", ".gz", ".ico", ".jpg", ".pdf", ".png", ".bin", ".seg", ".woff2", ".zst")


def read_texts(root: Path, names: list[str]) -> dict[str, str]:
    """The text files among `names`, by name. Raises UnicodeDecodeError for any other file."""
    texts = [name for name in names if not name.endswith(BINARY)]
    return {name: (root / name).read_text(encoding="utf-8") for name in texts}


def scan(texts: dict[str, str]) -> list[Source]:
    """Measure every Rust and Python file of the tree; stubs hold no code and are left out."""
    rust = {name: text for name, text in texts.items() if name.endswith(".rs")}
    tested = set().union(*(modules_for_tests(name, mask(text).text) for name, text in rust.items()))
    scanned = [
        scan_rust(name, text, is_test=_belongs_to(name, tested)) for name, text in rust.items()
    ]
    python = {name: text for name, text in texts.items() if name.endswith(".py")}
    return scanned + [scan_python(name, text) for name, text in python.items()]


def _belongs_to(name: str, modules: set[str]) -> bool:
    """Whether a file is one of `modules` (paths without suffix) or lies below one."""
    stem = name.removesuffix(".rs")
    return any(stem == module or stem.startswith(module + "/") for module in modules)


def check(texts: dict[str, str], sources: list[Source]) -> Iterator[Finding]:
    """Every finding in files; figures of the tree are judged apart."""
    for name, text in texts.items():
        yield from words.check_name(name)
        yield from words.check_written(name, text)
    for source in sources:
        yield from words.check_source(source, texts[source.path])
        yield from budgets.check_lengths(source)


def main() -> int:
    """Check the tree; 1 when anything was found."""
    texts = read_texts(ROOT, project_files())
    sources = scan(texts)
    table = budgets.figures(sources)
    print(budgets.render(table))
    findings = [*check(texts, sources), *budgets.check_figures(table)]
    return report("tidy", findings, f"{len(texts)} files, all in order")


if __name__ == "__main__":
    sys.exit(main())

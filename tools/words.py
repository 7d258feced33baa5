"""Words, names and calls that must not appear, each with the reason it is refused for.

Owns: the rules that one line or one file name can break.

Must never: look into strings for a rule about code, or at code for a rule about prose. Which text a
rule reads (the lines as written, or masked) stands beside the rule.

Invariants:
- every rule says what to do instead;
- the files that must spell the words out, this one and its tests, are exempt by name.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from findings import Finding
from sources import Language, Source

EXEMPT = ("tools/words.py", "tools/lock.py", "tests/tidy/")
BANNED_STEMS = frozenset(
    "utils helpers common misc base manager service types constants".split()  # noqa: SIM905
)
COLUMNS = 100
UNBREAKABLE = re.compile(r'"|://')
"""Strings and addresses: no formatter breaks them, and broken by hand no search finds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern that must not occur in files whose path matches `where`."""

    name: str
    pattern: re.Pattern[str]
    where: re.Pattern[str]
    instead: str
    unless: re.Pattern[str] | None = None
    """What excuses a line that holds it as well."""

    def find(self, line: str) -> str | None:
        """The forbidden text in `line`, if there is any that nothing excuses."""
        found = self.pattern.search(line)
        if found is None or (self.unless is not None and self.unless.search(line)):
            return None
        return found.group()


CODE = re.compile(r"\.(rs|pyi?)$")
PROSE = re.compile(r"\.(rs|pyi?|toml|md|ya?ml|sh)$|^Makefile$|^\.ci/")
ANY = re.compile(r"")

WRITTEN = (
    Rule(
        name="unfinished",
        pattern=re.compile(
            r"\b(todo!|unimplemented!|NotImplementedError|(?i:for now)\b(?! in )"
            r"|(?i:placeholder)\b(?!=)|TODO\b|FIXME\b|XXX\b)"
        ),
        # F-07 is the fault of a venue that shows such a book; there the word is the venue's.
        unless=re.compile(r"\bF-07\b"),
        where=PROSE,
        instead="finished work, or its absence",
    ),
    Rule(
        name="registry",
        pattern=re.compile(
            r"(?i)\b(pypi|pythonhosted|crates|npmjs|rubygems|anaconda)\.(org|io|com)\b"
            r"|\bregistry\.[a-z0-9-]+\.[a-z]{2,}\b|\bregistry\+http|\bartifactory\b|\bdevpi\b|(index|proxy)\.golang"
        ),
        where=ANY,
        instead="no name of a package registry; the machine knows where packages come from",
    ),
    Rule(
        name="index-line",
        pattern=re.compile(r"(?<!no-emit-)\b(extra-index-url|index-url|find-links|trusted-host)\b"),
        where=ANY,
        instead="no line that says where packages come from",
    ),
    Rule(
        name="machine-path",
        pattern=re.compile(r"(?<![\w.$}/~-])/(home|root|work|opt|Users|mnt|srv|tmp)/\w"),
        where=ANY,
        instead="paths relative to the project, or given by the user",
    ),
)
# The workspace lock of cargo says for every crate that it came from the default registry.
LOCK_SOURCE = re.compile(r'^source = "registry\+')

CORE = re.compile(r"^rust/razor_core/src/")
MASKED = (
    Rule(
        name="allow-attribute",
        pattern=re.compile(r"#!?\[allow\("),
        where=re.compile(r"\.rs$"),
        instead="#[expect(lint, reason = ...)]",
    ),
    Rule(
        name="core-float",
        pattern=re.compile(r"\bf(32|64)\b"),
        # The predecessor's trade ids hold the bits of its doubles: an identity, no arithmetic.
        unless=re.compile(r"f64::to_bits"),
        where=CORE,
        instead="integers and exact decimals",
    ),
    Rule(
        name="core-pure",
        pattern=re.compile(
            r"\bstd::(fs|net|thread|env|process|io::std\w+)\b|\b(println|eprintln|print|dbg)!"
        ),
        where=CORE,
        instead="bytes and times as arguments, results as values",
    ),
)
PURE_LAYERS = re.compile(r"^python/razor/(domain|application)/")
CLOCK_MODULES = frozenset({"time", "random"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})


def is_exempt(path: str) -> bool:
    """Whether a file must spell the forbidden words out."""
    return path.startswith(EXEMPT)


def check_written(path: str, text: str) -> Iterator[Finding]:
    """Rules about the lines as they are written, in a file of any kind."""
    if is_exempt(path):
        return
    rules = [rule for rule in WRITTEN if rule.where.search(path)]
    for number, line in enumerate(text.splitlines(), start=1):
        if path == "Cargo.lock" and LOCK_SOURCE.match(line):
            continue
        for rule in rules:
            if found := rule.find(line):
                yield _finding(path, number, rule, found)
        if CODE.search(path) and len(line) > COLUMNS and not UNBREAKABLE.search(line):
            yield Finding(
                path=path, line=number, rule="columns", found=str(len(line)), allowed=str(COLUMNS)
            )


def check_source(source: Source, text: str) -> Iterator[Finding]:
    """Rules about code: strings, comments and tests do not count."""
    rules = [rule for rule in MASKED if rule.where.search(source.path)]
    for number, line in enumerate(source.masked.splitlines(), start=1):
        if number in source.test_lines:
            continue
        for rule in rules:
            if found := rule.find(line):
                yield _finding(source.path, number, rule, found)
    if source.language is Language.PYTHON and PURE_LAYERS.match(source.path):
        yield from _clock_reads(source.path, text)


def check_name(path: str) -> Iterator[Finding]:
    """Names of modules and packages that say nothing, and the module file that hides its name."""
    if not CODE.search(path):
        return
    parts = path.split("/")
    stem = parts[-1].rsplit(".", maxsplit=1)[0]
    for part in sorted({*parts[:-1], stem} & BANNED_STEMS):
        yield Finding(
            path=path, line=1, rule="module-name", found=part, allowed="the noun of what it holds"
        )
    if parts[-1] == "mod.rs":
        yield Finding(
            path=path,
            line=1,
            rule="module-name",
            found="mod.rs",
            allowed="a file of the module's own name",
        )


def _clock_reads(path: str, text: str) -> Iterator[Finding]:
    """Reads of a clock, sleeps and dice in the layers that get time as an argument."""
    for node in ast.walk(ast.parse(text, filename=path)):
        match node:
            case ast.Import(names=names, lineno=line):
                modules = {name.name for name in names} & CLOCK_MODULES
            case ast.ImportFrom(module=str(module), lineno=line):
                modules = {module} & CLOCK_MODULES
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=call, lineno=line):
                modules = {call} & CLOCK_CALLS
            case ast.Attribute(
                value=ast.Attribute(attr="datetime" | "date"), attr=call, lineno=line
            ):
                modules = {call} & CLOCK_CALLS
            case _:
                continue
        for module in sorted(modules):
            yield Finding(
                path=path,
                line=line,
                rule="clock",
                found=module,
                allowed="time and sleep injected through a port",
            )


def _finding(path: str, line: int, rule: Rule, found: str) -> Finding:
    return Finding(path=path, line=line, rule=rule.name, found=found, allowed=rule.instead)

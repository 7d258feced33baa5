"""Size and shape budgets: how long, how documented and how tested the code may be.

Owns: the limits, the figures they are compared with, and the table of both.

Must never: count tests as code, or judge a share of a tree too small to have one.

Invariants:
- limits on one function or file hold from the first line;
- shares, medians and ratios are judged from `POPULATION` lines of code upward and only shown below.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from findings import Finding
from sources import Language, Line, Source, is_trial_path

FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_MAX = 10, 45, 70
FILE_MEDIAN, FILE_P95, FILE_MAX = 200, 500, 800
COMMENT_SHARE = {Language.RUST: (15, 25), Language.PYTHON: (15, 30)}
"""Per cent of the lines that are not blank, lowest and highest."""
TEST_RATIO, CORE_TEST_RATIO = 1.0, 1.22
"""The core aims at 1.5 and is raised with each landing: docs/decisions/0002."""
STRING_SUBSCRIPTS_MAX = 5.0
"""Per 1,000 lines of code of the Python package."""
POPULATION = 3_000
"""Lines of code below which a share says nothing."""
CORE, PACKAGE = "rust/razor_core/", "python/razor/"
WRITTEN = (Line.CODE, Line.COMMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the whole tree beside its limits; None is no limit on that side."""

    name: str
    value: float
    lowest: float | None
    highest: float | None
    is_judged: bool

    @property
    def is_kept(self) -> bool:
        """Whether the value is inside its limits."""
        above = self.lowest is None or self.value >= self.lowest
        return above and (self.highest is None or self.value <= self.highest)

    @property
    def allowed(self) -> str:
        """The limits as text."""
        match self.lowest, self.highest:
            case None, None:
                return "any"
            case None, highest:
                return f"<= {highest:g}"
            case lowest, None:
                return f">= {lowest:g}"
            case lowest, highest:
                return f"{lowest:g} to {highest:g}"


def p95(values: Sequence[float]) -> float:
    """The smallest of `values` that 95 % of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[(len(ordered) * 95 + 99) // 100 - 1] if ordered else 0


def check_lengths(source: Source) -> Iterator[Finding]:
    """Functions and files over their absolute limit; tests of a file count apart."""
    for function in source.functions:
        if function.length > FUNCTION_MAX and not function.is_test:
            yield Finding(
                path=source.path,
                line=function.line,
                rule="function-length",
                found=f"{function.length} lines in {function.name}",
                allowed=str(FUNCTION_MAX),
            )
    for in_tests in (False, True):
        length = source.count(Line, in_tests=in_tests)
        if length > FILE_MAX:
            yield Finding(
                path=source.path,
                line=1,
                rule="file-length",
                found=f"{length} lines of {'tests' if in_tests else 'code'}",
                allowed=str(FILE_MAX),
            )


def _sum(sources: Iterable[Source], kinds: Iterable[Line], *, in_tests: bool) -> int:
    wanted = tuple(kinds)
    return sum(source.count(wanted, in_tests=in_tests) for source in sources)


def language_figures(sources: Sequence[Source], language: Language) -> list[Figure]:
    """Lengths and comment share of one language, tests left out."""
    ours = [source for source in sources if source.language is language]
    functions = [it.length for source in ours for it in source.functions if not it.is_test]
    files = [n for source in ours if (n := source.count(Line, in_tests=False))]
    comment = _sum(ours, [Line.COMMENT], in_tests=False)
    written = _sum(ours, WRITTEN, in_tests=False)
    judged = written >= POPULATION
    lowest, highest = COMMENT_SHARE[language]

    def figure(name: str, value: float, high: float, low: float | None = None) -> Figure:
        return Figure(
            name=f"{language.value} {name}", value=value, lowest=low, highest=high, is_judged=judged
        )

    return [
        figure("function median, lines", median(functions or [0]), FUNCTION_MEDIAN),
        figure("function p95, lines", p95(functions), FUNCTION_P95),
        figure("function longest, lines", max(functions, default=0), FUNCTION_MAX),
        figure("file median, lines", median(files or [0]), FILE_MEDIAN),
        figure("file p95, lines", p95(files), FILE_P95),
        figure("file longest, lines", max(files, default=0), FILE_MAX),
        figure("comment share, %", 100 * comment / max(written, 1), highest, lowest),
    ]


def ratio_figure(name: str, sources: Sequence[Source], lowest: float) -> Figure:
    """Lines of tests per line of code; blank lines, benchmarks and examples left out."""
    sources = [source for source in sources if not is_trial_path(source.path)]
    code = _sum(sources, WRITTEN, in_tests=False)
    tests = _sum(sources, WRITTEN, in_tests=True)
    return Figure(
        name=name,
        value=tests / max(code, 1),
        lowest=lowest,
        highest=None,
        is_judged=code >= POPULATION,
    )


def subscript_figure(sources: Sequence[Source]) -> Figure:
    """Literal strings as keys per 1,000 lines of the Python package."""
    package = [source for source in sources if source.path.startswith(PACKAGE)]
    code = _sum(package, [Line.CODE], in_tests=False)
    found = sum(len(source.string_subscripts) for source in package)
    return Figure(
        name="Python string subscripts per 1,000 lines",
        value=1_000 * found / max(code, 1),
        lowest=None,
        highest=STRING_SUBSCRIPTS_MAX,
        is_judged=code >= POPULATION,
    )


def figures(sources: Sequence[Source]) -> list[Figure]:
    """Every figure of the tree, in the order of the table."""
    core = [source for source in sources if source.path.startswith(CORE)]
    return [
        *(figure for language in Language for figure in language_figures(sources, language)),
        ratio_figure("test : code, razor_core", core, CORE_TEST_RATIO),
        ratio_figure("test : code, whole", sources, TEST_RATIO),
        subscript_figure(sources),
    ]


def check_figures(table: Iterable[Figure]) -> Iterator[Finding]:
    """Judged figures outside their limits."""
    for figure in table:
        if figure.is_judged and not figure.is_kept:
            yield Finding(
                path="tree",
                line=0,
                rule=figure.name,
                found=f"{figure.value:.4g}",
                allowed=figure.allowed,
            )


def render(table: Sequence[Figure]) -> str:
    """The table as text, one figure per line."""
    width = max(len(figure.name) for figure in table)

    def verdict(figure: Figure) -> str:
        if not figure.is_judged:
            return "too small to judge"
        return "ok" if figure.is_kept else "OUTSIDE"

    rows = [f"{it.name:<{width}}  {it.value:>7.4g}  {it.allowed:>8}  {verdict(it)}" for it in table]
    return "\n".join(rows)

"""Measures Python files by their syntax tree and their tokens.

Owns: which lines of a Python file are comment (docstrings are comments), how long its functions
are, and where a literal string is used as a key.

Must never: import what it measures.

Invariants:
- a docstring counts as comment, its function's length does not contain it;
- a subscript counts by its literal key, except where the key is a type (`Literal["a"]`).
"""

import ast
import io
import tokenize
from collections.abc import Iterator

from sources import Function, Language, Line, Source, is_test_path

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Documented = FunctionNode | ast.ClassDef | ast.Module


def docstring_lines(node: Documented) -> range:
    """Numbers of the lines of the docstring of `node`; empty without one."""
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)), *_]:
            return range(first, last + 1)
        case _:
            return range(0)


def _attribute_docstrings(node: ast.ClassDef | ast.Module) -> Iterator[int]:
    """Lines of the strings that stand under an attribute and describe it."""
    for before, after in zip(node.body, node.body[1:], strict=False):
        match before, after:
            case (
                ast.Assign() | ast.AnnAssign(),
                ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)),
            ):
                yield from range(first, last + 1)
            case _:
                pass


def comment_lines(tree: ast.Module, text: str) -> set[int]:
    """Numbers of the lines that hold nothing but comment or docstring."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, Documented):
            found.update(docstring_lines(node))
        if isinstance(node, ast.ClassDef | ast.Module):
            found.update(_attribute_docstrings(node))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            found.add(token.start[0])
    return found


def _functions(tree: ast.Module, *, is_test: bool) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            last = node.end_lineno or node.lineno
            length = last - node.lineno + 1 - len(docstring_lines(node))
            yield Function(name=node.name, line=node.lineno, length=length, is_test=is_test)


def _string_subscripts(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id="Literal")):
                pass
            case ast.Subscript(slice=ast.Constant(value=str()), lineno=line):
                yield line
            case _:
                pass


def _masked(text: str) -> str:
    """The text with comments and strings blanked."""
    rows = [list(row) for row in text.splitlines(keepends=True)]
    hidden = {tokenize.COMMENT, tokenize.STRING}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in hidden:
            continue
        (first, start), (last, end) = token.start, token.end
        for number in range(first, last + 1):
            row = rows[number - 1]
            begin = start if number == first else 0
            stop = end if number == last else len(row)
            row[begin:stop] = [char if char == "\n" else " " for char in row[begin:stop]]
    return "".join("".join(row) for row in rows)


def scan_python(path: str, text: str) -> Source:
    """Measure one file. Raises SyntaxError where Python would."""
    tree = ast.parse(text, filename=path)
    comments = comment_lines(tree, text)
    is_test = is_test_path(path)
    kinds = tuple(
        Line.COMMENT
        if number in comments and row.strip()
        else Line.CODE
        if row.strip()
        else Line.BLANK
        for number, row in enumerate(text.splitlines(), start=1)
    )
    return Source(
        path=path,
        language=Language.PYTHON,
        lines=kinds,
        test_lines=frozenset(range(1, len(kinds) + 1)) if is_test else frozenset(),
        functions=tuple(_functions(tree, is_test=is_test)),
        string_subscripts=tuple(_string_subscripts(tree)),
        masked=_masked(text),
    )

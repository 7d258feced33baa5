"""The Python scanner: docstrings are comments, keys are counted, types are not."""

from python_text import scan_python
from sources import Line

SAMPLE = '''"""Module.

Second line.
"""

LIMIT = 3  # beside
"""What it limits."""


class Row:
    """A row."""

    # Alone.
    def read(self, row: dict[str, int], kind: Literal["a"]) -> int:
        """Read it.

        At length.
        """
        text = "# no comment"
        return row["size"] + row[text] + row["price"]
'''


def test_docstrings_and_lone_comments_are_comment() -> None:
    source = scan_python("python/razor/a.py", SAMPLE)
    assert source.count([Line.COMMENT], in_tests=False) == 9
    assert source.count([Line.CODE], in_tests=False) == 5
    assert source.count([Line.BLANK], in_tests=False) == 6


def test_a_function_is_as_long_as_its_code() -> None:
    (function,) = scan_python("python/razor/a.py", SAMPLE).functions
    assert (function.name, function.line, function.length) == ("read", 14, 3)


def test_keys_are_counted_and_types_are_not() -> None:
    assert scan_python("python/razor/a.py", SAMPLE).string_subscripts == (20, 20)


def test_strings_and_comments_are_masked() -> None:
    masked = scan_python("python/razor/a.py", SAMPLE).masked
    assert "comment" not in masked
    assert "beside" not in masked
    assert "return row[" in masked


def test_files_of_tests_are_test_throughout() -> None:
    source = scan_python("tests/tidy/test_a.py", "def test_a() -> None:\n    pass\n")
    assert source.test_lines == {1, 2}
    assert source.functions[0].is_test

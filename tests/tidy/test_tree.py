"""The checks as a whole: on a small tree of their own, from files to findings."""

import subprocess
from pathlib import Path

import pytest

import tidy
from findings import Finding, project_files, report


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/target/\n", encoding="utf-8")
    for name, text in {
        "rust/razor_core/src/lib.rs": "#[cfg(test)]\nmod oracle;\n",
        "rust/razor_core/src/oracle.rs": "fn slow(x: f64) {}\n",
        "rust/razor_core/src/utils.rs": "fn fast(x: f64) {\n    todo!()\n}\n",
        "python/razor/domain/verdict.py": "import time\n",
        "target/debug/build.rs": "todo!()\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_findings_of_a_tree_name_file_line_and_rule(tree: Path) -> None:
    texts = tidy.read_texts(tree, project_files(tree))
    found = {(it.path, it.line, it.rule) for it in tidy.check(texts, tidy.scan(texts))}
    assert found == {
        ("rust/razor_core/src/utils.rs", 1, "module-name"),
        ("rust/razor_core/src/utils.rs", 1, "core-float"),
        ("rust/razor_core/src/utils.rs", 2, "unfinished"),
        ("python/razor/domain/verdict.py", 1, "clock"),
    }


def test_what_git_ignores_is_not_looked_at(tree: Path) -> None:
    assert not any(name.startswith("target/") for name in project_files(tree))


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        project_files(tmp_path)


def test_a_report_sorts_counts_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    late = Finding(path="b", line=1, rule="r", found="x", allowed="y")
    early = Finding(path="a", line=2, rule="r", found="x", allowed="y")
    assert report("tidy", [late, early], "unused") == 1
    assert capsys.readouterr().out.splitlines() == [
        "a:2: r: found x, allowed y",
        "b:1: r: found x, allowed y",
        "tidy: 2 findings",
    ]
    assert report("tidy", [], "all in order") == 0

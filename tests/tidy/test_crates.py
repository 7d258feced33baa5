"""The crate graph of this tree is the one of the layout, and strays from it are found."""

import pytest

import crates
from crates import Crate
from findings import ROOT


def crate(name: str, *, internal: str = "", external: str = "") -> Crate:
    return Crate(
        name=name,
        manifest=f"rust/{name}/Cargo.toml",
        internal=frozenset(internal.split()),
        external=frozenset(external.split()),
        development=frozenset(),
    )


@pytest.mark.parametrize(
    ("stray", "rule"),
    [
        (crate("razor_core", internal="razor_io"), "crate-graph"),
        (crate("razor_sim", internal="razor_sign"), "crate-graph"),
        (crate("razor_io", internal="razor_py"), "crate-graph"),
        (crate("razor_new"), "crate-graph"),
        (crate("razor_core", external="rand"), "core-packages"),
        (crate("razor_io", external="pyo3"), "binding"),
        (crate("razor_io", external="pyo3-ffi"), "binding"),
        (crate("razor_py", external="pyo3 serde"), "binding-packages"),
    ],
)
def test_an_edge_outside_the_layout_is_found(stray: Crate, rule: str) -> None:
    assert [finding.rule for finding in crates.check_graph([stray])] == [rule]


def test_edges_of_the_layout_are_kept() -> None:
    layout = [
        crate("razor_core", external="serde thiserror"),
        crate("razor_sim", internal="razor_core", external="toml"),
        crate("razor_io", internal="razor_core", external="zstd"),
        crate("razor_py", internal="razor_core razor_io razor_sim razor_sign", external="pyo3"),
    ]
    assert list(crates.check_graph(layout)) == []


def test_the_graph_of_this_tree_is_read_and_kept() -> None:
    found = crates.read_crates(crates.cargo_metadata(), ROOT)
    names = {it.name: it for it in found}
    assert {"razor_core", "razor_py"} <= set(names)
    assert names["razor_py"].external == {"pyo3"}
    assert list(crates.check_graph(found)) == []


def test_requirements_are_read_by_their_bare_name() -> None:
    text = """
[project]
dependencies = ["click>=8.1", "websockets>=15,<16"]
[dependency-groups]
dev = ["pyright[nodejs]>=1"]
"""
    assert crates.python_packages(text) == ({"click", "websockets"}, {"pyright"})


def test_the_fifteenth_package_is_one_too_many() -> None:
    fourteen = {f"package{number}" for number in range(14)}
    assert list(crates.check_python(fourteen)) == []
    assert len(list(crates.check_python(fourteen | {"another"}))) == 1


def test_the_decision_record_lists_what_is_named_and_nothing_else() -> None:
    record = "| Package | For |\n|---|---|\n| `serde` | decoders |\n| `gone` | nothing |\n"
    found = [it.found for it in crates.check_record({"serde", "click"}, record)]
    assert found == ["no line of click", "a line of gone"]

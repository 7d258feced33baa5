"""The import contracts hold for the packages that exist, and absent ones are named."""

import configparser
from pathlib import Path

import layers
from findings import ROOT


def contracts() -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / ".importlinter", encoding="utf-8")
    return config


def make_packages(root: Path, *names: str) -> None:
    for name in names:
        (root / "razor" / name).mkdir(parents=True)


def test_contracts_are_whole_once_their_packages_exist(tmp_path: Path) -> None:
    make_packages(tmp_path, "domain", "application")
    config, left_out = layers.present_contracts(contracts(), tmp_path)
    assert left_out == []
    assert config.sections() == contracts().sections()


def test_an_absent_package_leaves_the_others_bound(tmp_path: Path) -> None:
    make_packages(tmp_path, "domain")
    config, left_out = layers.present_contracts(contracts(), tmp_path)
    assert left_out == ["razor.application does not exist yet"]
    assert config["importlinter:contract:pure"]["source_modules"].split() == ["razor.domain"]


def test_a_contract_about_nothing_is_left_out(tmp_path: Path) -> None:
    config, left_out = layers.present_contracts(contracts(), tmp_path)
    assert "importlinter:contract:pure" not in config
    assert len(left_out) == 2
    assert "importlinter:contract:layers" in config

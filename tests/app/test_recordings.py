"""What can be played: captures, runs, predecessors' runs, the demo, and what is none of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from razor import _core
from razor.adapters.files.run_directory import read_manifest
from razor.app.recordings import Recording, demo_recording, recording_at
from razor.domain.errors import DecodeError, StorageError
from razor.domain.manifest import encode_manifest
from razor.domain.params import Rules

from .worlds import Place, made, replayed


def on(_done: int, _total: int) -> bool:
    return True


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("recordings"))


def at(path: Path) -> Recording:
    with recording_at(path, on) as found:
        return found


def test_a_capture_is_named_by_its_digest(place: Place) -> None:
    digest = _core.file_sha256(place.capture)
    found = at(place.capture)
    assert (found.kind, found.name, found.label) == ("replay", digest[:12], f"replay_{digest[:12]}")
    (given,) = found.inputs
    assert (given.name, given.size_bytes) == (place.capture.name, place.capture.stat().st_size)
    assert given.sha256 == digest
    assert (found.rules, found.config, found.markers) == (Rules.VENUE, None, ())


def test_a_capture_without_its_manifest_is_played_too(place: Place, tmp_path: Path) -> None:
    alone = tmp_path / "alone.jsonl.zst"
    alone.write_bytes(place.capture.read_bytes())
    assert at(alone).name == at(place.capture).name


@pytest.mark.parametrize(
    ("side", "rules", "marks"),
    [
        (("world", []), Rules.VENUE, 0),
        (("predecessor", []), Rules.PREDECESSOR, 0),
        (("f2", ["no_sizes"]), Rules.VENUE, 1),
        (("predecessor", ["no_sizes", "x"]), Rules.PREDECESSOR, 1),
        (("f2", None), Rules.VENUE, 0),
        ((7, {}), Rules.VENUE, 0),
    ],
)
def test_the_manifest_of_a_capture_decides_rules_and_markers(
    place: Place, tmp_path: Path, side: tuple[object, object], rules: Rules, marks: int
) -> None:
    path = tmp_path / "c.jsonl.zst"
    path.write_bytes(place.capture.read_bytes())
    written = {"source": {"format": side[0]}, "flags": side[1]}
    (tmp_path / "c.manifest.json").write_text(json.dumps(written), encoding="utf-8")
    found = at(path)
    assert found.rules is rules
    assert len(found.markers) == marks


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", "{", '{"source":1,"flags":[]}', '{"source":{}}', "[" * 99_999]
)
def test_a_manifest_of_another_shape_is_named_with_a_remedy(
    place: Place, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "c.jsonl.zst"
    path.write_bytes(place.capture.read_bytes())
    (tmp_path / "c.manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(
        DecodeError, match=r"c\.manifest\.json is not a capture's manifest"
    ) as caught:
        at(path)
    assert caught.value.remedy


def test_a_run_is_named_by_what_its_tables_call_it(place: Place) -> None:
    _, head, _, label = _core.journal_head(place.run_dir)
    found = at(place.run_dir)
    assert (found.label, f"replay_{found.name}") == (label, label)
    assert found.config is not None
    assert found.config.raw == place.config.read_bytes()
    (given,) = found.inputs
    assert (given.name, given.sha256) == ("journal", head)


def test_the_size_of_a_journal_is_that_of_its_segments_alone(place: Place) -> None:
    segments = (place.run_dir / "journal").glob("*.rzj")
    (given,) = at(place.run_dir).inputs
    assert given.size_bytes == sum(path.stat().st_size for path in segments)


def test_a_run_of_a_run_keeps_the_first_name(place: Place, tmp_path: Path) -> None:
    again = replayed(place.run_dir, None, tmp_path / "again")
    assert again.code == 0, again.err
    assert at(tmp_path / "again").label == at(place.run_dir).label


def test_markers_and_rules_of_a_run_go_with_its_replay(place: Place, tmp_path: Path) -> None:
    played = replayed(place.capture, place.config, tmp_path / "run")
    assert played.code == 0, played.err
    run_dir = tmp_path / "run"
    manifest = read_manifest(run_dir)
    schemas = manifest.schema_versions | {"rules": "predecessor"}
    marked = replace(manifest, markers=("a", "b"), schema_versions=schemas)
    (run_dir / "manifest.json").write_bytes(encode_manifest(marked))
    found = at(run_dir)
    assert (found.markers, found.rules) == (("a", "b"), Rules.PREDECESSOR)


@pytest.mark.parametrize("name", ["missing", "missing/deeper"])
def test_what_does_not_exist_is_a_storage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError, match="cannot open the recording"):
        at(tmp_path / name)


@pytest.mark.parametrize(
    "files", [(), ("snapshots.csv",), ("snapshots.csv", "trades.csv"), ("config.toml", "x.csv")]
)
def test_any_other_directory_says_how_to_import_it(tmp_path: Path, files: tuple[str, ...]) -> None:
    for name in files:
        (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(DecodeError, match="is no capture, no run and no predecessor") as caught:
        at(tmp_path)
    assert "razor capture import" in caught.value.remedy


def test_a_run_without_manifest_is_no_run(place: Place, tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with pytest.raises(StorageError, match="read the manifest"):
        at(tmp_path)
    assert place.run_dir.is_dir()


def test_the_demo_is_the_same_every_day_and_says_what_it_is() -> None:
    names = []
    for _ in range(2):
        with demo_recording(duration_ms=1_000) as found:
            names.append((found.name, found.inputs, found.seeds))
            assert found.kind == "demo"
            assert "not by a venue" in found.markers[0]
            assert found.source.progress()[1] == found.inputs[0].size_bytes
    assert names[0] == names[1]
    assert names[0][2] == (("world", 7),)


def test_a_longer_demo_is_another_recording() -> None:
    with demo_recording(duration_ms=1_000) as short, demo_recording(duration_ms=2_000) as longer:
        assert short.name != longer.name

"""The manifest's JSON form, and the decision to resume."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from razor.domain.errors import DecodeError
from razor.domain.manifest import (
    MANIFEST_VERSION,
    FreshStart,
    Identity,
    ResumedStart,
    ResumePolicy,
    RunEnd,
    Session,
    decide_start,
    decode_manifest,
    encode_manifest,
    ended,
    resumed,
)
from razor.domain.mode import Facts, OrderPath, resolve_gates
from razor.domain.settings import Settings
from razor.domain.switches import SimSwitches
from tests.run_directory.manifests import manifest_for

RUN = "run_20261121_085000_000001"
END = RunEnd(ended_ns=2, cause="SIGINT", exit_code=0)


def test_manifest_survives_its_json_form() -> None:
    manifest = replace(
        manifest_for(RUN, continues="run_20261120_000000_000000"),
        sim_switches=SimSwitches(drop_book_pct=Decimal("0.1"), ignored=("X",)),
        end=END,
    )
    assert decode_manifest(encode_manifest(manifest), source="m") == manifest


def test_manifest_holds_the_gate_vector() -> None:
    table = json.loads(encode_manifest(manifest_for(RUN)))
    assert table["gates"]["order_path"] == "none"
    assert table["gates"]["choice"] == {
        "mode": "dry_run",
        "chosen_by": "default",
        "is_sim_word": False,
    }


def test_fields_of_later_versions_are_ignored() -> None:
    table = json.loads(encode_manifest(manifest_for(RUN))) | {"novelty": [1]}
    assert decode_manifest(json.dumps(table).encode(), source="m") == manifest_for(RUN)


def test_newer_manifest_version_is_refused_with_a_remedy() -> None:
    newer = replace(manifest_for(RUN), manifest_version=MANIFEST_VERSION + 1)
    with pytest.raises(DecodeError, match="manifest version 2") as caught:
        decode_manifest(encode_manifest(newer), source="m")
    assert "newer razor" in caught.value.remedy


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"\xff", b'{"run_id": 1}', b"[" * 100_000, b'{"manifest_version":']
)
def test_anything_else_is_one_typed_error(raw: bytes) -> None:
    with pytest.raises(DecodeError, match=r"m is not a manifest"):
        decode_manifest(raw, source="m")


def test_unclean_end_of_the_same_identity_is_resumed() -> None:
    previous = manifest_for(RUN)
    start = decide_start(ResumePolicy.AUTO, previous, previous.identity)
    assert start == ResumedStart(run_id=RUN)


def test_clean_end_is_continued_in_a_new_run() -> None:
    previous = ended(manifest_for(RUN), END)
    start = decide_start(ResumePolicy.AUTO, previous, previous.identity)
    assert start == FreshStart(continues=RUN, reason="the run before ended cleanly")


def test_resume_never_opens_a_new_run_that_still_names_the_old_one() -> None:
    previous = manifest_for(RUN)
    start = decide_start(ResumePolicy.NEVER, previous, previous.identity)
    assert isinstance(start, FreshStart)
    assert start.continues == RUN


def test_first_run_continues_nothing() -> None:
    start = decide_start(ResumePolicy.AUTO, None, manifest_for(RUN).identity)
    assert isinstance(start, FreshStart)
    assert start.continues is None


IDENTITY = manifest_for(RUN).identity


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("settings_hash", replace(IDENTITY, settings_hash="other")),
        ("build", replace(IDENTITY, build="other")),
        ("source_kind", replace(IDENTITY, source_kind="sandbox")),
    ],
)
def test_any_difference_of_identity_opens_a_new_run(field: str, wanted: Identity) -> None:
    previous = manifest_for(RUN)
    start = decide_start(ResumePolicy.AUTO, previous, wanted)
    assert isinstance(start, FreshStart)
    assert start.continues == RUN
    assert field in start.reason


def test_dry_run_is_never_resumed_as_a_trading_run() -> None:
    previous = manifest_for(RUN)
    gates = resolve_gates("live", {}, Settings(), Facts())
    wanted = replace(previous, gates=gates).identity
    assert wanted.order_path is OrderPath.SIM
    assert isinstance(decide_start(ResumePolicy.AUTO, previous, wanted), FreshStart)


def test_resuming_adds_the_session_and_takes_the_end_back() -> None:
    session = Session(started_ns=9, pid=43)
    again = resumed(ended(manifest_for(RUN), END), session)
    assert again.end is None
    assert again.sessions[-1] == session
    assert len(again.sessions) == 2

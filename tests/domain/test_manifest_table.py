"""Every way a start can find the run before it, and every shape a manifest can have on disk."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from razor.domain.errors import DecodeError
from razor.domain.manifest import (
    MANIFEST_VERSION,
    FreshStart,
    Host,
    Identity,
    InputHash,
    Manifest,
    ResumedStart,
    ResumePolicy,
    RunEnd,
    Session,
    Source,
    decide_start,
    decode_manifest,
    encode_manifest,
    ended,
    resumed,
)
from razor.domain.mode import Mode, OrderPath
from razor.domain.switches import SimSwitches
from tests.run_directory.manifests import manifest_for

RUN = "run_20261121_085000_000001"
END = RunEnd(ended_ns=5, cause="finished", exit_code=0)
OTHERS: dict[str, Identity] = {
    "settings_hash": replace(manifest_for(RUN).identity, settings_hash="0" * 64),
    "build": replace(manifest_for(RUN).identity, build="0.2.0-1234"),
    "mode": replace(manifest_for(RUN).identity, mode=Mode.LIVE),
    "order_path": replace(manifest_for(RUN).identity, order_path=OrderPath.SIM),
    "source_kind": replace(manifest_for(RUN).identity, source_kind="sandbox"),
}


def mixed(names: tuple[str, ...]) -> Identity:
    """An identity that differs from the run's in exactly these fields."""
    found = manifest_for(RUN).identity
    for name in names:
        found = replace(found, **{name: getattr(OTHERS[name], name)})
    return found


def differences() -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(OTHERS, size) for size in range(len(OTHERS) + 1))


@pytest.mark.parametrize("names", list(differences()), ids=lambda names: "+".join(names) or "same")
def test_a_run_is_resumed_only_when_nothing_of_its_identity_differs(names: tuple[str, ...]) -> None:
    start = decide_start(ResumePolicy.AUTO, manifest_for(RUN), mixed(names))
    if not names:
        assert start == ResumedStart(run_id=RUN)
        return
    assert isinstance(start, FreshStart)
    assert start.continues == RUN
    listed = start.reason.removeprefix("the run before ended uncleanly under another ")
    assert tuple(listed.split(", ")) == names


@pytest.mark.parametrize(
    ("policy", "end", "names"),
    list(product(ResumePolicy, (None, END), ((), ("build",), tuple(OTHERS)))),
)
def test_never_and_a_clean_end_win_over_every_identity(
    policy: ResumePolicy, end: RunEnd | None, names: tuple[str, ...]
) -> None:
    previous = replace(manifest_for(RUN), end=end)
    start = decide_start(policy, previous, mixed(names))
    is_resumed = policy is ResumePolicy.AUTO and end is None and not names
    assert isinstance(start, ResumedStart) == is_resumed
    if isinstance(start, FreshStart):
        assert start.continues == RUN
        assert start.reason


@pytest.mark.parametrize("policy", list(ResumePolicy))
def test_without_an_earlier_run_there_is_nothing_to_name(policy: ResumePolicy) -> None:
    start = decide_start(policy, None, mixed(()))
    assert start == FreshStart(continues=None, reason="no earlier run of this source")


def test_the_identity_names_five_things_and_no_place_or_time() -> None:
    assert set(Identity.__slots__) == set(OTHERS)
    elsewhere = replace(
        manifest_for(RUN),
        run_id="run_other",
        config_path="/elsewhere/config.toml",
        host=Host(name="other", os="Darwin", arch="arm64", python="3.13"),
        sessions=(Session(started_ns=1, pid=1),),
        seeds={},
        markers=("x",),
        commit="d" * 40,
    )
    assert elsewhere.identity == manifest_for(RUN).identity


def test_ending_and_resuming_change_nothing_but_end_and_sessions() -> None:
    before = manifest_for(RUN)
    closed = ended(before, END)
    assert replace(closed, end=None) == before
    session = Session(started_ns=2, pid=3)
    again = resumed(closed, session)
    assert replace(again, sessions=before.sessions) == before
    assert again.sessions == (*before.sessions, session)


def test_every_resumption_is_kept_in_order() -> None:
    manifest = manifest_for(RUN)
    added = [Session(started_ns=number, pid=number) for number in range(1, 5)]
    for session in added:
        manifest = resumed(manifest, session)
    assert list(manifest.sessions[1:]) == added


def test_the_written_form_is_readable_and_ends_with_a_line_feed() -> None:
    raw = encode_manifest(manifest_for(RUN))
    assert raw.endswith(b"}\n")
    assert raw.startswith(b'{\n  "manifest_version": 1,\n')
    assert encode_manifest(manifest_for(RUN)) == raw


texts = st.text(max_size=20)
wholes = st.integers(-(2**63), 2**63 - 1)
inputs = st.builds(InputHash, name=texts, size_bytes=wholes, sha256=texts)
sources = st.builds(Source, kind=texts, name=texts, is_live=st.booleans())
sessions = st.builds(Session, started_ns=wholes, pid=wholes)
ends = st.builds(RunEnd, ended_ns=wholes, cause=texts, exit_code=wholes)
manifests = st.builds(
    lambda **changes: replace(manifest_for(RUN), **changes),
    run_id=texts,
    razor_version=texts,
    commit=texts,
    build=texts,
    settings_hash=texts,
    config_path=texts,
    source=sources,
    seeds=st.dictionaries(texts, wholes, max_size=3),
    schema_versions=st.dictionaries(texts, texts, max_size=3),
    inputs=st.lists(inputs, max_size=3).map(tuple),
    sessions=st.lists(sessions, max_size=3).map(tuple),
    markers=st.lists(texts, max_size=3).map(tuple),
    continues=st.none() | texts,
    end=st.none() | ends,
)


@given(manifests)
@settings(max_examples=60, deadline=None)
def test_any_manifest_is_read_back_as_it_was_written(manifest: Manifest) -> None:
    assert decode_manifest(encode_manifest(manifest), source="m") == manifest


@given(st.sampled_from(sorted(Manifest.__slots__)))
def test_a_manifest_without_one_of_its_facts_is_refused_unless_it_may_lack_it(name: str) -> None:
    table = json.loads(encode_manifest(manifest_for(RUN)))
    del table[name]
    raw = json.dumps(table).encode()
    if name in {"markers", "continues", "end", "faults", "injected"}:
        assert decode_manifest(raw, source="m").run_id == RUN
        return
    with pytest.raises(DecodeError, match=name) as caught:
        decode_manifest(raw, source="m")
    assert caught.value.remedy == "restore the file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("run_id", 1),
        ("seeds", {"world": "7"}),
        ("seeds", {"world": 7.5}),
        ("source", "polymarket"),
        ("sessions", [{"started_ns": "now", "pid": 1}]),
        ("sessions", {}),
        ("markers", "one"),
        ("end", {"ended_ns": 1}),
        ("gates", {}),
        ("host", None),
        ("inputs", [{"name": "x", "size_bytes": -0.5, "sha256": ""}]),
        ("manifest_version", "1"),
        ("manifest_version", None),
    ],
)
def test_a_fact_of_the_wrong_kind_is_refused_by_name(name: str, value: object) -> None:
    table = json.loads(encode_manifest(manifest_for(RUN))) | {name: value}
    with pytest.raises(DecodeError, match=rf"\$\.{name}"):
        decode_manifest(json.dumps(table).encode(), source="m")


@pytest.mark.parametrize("version", [2, 3, 99])
def test_a_later_version_of_another_shape_still_asks_for_a_newer_razor(version: int) -> None:
    raw = json.dumps({"manifest_version": version, "run": {"id": RUN}}).encode()
    with pytest.raises(DecodeError, match=f"manifest version {version}") as caught:
        decode_manifest(raw, source="m")
    assert "use a newer razor" in caught.value.remedy


def test_switches_keep_their_exact_decimals() -> None:
    switches = SimSwitches(drop_book_pct=Decimal("0.10"), ignored=("A", "B"))
    manifest = replace(manifest_for(RUN), sim_switches=switches)
    found = decode_manifest(encode_manifest(manifest), source="m").sim_switches
    assert str(found.drop_book_pct) == "0.10"
    assert MANIFEST_VERSION == 1

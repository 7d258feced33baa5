"""A manifest to start from, for the tests of this folder."""

from razor.domain.manifest import MANIFEST_VERSION, Host, Manifest, Session, Source
from razor.domain.mode import Facts, resolve_gates
from razor.domain.settings import SCHEMA_VERSION, Settings, settings_hash
from razor.domain.switches import SimSwitches

STARTED_NS = 1_795_250_000_123_456_789


def manifest_for(
    run_id: str, *, continues: str | None = None, kind: str = "polymarket"
) -> Manifest:
    settings = Settings()
    return Manifest(
        manifest_version=MANIFEST_VERSION,
        run_id=run_id,
        razor_version="0.1.0",
        commit="c" * 40,
        build="release",
        settings_hash=settings_hash(settings),
        config_path="config.toml",
        source=Source(kind=kind, is_live=kind in {"polymarket", "sandbox"}),
        gates=resolve_gates(None, {}, settings, Facts()),
        sim_switches=SimSwitches(),
        seeds={"world": 7},
        schema_versions={"shadow_log": SCHEMA_VERSION},
        inputs=(),
        host=Host(name="desk", os="Linux", arch="x86_64", python="3.11"),
        sessions=(Session(started_ns=STARTED_NS, pid=42),),
        continues=continues,
    )

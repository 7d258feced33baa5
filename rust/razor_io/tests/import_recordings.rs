//! The importers on the recordings themselves: the counts of their README must come out.
//!
//! The recordings lie beside the project (`RAZOR_SHARED_DATA` overrides where); without them these
//! tests say so and pass.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "import_figures/figures.rs"]
mod figures;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use figures::{Figures, figures};
use razor_io::capture::{FeesMeta, Info, Limits, Manifest, info};
use razor_io::import::{Control, Format, Progress, detect, import};
use tempfile::TempDir;

fn recording(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("RAZOR_SHARED_DATA").map_or(beside, PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no recording {name} (set RAZOR_SHARED_DATA to where the recordings are)");
    None
}

struct Imported {
    _dir: TempDir,
    path: PathBuf,
    manifest: Manifest,
    info: Info,
}

fn imported(source: &Path, format: Format) -> Imported {
    assert_eq!(detect(source).unwrap(), format);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x.jsonl.zst");
    let cancel = AtomicBool::new(false);
    let mut last = Progress { done: 0, total: 0 };
    let mut report = |progress: Progress| {
        assert!(progress.done >= last.done || progress.total != last.total);
        last = progress;
    };
    let manifest = import(source, &path, format, &mut Control::new(&mut report, &cancel)).unwrap();
    assert!(last.total > 0 && last.done <= last.total, "{last:?}");
    let info = info(&path, Limits::default(), |_| true).unwrap();
    assert_eq!(info.counts, manifest.counts);
    assert_eq!(info.defects.undecodable_lines, 0);
    assert_eq!(info.defects.general_lines, 0);
    Imported { _dir: dir, path, manifest, info }
}

#[test]
fn the_thirty_minute_session_has_the_counts_of_its_readme() {
    let name = "updown15m-raw-sessions/m9-rtds-natural-20260429T021025Z-fresh";
    let Some(source) = recording(name) else { return };
    let capture = imported(&source, Format::F1);
    let kinds = &capture.info.counts.kinds;
    assert_eq!(kinds.get("rest"), Some(&360));
    assert_eq!(kinds.get("ref"), Some(&1_500));
    assert_eq!(kinds.get("ws"), Some(&87));
    assert_eq!(capture.info.counts.messages.get("price_change"), Some(&40));
    assert_eq!(capture.info.counts.messages.get("new_market"), Some(&17));
    assert_eq!(capture.info.defects.duplicate_payloads, 362);
    assert_eq!(capture.manifest.defects.get("ingest_seq_repeats"), Some(&445));
    assert_eq!(capture.info.defects.off_order_epochs, 0);
    let epochs = capture.info.connections.get("market-0").unwrap().epoch;
    assert_eq!(capture.manifest.gaps.len(), epochs as usize);
    assert_eq!((capture.info.markets, capture.info.sets.get("binary/merge")), (3, Some(&3)));
    let market = &capture.manifest.markets[0];
    let fees = FeesMeta::Taker { rate: "0.072".to_owned(), exponent: 1 };
    assert_eq!((market.tick_size.as_str(), market.min_order_size.as_str()), ("0.01", "5"));
    assert_eq!((&market.fees, market.end_ms), (&fees, 1_777_515_300_000));
}

#[test]
fn every_session_imports() {
    let Some(root) = recording("updown15m-raw-sessions") else { return };
    let mut lines = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let capture = imported(&entry.unwrap().path(), Format::F1);
        let counts = &capture.info.counts.kinds;
        lines += counts["rest"] + counts["ws"] + counts["ref"];
    }
    assert_eq!(lines, 1_947 + 126 + 30 + 11);
}

#[test]
fn the_crypto_quote_tables_have_the_sets_of_their_readme() {
    let Some(source) = recording("gamma-crypto-universe") else { return };
    let capture = imported(&source, Format::F2);
    assert_eq!(capture.info.markets, 4_458);
    assert_eq!(capture.info.sets.get("group/hold"), Some(&23));
    let remnants = capture.manifest.defects["remnant_rows"];
    assert_eq!(capture.info.quotes + remnants, 392_489);
    assert!(capture.manifest.sets.iter().all(|set| set.legs.len() == 11));
    let figures = figures(&capture.path);
    let sets = &figures["hold"];
    // The README counts 5,808 snapshots; three of them stand in remnants, which are no captures.
    assert_eq!((sets.sets, sets.snapshots), (23, 5_805));
    assert_eq!((sets.below_one, sets.bids_above_one), (1, 52));
}

#[test]
fn a_day_of_the_us_quotes_has_the_sets_of_its_readme() {
    let Some(source) = recording("us-venue-quotes/quotes/dt=2026-07-16") else { return };
    let capture = imported(&source, Format::F3);
    assert_eq!(capture.info.quotes, 6_330_695);
    let Figures { below_098, .. } = figures(&capture.path)["hold"];
    assert_eq!(below_098, 725);
    let licence = capture.manifest.source.licence.as_ref().unwrap();
    assert!(licence.contains("Dinesh Gopalakrishnan") && licence.contains("CC BY 4.0"));
    assert!(capture.manifest.flags.contains(&"no_sizes".to_owned()));
    assert_eq!(capture.manifest.source.inputs[0].name, "data_0.parquet");
}

#[test]
fn the_same_day_gives_the_same_bytes_twice() {
    let Some(source) = recording("us-venue-quotes/quotes/dt=2026-07-10") else { return };
    let first = imported(&source, Format::F3).manifest;
    assert_eq!(imported(&source, Format::F3).manifest, first);
}

#[test]
fn a_reference_stream_imports_line_by_line() {
    let Some(source) = recording("binance-raw-feed/spot_btcusdt_20240808.gz") else { return };
    let capture = imported(&source, Format::F6);
    assert_eq!(capture.info.counts.kinds.get("ref"), Some(&41_249));
    assert_eq!(capture.info.counts.first_ns, 1_723_161_253_937_085_768);
}

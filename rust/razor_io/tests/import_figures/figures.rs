//! Figures of the sets of a quote capture, computed from its records alone.
//!
//! Shared by the tests (one day) and the benchmark (all days): sums of asks and bids in exact
//! micro-dollars over the sets that the capture itself defines.

use std::collections::BTreeMap;
use std::path::Path;

use razor_core::units::parse_fixed;
use razor_io::capture::{CaptureReader, Kind, Limits, MetaPayload};

/// Counts over the snapshots (records that hold all legs) of sets of one settlement.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Sets that had a snapshot.
    pub(crate) sets: usize,
    /// Records with all legs.
    pub(crate) snapshots: u64,
    /// All legs have an ask.
    pub(crate) asked: u64,
    /// Sum of asks below 1.
    pub(crate) below_one: u64,
    /// Sum of asks below 0.98.
    pub(crate) below_098: u64,
    /// Sum of bids above 1; an absent bid counts 0.
    pub(crate) bids_above_one: u64,
    /// Sum of bids above 1.02.
    pub(crate) bids_above_102: u64,
}

#[derive(Default)]
struct Set {
    legs: Vec<usize>,
    settlement: String,
    seen: bool,
}

/// Figures by settlement word.
pub(crate) fn figures(path: &Path) -> BTreeMap<String, Figures> {
    let mut reader = CaptureReader::open(path, Limits::default()).expect("capture");
    let mut tokens: BTreeMap<String, usize> = BTreeMap::new();
    let mut sets: Vec<Set> = Vec::new();
    let mut by_first: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut out: BTreeMap<String, Figures> = BTreeMap::new();
    while let Some(record) = reader.next_record().expect("record") {
        if record.kind == Kind::Meta {
            let meta: MetaPayload = serde_json::from_slice(record.payload).expect("meta");
            for market in meta.markets {
                tokens.insert(market.token_ids[0].clone(), tokens.len());
            }
            for set in meta.sets {
                let legs: Vec<usize> = set.legs.iter().map(|leg| tokens[leg]).collect();
                by_first.entry(legs[0]).or_default().push(sets.len());
                sets.push(Set { legs, settlement: set.settlement, seen: false });
            }
        }
        if record.kind == Kind::Quote {
            snapshot(record.payload, &by_first, &mut sets, &mut out);
        }
    }
    for set in sets.iter().filter(|set| set.seen) {
        out.entry(set.settlement.clone()).or_default().sets += 1;
    }
    out
}

type Quote = (usize, Option<u64>, Option<u64>);

fn quotes(payload: &[u8]) -> Vec<Quote> {
    let price = |text: &str| (!text.is_empty()).then(|| parse_fixed(text.as_bytes(), 6).unwrap());
    let quote = |text: &str| {
        let mut cells = text.split(',');
        let market = cells.next().unwrap().parse().unwrap();
        (market, price(cells.next().unwrap()), price(cells.next().unwrap()))
    };
    std::str::from_utf8(payload).unwrap().split(';').map(quote).collect()
}

fn snapshot(
    payload: &[u8],
    by_first: &BTreeMap<usize, Vec<usize>>,
    sets: &mut [Set],
    out: &mut BTreeMap<String, Figures>,
) {
    // Most records belong to no set: look at the market numbers only.
    let number = |text: &[u8]| {
        let digits = text.split(|&b| b == b',').next().unwrap();
        std::str::from_utf8(digits).unwrap().parse::<usize>().unwrap()
    };
    let firsts = payload.split(|&b| b == b';').map(number).filter_map(|n| by_first.get(&n));
    let candidates: Vec<usize> = firsts.flatten().copied().collect();
    if candidates.is_empty() {
        return;
    }
    let quotes = quotes(payload);
    for at in candidates {
        let set = &mut sets[at];
        let leg = |leg: &usize| quotes.iter().find(|quote| quote.0 == *leg).copied();
        let Some(legs) = set.legs.iter().map(leg).collect::<Option<Vec<Quote>>>() else { continue };
        set.seen = true;
        let figures = out.entry(set.settlement.clone()).or_default();
        figures.snapshots += 1;
        let bids: u64 = legs.iter().map(|leg| leg.1.unwrap_or(0)).sum();
        figures.bids_above_one += u64::from(bids > 1_000_000);
        figures.bids_above_102 += u64::from(bids > 1_020_000);
        if let Some(asks) = legs.iter().map(|leg| leg.2).sum::<Option<u64>>() {
            figures.asked += 1;
            figures.below_one += u64::from(asks < 1_000_000);
            figures.below_098 += u64::from(asks < 980_000);
        }
    }
}

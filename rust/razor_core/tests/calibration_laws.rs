//! Laws of the calibration against plain oracles: the percentile is the sorted sample at the frozen
//! index, the interval has the exact binomial coverage, reading undoes writing.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use proptest::prelude::*;
use razor_core::engine::table::Table;
use razor_core::order::{Rung, Side};
use razor_core::shadow::calibrate::quantile::{figures, interval, interval_ranks, p25};
use razor_core::shadow::calibrate::read::read_log;
use razor_core::shadow::calibrate::{
    CALIBRATION_HEADER, FillSource, RealShare, Sample, calibration_json, row,
};
use razor_core::shadow::exact::AttoShares;
use razor_core::signal::Bucket;
use razor_core::units::Qty;

/// `C(n, k) · 3^(n−k)` for all k: the law in counts of 4⁻ⁿ, exact up to 60.
fn law(samples: u32) -> Vec<u128> {
    let mut row = vec![1_u128];
    for _ in 0..samples {
        let mut next = vec![0; row.len() + 1];
        for (k, count) in row.iter().enumerate() {
            next[k] += count * 3;
            next[k + 1] += count;
        }
        row = next;
    }
    row
}

/// The ranks by the definition, in exact integers.
fn exact_ranks(samples: u32) -> (Option<u64>, Option<u64>) {
    let law = law(samples);
    let whole: u128 = law.iter().sum();
    assert_eq!(whole, 4_u128.pow(samples));
    let is_rare = |sum: u128| sum * 40 <= whole;
    let below = |rank: usize| law[..rank].iter().sum::<u128>();
    let from = |rank: usize| law[rank..].iter().sum::<u128>();
    let ranks = 1..=samples as usize;
    let low = ranks.clone().filter(|rank| is_rare(below(*rank))).max();
    let high = ranks.filter(|rank| is_rare(from(*rank))).min();
    (low.map(|rank| rank as u64), high.map(|rank| rank as u64))
}

fn shares(picos: &[i128]) -> Vec<RealShare> {
    picos.iter().map(|pico| RealShare::from_pico(*pico)).collect()
}

#[test]
fn ranks_are_those_of_exact_arithmetic() {
    for samples in 1..=60 {
        assert_eq!(interval_ranks(u64::from(samples)), Ok(exact_ranks(samples)), "n = {samples}");
    }
}

/// Ranks of larger samples, computed with whole numbers of any size.
#[test]
fn ranks_of_large_samples_are_those_of_a_big_integer_computation() {
    for (samples, low, high) in LARGE {
        assert_eq!(interval_ranks(samples), Ok((Some(low), Some(high))), "n = {samples}");
    }
}

const ONE: u128 = 1_000_000_000_000;
const TENTH: i128 = 100_000_000_000;

const LARGE: [(u64, u64, u64); 5] = [
    (100, 17, 35),
    (365, 75, 109),
    (1_000, 223, 278),
    (4_321, 1_025, 1_137),
    (10_000, 2_415, 2_586),
];

#[test]
fn the_table_of_the_engine_has_the_header_that_is_read() {
    assert_eq!(Table::CalibrationLog.header(), Some(CALIBRATION_HEADER));
}

#[test]
fn thirteen_samples_are_the_first_with_a_lower_end_and_three_with_an_upper_one() {
    assert_eq!(interval_ranks(12).expect("ranks").0, None);
    assert_eq!(interval_ranks(13).expect("ranks").0, Some(1));
    assert_eq!(interval_ranks(2).expect("ranks").1, None);
    assert_eq!(interval_ranks(3).expect("ranks").1, Some(3));
    assert_eq!(interval(&[]), Ok(None));
    let two = interval(&shares(&[1, 2])).expect("interval");
    assert_eq!(two.map(|(low, high)| (low.text(), high.text())), Some(("0".into(), "1".into())));
}

#[test]
fn as_many_samples_as_the_bound_allows_are_taken_and_one_more_is_refused() {
    let (low, high) = interval_ranks(1 << 32).expect("ranks");
    let quarter = 1_u64 << 30;
    assert!(low.expect("low") < quarter && quarter < high.expect("high"));
    assert!(interval_ranks((1 << 32) + 1).is_err());
}

proptest! {
    #[test]
    fn the_percentile_is_the_sorted_sample_at_the_frozen_index(
        mut picos in prop::collection::vec(0_i128..=1_000_000_000_000, 1..300),
    ) {
        let found = figures(shares(&picos), 1).expect("figures");
        picos.sort_unstable();
        let wanted = RealShare::from_pico(picos[(picos.len() - 1) / 4]);
        prop_assert_eq!(p25(&shares(&picos)), Some(wanted));
        prop_assert_eq!(found.p25, Some(wanted.text()));
        prop_assert_eq!(found.histogram.iter().sum::<u64>(), picos.len() as u64);
        for (tenth, count) in found.histogram.iter().enumerate() {
            let low = tenth as i128 * TENTH;
            let is_in =
                |pico: &&i128| **pico >= low && (tenth == 9 || **pico < low + TENTH);
            prop_assert_eq!(picos.iter().filter(is_in).count() as u64, *count);
        }
    }

    #[test]
    fn the_interval_holds_the_percentile_and_order_does_not_matter(
        picos in prop::collection::vec(0_i128..=1_000_000_000_000, 1..300),
        seed in any::<usize>(),
    ) {
        let mut sorted = shares(&picos);
        sorted.sort_unstable();
        let (low, high) = interval(&sorted).expect("interval").expect("samples");
        let percentile = p25(&sorted).expect("samples");
        prop_assert!(low <= percentile && percentile <= high);
        let mut turned = picos.clone();
        turned.rotate_left(seed % picos.len());
        prop_assert_eq!(figures(shares(&turned), 30), figures(shares(&picos), 30));
    }

    #[test]
    fn one_more_sample_never_moves_an_end_by_more_than_one_rank(samples in 3_u64..100_000) {
        let (low, high) = interval_ranks(samples).expect("ranks");
        let (next_low, next_high) = interval_ranks(samples + 1).expect("ranks");
        let (low, next_low) = (low.unwrap_or(0), next_low.unwrap_or(0));
        prop_assert!(next_low == low || next_low == low + 1);
        let (high, next_high) = (high.expect("high"), next_high.expect("high"));
        prop_assert!(next_high == high || next_high == high + 1);
    }

    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(
            (1_u64..10_000_000_000, prop::option::of(0_u64..20_000_000_000),
             prop::option::of(0_i128..1_000_000_000_000_000_000_000_000), 0_usize..6,
             any::<bool>()),
            0..40,
        ),
        market in "[ -~]{0,12}",
    ) {
        let mut text = format!("{CALIBRATION_HEADER}\n");
        let mut unknown = 0;
        for (index, (req, filled, volume, rung, is_thin)) in rows.iter().enumerate() {
            let rung = Rung::ALL[*rung];
            unknown += u64::from(filled.is_none());
            row(&mut text, &Sample {
                ts_ms: 1_000 + i64::from(req % 7 == 0),
                run_id: "run_x",
                mode: FillSource::Live,
                signal_id: index as u64,
                attempt: 1,
                rung,
                bucket: if *is_thin { Bucket::Thin } else { Bucket::Liquid },
                market_id: &market,
                token_id: &market,
                side: if rung.is_entry() { Side::Buy } else { Side::Sell },
                req_qty: Qty(*req),
                filled_qty: filled.map(Qty),
                // The table has twelve places of a volume.
                v_mkt: volume.map(|volume| AttoShares(volume * 1_000_000)),
                ask_size_best: None,
                bid_size_best: Some(Qty(*req)),
            });
        }
        let log = read_log(text.as_bytes()).expect("what was written");
        prop_assert_eq!(log.rows, rows.len() as u64);
        prop_assert_eq!(log.rejected, unknown);
        let known: Vec<_> =
            rows.iter().filter_map(|row| row.1.map(|filled| (row.0, filled))).collect();
        for ((req, filled), taken) in known.into_iter().zip(&log.taken) {
            let wanted = (u128::from(filled) * ONE / u128::from(req)).min(ONE);
            prop_assert_eq!(taken.of_request.pico(), i128::try_from(wanted).expect("at most one"));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_with_words(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut table = CALIBRATION_HEADER.as_bytes().to_vec();
        table.push(b'\n');
        table.extend_from_slice(&bytes);
        for text in [bytes, table] {
            let read = calibration_json(&[("f".to_owned(), text)], 30);
            prop_assert!(read.is_ok() || !read.expect_err("error").to_string().is_empty());
        }
    }
}

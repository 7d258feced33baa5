//! A ledger settled with other fill shares, against RAZOR_SPEC §10 written once more: whole numbers
//! of 10⁻¹² (shares, prices) and one rounding per cell, without any code of the crate.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/log.rs"]
mod log;

use log::{Row, facts, report, table};
use razor_core::shadow::day14::{NewShares, resettled_json};
use razor_sim::rng::Rng;
use serde_json::Value;

// ---- the plain computation -----------------------------------------------------------------

/// Whole shares and whole dollars at 10⁻¹².
const PICO: i128 = 1_000_000_000_000;
/// From products of a quantity (10⁻¹²), a price (10⁻⁶) and a fee (10⁻⁴) to cells of 10⁻¹².
const TO_CELL: i128 = 10_000_000_000;

/// One leg: limit and bid in 10⁻⁶ dollars, volume in 10⁻⁶ shares.
#[derive(Clone, Copy, Debug)]
struct Leg {
    limit: i128,
    bid: i128,
    volume: i128,
}

/// One signal: request in 10⁻⁶ shares.
#[derive(Clone, Debug)]
struct Set {
    bucket: &'static str,
    q_req: i128,
    legs: Vec<Leg>,
}

/// The cells of a settled set at 10⁻¹².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cells {
    q_set: i128,
    pnl_set: i128,
    pnl_left: i128,
    total: i128,
    ratio: i128,
}

/// `top / bottom`, half to even.
fn rounded(top: i128, bottom: i128) -> i128 {
    let (whole, rest) = (top.abs() / bottom, top.abs() % bottom);
    let up = rest * 2 > bottom || (rest * 2 == bottom && whole % 2 == 1);
    let value = whole + i128::from(up);
    if top < 0 { -value } else { value }
}

/// The frozen rules, line by line; `share` in 10⁻⁴.
fn settled(set: &Set, share: i128) -> Cells {
    // Volume (10⁻⁶) · share (10⁻⁴) is 10⁻¹⁰: two more digits to 10⁻¹².
    let fills: Vec<i128> =
        set.legs.iter().map(|leg| (leg.volume * share * 100).min(set.q_req * 1_000_000)).collect();
    let q_set = fills.iter().copied().min().expect("legs").min(set.q_req * 1_000_000);
    // 10⁻¹² · 10⁻⁶ · 10⁻⁴ = 10⁻²².
    let cost: i128 = set.legs.iter().map(|leg| q_set * leg.limit * 10_200).sum();
    let proceeds = q_set * 1_000_000 * 9_990;
    let mut left_twentieths = 0;
    for (leg, fill) in set.legs.iter().zip(&fills) {
        let left = fill - q_set;
        // The exit at 0.95 of the bid has one more factor of 100 than the cost.
        left_twentieths += left * leg.bid * 95 * 9_800 - left * leg.limit * 10_200 * 100;
    }
    let (pnl_set, total) = (proceeds - cost, (proceeds - cost) * 100 + left_twentieths);
    let filled: i128 = fills.iter().sum();
    let legs = set.legs.len() as i128;
    Cells {
        q_set,
        pnl_set: rounded(pnl_set, TO_CELL),
        pnl_left: rounded(left_twentieths, TO_CELL * 100),
        total: rounded(total, TO_CELL * 100),
        ratio: if filled == 0 { 0 } else { rounded(q_set * legs * PICO, filled) },
    }
}

/// A count of `10^-places` as a plain decimal.
fn text(value: i128, places: usize) -> String {
    let one = 10_i128.pow(u32::try_from(places).expect("places"));
    let sign = if value < 0 { "-" } else { "" };
    let part = format!("{:0places$}", value.abs() % one);
    let part = part.trim_end_matches('0');
    let dot = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{dot}{part}", value.abs() / one)
}

// ---- generated ledgers ---------------------------------------------------------------------

fn any_set(rng: &mut Rng) -> Set {
    let legs_n = if rng.chance(50) { 2 } else { 3 };
    let leg = |rng: &mut Rng| {
        let limit = i128::from(rng.below(999_999)) + 1;
        let bid = if rng.chance(15) { 0 } else { limit * i128::from(rng.below(100)) / 100 };
        let volume = if rng.chance(20) { 0 } else { i128::from(rng.below(400_000_000)) };
        Leg { limit, bid, volume }
    };
    Set {
        bucket: if rng.chance(50) { "liquid" } else { "thin" },
        q_req: i128::from(rng.below(50_000_000)) + 1,
        legs: (0..legs_n).map(|_| leg(rng)).collect(),
    }
}

/// The row a run would have written with a share.
fn row(id: usize, set: &Set, share: i128) -> Row {
    let cells = settled(set, share);
    let mut row = Row::example()
        .with("signal_id", &id.to_string())
        .with("signal_ts_unix_ms", &(1_000 * id).to_string())
        .with("bucket", set.bucket)
        .with("strategy", if set.legs.len() == 2 { "binary" } else { "triangle" })
        .with("q_req", &text(set.q_req, 6))
        .with("legs_n", &set.legs.len().to_string())
        .with("q_set", &text(cells.q_set, 12))
        .with("pnl_set", &text(cells.pnl_set, 12))
        .with("pnl_left_total", &text(cells.pnl_left, 12))
        .with("total_pnl", &text(cells.total, 12))
        .with("set_ratio", &text(cells.ratio, 12))
        .with("fill_share_p25_used", &text(share, 4));
    for (index, leg) in set.legs.iter().enumerate() {
        row = row
            .with(&format!("leg{index}_p_limit"), &text(leg.limit, 6))
            .with(&format!("leg{index}_best_bid"), &text(leg.bid, 6))
            .with(&format!("leg{index}_v_mkt"), &text(leg.volume, 6));
    }
    if share == 0 { row.with("notes", "FILL_SHARE_P25_ZERO") } else { row }
}

fn shares(liquid: Option<i128>, thin: Option<i128>) -> NewShares {
    NewShares { liquid: liquid.map(|it| text(it, 4)), thin: thin.map(|it| text(it, 4)) }
}

fn again(rows: &[Row], new: &NewShares) -> Value {
    let json = resettled_json(table(rows).as_bytes(), &facts(), new).expect("report");
    serde_json::from_str(&json).expect("json")
}

/// The report without what a settlement cannot know again: the venue's numbers.
fn frozen_part(mut report: Value) -> Value {
    report["venue"] = Value::Null;
    report
}

#[test]
fn the_worked_example_of_the_spec_is_that_of_the_oracle() {
    let legs = [(490_000, 480_000, 30_000_000), (480_000, 470_000, 12_000_000)];
    let legs = legs.map(|(limit, bid, volume)| Leg { limit, bid, volume }).to_vec();
    let cells = settled(&Set { bucket: "thin", q_req: 10_000_000, legs }, 5_000);
    assert_eq!(
        [cells.q_set, cells.pnl_set, cells.pnl_left, cells.total, cells.ratio]
            .map(|cell| text(cell, 12)),
        ["6", "0.0576", "-0.21168", "-0.15408", "0.75"]
    );
}

#[test]
fn a_ledger_settled_again_is_the_ledger_of_a_run_with_that_share() {
    let mut rng = Rng::new(41);
    for round in 0..150 {
        let sets: Vec<Set> = (0..rng.index(60)).map(|_| any_set(&mut rng)).collect();
        let used = [i128::from(rng.below(10_001)), i128::from(rng.below(10_001))];
        let new = [i128::from(rng.below(10_001)), i128::from(rng.below(10_001))];
        let of = |set: &Set, pair: [i128; 2]| pair[usize::from(set.bucket == "thin")];
        let rows = |pair: [i128; 2]| -> Vec<Row> {
            sets.iter().enumerate().map(|(id, set)| row(id + 1, set, of(set, pair))).collect()
        };
        let (before, wanted) = (rows(used), rows(new));
        let wanted = frozen_part(report(&wanted, &facts()));
        assert_eq!(again(&before, &shares(Some(new[0]), Some(new[1]))), wanted, "round {round}");
        let kept = frozen_part(report(&before, &facts()));
        assert_eq!(again(&before, &shares(None, None)), kept, "round {round}");
        assert_eq!(again(&before, &shares(Some(used[0]), Some(used[1]))), kept, "round {round}");
        let half = frozen_part(report(&rows([used[0], new[1]]), &facts()));
        assert_eq!(again(&before, &shares(None, Some(new[1]))), half, "round {round}");
    }
}

#[test]
fn there_and_back_again_is_the_ledger_itself() {
    let mut rng = Rng::new(43);
    for _ in 0..50 {
        let set = any_set(&mut rng);
        let share = i128::from(rng.below(10_001));
        let rows = [row(1, &set, share)];
        // Rows are rewritten in memory only: every settlement starts from the logged volumes.
        let first = again(&rows, &shares(Some(7), Some(7)));
        let back = again(&rows, &shares(Some(share), Some(share)));
        assert_eq!(back, frozen_part(report(&rows, &facts())));
        assert_eq!(first["day14"]["rows_ok"], back["day14"]["rows_ok"]);
    }
}

#[test]
fn a_share_of_nothing_earns_and_loses_nothing() {
    let mut rng = Rng::new(47);
    let rows: Vec<Row> = (1..=20).map(|id| row(id, &any_set(&mut rng), 3_000)).collect();
    let found = again(&rows, &shares(Some(0), Some(0)));
    let day14 = &found["day14"];
    assert_eq!(day14["total_pnl_sum"]["e12"], "0");
    assert_eq!(day14["set_ratio_avg"]["e12"], "0");
    assert_eq!(day14["verdict"]["go"], false);
    assert_eq!(day14["by_reason"][0]["key"][0], "FILL_SHARE_P25_ZERO");
    assert_eq!(day14["by_reason"][0]["count"], 20);
}

#[test]
fn rows_of_other_runs_and_schemas_stay_outside() {
    let mut rng = Rng::new(53);
    let set = any_set(&mut rng);
    let own = row(1, &set, 3_000);
    let rows = [own.clone(), own.with("run_id", "other"), own.with("schema_version", "1.4")];
    let found = again(&rows, &shares(Some(100), Some(100)));
    assert_eq!(found["day14"]["rows_ok"], 1);
    assert_eq!(found["day14"]["rows_other_run"], 1);
    assert_eq!(found["day14"]["rows_schema_version_mismatch"], 1);
    let wanted = [row(1, &set, 100)];
    let total = report(&wanted, &facts())["day14"]["total_pnl_sum"].clone();
    assert_eq!(found["day14"]["total_pnl_sum"], total);
}

#[test]
fn a_row_whose_cells_cannot_be_settled_again_is_bad_and_not_zero() {
    let mut rng = Rng::new(59);
    let good = row(1, &any_set(&mut rng), 3_000);
    for (column, cell) in
        [("legs_n", "4"), ("q_req", "x"), ("leg0_p_limit", ""), ("leg1_v_mkt", "NaN")]
    {
        let bad = good.with("signal_id", "2").with(column, cell);
        let found = again(&[good.clone(), bad], &shares(Some(100), Some(100)));
        assert_eq!(found["day14"]["rows_ok"], 1, "{column}");
        assert_eq!(found["day14"]["rows_bad"], 1, "{column}");
    }
    // An unreadable bid counts as none, as in the stress section.
    let found = again(&[good.with("leg0_best_bid", "?")], &shares(Some(100), Some(100)));
    assert_eq!(found["day14"]["rows_ok"], 1);
}

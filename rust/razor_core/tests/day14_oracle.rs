//! The Day-14 numbers of generated ledgers against a plain computation: integers at 10⁻¹² and one
//! rounding at the end, written without any code of the crate.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/log.rs"]
mod log;

use std::collections::BTreeMap;

use log::{Row, facts, report, report_of, sets_line, table};
use razor_core::shadow::day14::Facts;
use razor_core::shadow::rows::SHADOW_SETS_HEADER;
use razor_sim::rng::Rng;
use serde_json::{Value, json};

// ---- the plain computation -----------------------------------------------------------------

const PICO: i128 = 1_000_000_000_000;

/// A decimal of at most 12 places at 10⁻¹²; `None` when it is no number.
fn number(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        !whole.is_empty() && (whole.to_owned() + part).bytes().all(|b| b.is_ascii_digit());
    if !is_number || part.len() > 12 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let part: i128 = format!("{part:0<12}").parse().ok()?;
    Some(sign * (whole * PICO + part))
}

/// `top / bottom` as a count of 10^-places, half to even.
fn rounded(top: i128, bottom: i128, places: u32) -> i128 {
    let scaled = top.abs() * 10_i128.pow(places);
    let (whole, rest) = (scaled / bottom, scaled % bottom);
    let up = rest * 2 > bottom || (rest * 2 == bottom && whole % 2 == 1);
    let value = whole + i128::from(up);
    if top < 0 { -value } else { value }
}

fn fixed(top: i128, bottom: i128, places: u32) -> String {
    let value = rounded(top, bottom, places);
    let one = 10_i128.pow(places);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (value.abs() / one, value.abs() % one);
    format!("{sign}{whole}.{part:0width$}", width = places as usize)
}

fn num(top: i128, bottom: i128) -> Value {
    let shortest = fixed(top, bottom, 12);
    let shortest = shortest.trim_end_matches('0').trim_end_matches('.');
    json!({ "e6": fixed(top, bottom, 6), "e12": shortest })
}

/// A row as people read it.
struct Plain {
    in_run: bool,
    other_run: bool,
    schema: bool,
    id: Option<u64>,
    ts: Option<i64>,
    legs_n: Option<u64>,
    market: String,
    strategy: String,
    bucket: String,
    notes: String,
    pnl: Option<i128>,
    ratio: Option<i128>,
    sums: [Option<i128>; 4],
}

impl Plain {
    fn of(row: &Row) -> Self {
        let cell = |column: &str| row.cell(column).trim().to_owned();
        let run = cell("run_id");
        Self {
            in_run: !run.is_empty() && run == "r",
            other_run: !run.is_empty() && run != "r",
            schema: cell("schema_version").to_lowercase() == "1.3.2a",
            id: cell("signal_id").parse().ok(),
            ts: cell("signal_ts_unix_ms").parse().ok(),
            legs_n: cell("legs_n").parse().ok(),
            market: cell("market_id"),
            strategy: cell("strategy").to_lowercase(),
            bucket: cell("bucket").to_lowercase(),
            notes: cell("notes"),
            pnl: number(&cell("total_pnl")),
            ratio: number(&cell("set_ratio")),
            sums: ["pnl_set", "pnl_left_total", "q_set", "q_req"].map(|name| number(&cell(name))),
        }
    }

    fn worst(&self) -> Value {
        json!({
            "signal_id": self.id.unwrap_or(0), "market_id": self.market, "strategy": self.strategy,
            "bucket": self.bucket, "total_pnl": num(self.pnl.expect("pnl"), PICO),
            "set_ratio": num(self.ratio.expect("ratio"), PICO), "notes": self.notes,
        })
    }
}

/// Count, sum of PnL, sum of ratios, rows under the threshold.
#[derive(Default, Clone, Copy)]
struct Sum {
    rows: i128,
    pnl: i128,
    ratio: i128,
    misses: i128,
}

fn sum<'a>(rows: impl Iterator<Item = &'a Plain>, threshold: i128) -> Sum {
    let mut sum = Sum::default();
    for row in rows {
        sum.rows += 1;
        sum.pnl += row.pnl.expect("pnl");
        sum.ratio += row.ratio.expect("ratio");
        sum.misses += i128::from(row.ratio.expect("ratio") < threshold);
    }
    sum
}

impl Sum {
    fn mean(top: i128, rows: i128) -> Value {
        num(top, rows.max(1) * PICO)
    }

    fn group(self) -> Value {
        json!({
            "signals": self.rows, "pnl": num(self.pnl, PICO),
            "avg_set_ratio": Self::mean(self.ratio, self.rows),
        })
    }

    fn verdict(self, min_pnl: (&str, i128), min_ratio: (&str, i128)) -> Value {
        let (misses, rows) = if self.rows == 0 { (1, 1) } else { (self.misses, self.rows) };
        let pays = self.pnl > min_pnl.1;
        let holds = misses * 20 <= rows * 3;
        let share = fixed(misses, rows, 3);
        json!({
            "go": pays && holds,
            "reasons": [
                format!("TotalShadowPnL {} {}", if pays { ">" } else { "<=" }, min_pnl.0),
                format!("LeggingFailShare {} 0.15 (set_ratio < {} share={share})",
                    if holds { "<=" } else { ">" }, min_ratio.0),
            ],
            "thresholds": {
                "min_total_shadow_pnl": num(min_pnl.1, PICO),
                "min_avg_set_ratio": num(min_ratio.1, PICO),
                "max_legging_fail_share": num(15, 100),
            },
            "total_shadow_pnl": num(self.pnl, PICO),
            "legging_fail_share": num(misses, rows),
        })
    }

    fn line(self, key: &[String], rows: i128) -> Value {
        json!({
            "key": key, "count": self.rows, "share": num(self.rows, rows.max(1)),
            "sum_total_pnl": num(self.pnl, PICO), "avg_total_pnl": Self::mean(self.pnl, self.rows),
            "avg_set_ratio": Self::mean(self.ratio, self.rows),
            "miss_rate": num(self.misses, self.rows),
            "venue_rows": 0, "venue_total_pnl": null,
        })
    }
}

/// Groups rows by the keys each belongs to.
fn groups(rows: &[&Plain], keys: impl Fn(&Plain) -> Vec<Vec<String>>) -> Vec<(Vec<String>, Sum)> {
    let mut by_key: BTreeMap<Vec<String>, Vec<&Plain>> = BTreeMap::new();
    for row in rows {
        for key in keys(row) {
            by_key.entry(key).or_default().push(row);
        }
    }
    by_key.into_iter().map(|(key, rows)| (key, sum(rows.into_iter(), THRESHOLD))).collect()
}

fn by_count(mut groups: Vec<(Vec<String>, Sum)>, rows: i128) -> Value {
    groups.sort_by_key(|(_, sum)| -sum.rows);
    groups.iter().map(|(key, sum)| sum.line(key, rows)).collect()
}

const THRESHOLD: i128 = 850_000_000_000;

fn notes_of(row: &Plain) -> String {
    if row.notes.is_empty() { "OK".to_owned() } else { row.notes.clone() }
}

fn reasons_of(row: &Plain) -> Vec<String> {
    notes_of(row).split(',').map(|code| code.trim().to_owned()).filter(|c| !c.is_empty()).collect()
}

fn word(text: &str, known: [&str; 2], other: &str) -> String {
    if known.contains(&text) { text.to_owned() } else { other.to_owned() }
}

fn strategy_of(row: &Plain) -> String {
    word(&row.strategy, ["binary", "triangle"], "other")
}

fn bucket_of(row: &Plain) -> String {
    word(&row.bucket, ["liquid", "thin"], "unknown")
}

/// The leading keys, as `report.json` counts.
fn leading(rows: &[Plain], min_pnl: (&str, i128), min_ratio: (&str, i128)) -> Value {
    let mine: Vec<&Plain> = rows.iter().filter(|row| !row.other_run).collect();
    let good: Vec<&Plain> = mine
        .iter()
        .copied()
        .filter(|row| {
            row.in_run
                && !row.market.is_empty()
                && ["liquid", "thin"].contains(&row.bucket.as_str())
                && ["binary", "triangle"].contains(&row.strategy.as_str())
                && row.id.is_some()
                && row.ts.is_some()
                && row.pnl.is_some()
                && row.ratio.is_some()
        })
        .collect();
    let all = sum(good.iter().copied(), min_ratio.1);
    let part = |test: &dyn Fn(&Plain) -> bool| {
        sum(good.iter().copied().filter(|row| test(row)), min_ratio.1).group()
    };
    let mut worst = good.clone();
    worst.sort_by_key(|row| row.pnl);
    let worst: Vec<Value> = worst.iter().take(20).map(|row| row.worst()).collect();
    let times: Vec<i64> = good.iter().filter_map(|row| row.ts).collect();
    json!({
        "period": {
            "start_unix_ms": times.iter().min().unwrap_or(&0),
            "end_unix_ms": times.iter().max().unwrap_or(&0),
        },
        "totals": {
            "signals": all.rows, "total_shadow_pnl": num(all.pnl, PICO),
            "avg_set_ratio": Sum::mean(all.ratio, all.rows),
            "bad_rows": mine.len() - good.len(), "rows_total": mine.len(),
        },
        "by_bucket": {
            "liquid": part(&|row| row.bucket == "liquid"),
            "thin": part(&|row| row.bucket == "thin"),
        },
        "by_strategy": {
            "binary": part(&|row| row.strategy == "binary"),
            "triangle": part(&|row| row.strategy == "triangle"),
        },
        "worst_20": worst,
        "verdict": all.verdict(min_pnl, min_ratio),
    })
}

fn quantile(sorted: &[i128], percent: usize) -> i128 {
    if sorted.is_empty() { 0 } else { sorted[(sorted.len() - 1) * percent / 100] }
}

/// The `day14` key, as `day14_report` counts.
fn day14(rows: &[Plain]) -> Value {
    let others = rows.iter().filter(|row| !row.in_run).count();
    let mismatched = rows.iter().filter(|row| row.in_run && !row.schema).count();
    let mine: Vec<&Plain> = rows.iter().filter(|row| row.in_run && row.schema).collect();
    let good: Vec<&Plain> = mine
        .iter()
        .copied()
        .filter(|row| {
            row.id.is_some()
                && row.legs_n.is_some()
                && row.pnl.is_some()
                && row.ratio.is_some()
                && row.sums.iter().all(Option::is_some)
        })
        .collect();
    let all = sum(good.iter().copied(), THRESHOLD);
    let total = |place: usize| good.iter().filter_map(|row| row.sums[place]).sum::<i128>();
    let named = |name: &dyn Fn(&Plain) -> String, words: [&str; 3]| -> Value {
        let count = |word: &str| good.iter().filter(|row| name(row) == word).count();
        words.into_iter().map(|word| (word.to_owned(), json!(count(word)))).collect()
    };
    let mut ratios: Vec<i128> = good.iter().filter_map(|row| row.ratio).collect();
    ratios.sort_unstable();
    let mut pnls: Vec<i128> = good.iter().filter_map(|row| row.pnl).collect();
    pnls.sort_unstable();
    pnls.truncate(pnls.len().div_ceil(100));
    let tail = pnls.last().map(|threshold| {
        json!({
            "rows": pnls.len(), "sum_total_pnl": num(pnls.iter().sum(), PICO),
            "threshold_total_pnl": num(*threshold, PICO),
        })
    });
    let mut worst = good.clone();
    worst.sort_by_key(|row| row.pnl);
    let mut mixes =
        groups(&good, |row| vec![vec![strategy_of(row), bucket_of(row), notes_of(row)]]);
    mixes.sort_by_key(|(_, sum)| sum.pnl);
    let lines = |keys: &dyn Fn(&Plain) -> Vec<Vec<String>>| by_count(groups(&good, keys), all.rows);
    let one = |text: String| vec![vec![text]];
    json!({
        "run_id": "r", "rows_total": rows.len(), "rows_ok": good.len(),
        "rows_bad": mine.len() - good.len(), "rows_other_run": others,
        "rows_schema_version_mismatch": mismatched,
        "signals_by_strategy": named(&strategy_of, ["binary", "triangle", "other"]),
        "signals_by_bucket": named(&bucket_of, ["liquid", "thin", "unknown"]),
        "total_pnl_sum": num(all.pnl, PICO), "pnl_set_sum": num(total(0), PICO),
        "pnl_left_total_sum": num(total(1), PICO),
        "set_ratio_avg": Sum::mean(all.ratio, all.rows),
        "set_ratio_p50": num(quantile(&ratios, 50), PICO),
        "set_ratio_p25": num(quantile(&ratios, 25), PICO),
        "set_ratio_p10": num(quantile(&ratios, 10), PICO),
        "verdict": all.verdict(("0", 0), ("0.85", THRESHOLD)),
        "capital": null,
        "by_reason": lines(&|row| reasons_of(row).into_iter().map(|code| vec![code]).collect()),
        "reasons_by_bucket": lines(&|row| {
            reasons_of(row).into_iter().map(|code| vec![code, bucket_of(row)]).collect()
        }),
        "by_notes": lines(&|row| one(notes_of(row))),
        "by_strategy": lines(&|row| one(strategy_of(row))),
        "by_bucket": lines(&|row| one(bucket_of(row))),
        "by_market": lines(&|row| one(row.market.clone())),
        "worst_20_groups":
            mixes.iter().take(20).map(|(key, sum)| sum.line(key, all.rows)).collect::<Value>(),
        "worst_20_rows": worst.iter().take(20).map(|row| row.worst()).collect::<Value>(),
        "worst_1_percent": tail,
    })
}

// ---- generated ledgers ---------------------------------------------------------------------

fn pick<'a>(rng: &mut Rng, texts: &[&'a str]) -> &'a str {
    texts[rng.index(texts.len())]
}

/// A cell of a whole part and some decimals.
fn decimal(rng: &mut Rng, whole: u32, places: u32) -> String {
    let sign = if rng.chance(45) { "-" } else { "" };
    let part = rng.below_wide(10_u64.pow(places));
    format!("{sign}{}.{part:0width$}", rng.below(whole), width = places as usize)
}

fn a_row(rng: &mut Rng, dirt: u32) -> Row {
    let mut row = Row::example();
    let mut set = |column: &str, cell: &str| row = row.with(column, cell);
    let places = [1, 6, 12][rng.index(3)];
    set("signal_id", &rng.below(1_000).to_string());
    set("signal_ts_unix_ms", &(1_800_000_000_000_u64 + rng.below_wide(2_000_000_000)).to_string());
    set("market_id", pick(rng, &["m1", "m2", "M1", "'=m", "a market"]));
    set("strategy", pick(rng, &["binary", "triangle", "Binary", "TRIANGLE"]));
    set("bucket", pick(rng, &["thin", "liquid", "Liquid", " thin "]));
    set("total_pnl", &decimal(rng, 3, places));
    set("pnl_set", &decimal(rng, 3, places));
    set("pnl_left_total", &decimal(rng, 3, places));
    let near = format!("0.8{}", 49_999_999_999_u64 + rng.below_wide(3));
    let ratio = decimal(rng, 1, places);
    set("set_ratio", if rng.chance(40) { &near } else { ratio.trim_start_matches('-') });
    let notes = [
        "",
        "NO_TRADES",
        "NO_TRADES,WINDOW_EMPTY",
        "MISSING_BID, NO_TRADES",
        "TRADES_INCOMPLETE",
        ",",
    ];
    set("notes", pick(rng, &notes));
    if rng.chance(dirt) {
        let (column, cells): (&str, &[&str]) = [
            ("run_id", ["", "q", "R"].as_slice()),
            ("schema_version", &["", "1.3.2", "1.3.2A"]),
            ("signal_id", &["", "-1", "1.0", "x", "18446744073709551616"]),
            ("signal_ts_unix_ms", &["", "now", "1e3"]),
            ("market_id", &["", "  "]),
            ("strategy", &["", "basket", "pair"]),
            ("bucket", &["", "deep"]),
            ("total_pnl", &["", "NaN", "inf", "-", "1,5"]),
            ("set_ratio", &["", "nan", "half"]),
            ("q_set", &["", "?"]),
            ("q_req", &[""]),
            ("legs_n", &["", "2.0", "-2"]),
            ("pnl_set", &["x"]),
            ("pnl_left_total", &["1.2.3"]),
        ][rng.index(14)];
        set(column, pick(rng, cells));
    }
    row
}

fn ledger(seed: u64, rows: u32, dirt: u32) -> Vec<Row> {
    let mut rng = Rng::new(seed);
    (0..rows).map(|_| a_row(&mut rng, dirt)).collect()
}

fn assert_leading(found: &Value, expected: &Value) {
    for (key, expected) in expected.as_object().expect("keys") {
        assert_eq!(&found[key], expected, "{key}");
    }
}

#[test]
fn generated_ledgers_have_the_numbers_of_the_plain_computation() {
    for seed in 0..40 {
        for (rows, dirt) in [(0, 0), (1, 0), (1, 100), (7, 30), (60, 0), (250, 15)] {
            let rows = ledger(seed, rows, dirt);
            let plain: Vec<Plain> = rows.iter().map(Plain::of).collect();
            let found = report(&rows, &facts());
            assert_leading(&found, &leading(&plain, ("0", 0), ("0.85", THRESHOLD)));
            assert_leading(&found["day14"], &day14(&plain));
        }
    }
}

#[test]
fn configured_limits_move_the_leading_verdict_and_not_the_fixed_one() {
    for seed in 40..50 {
        let rows = ledger(seed, 40, 5);
        let plain: Vec<Plain> = rows.iter().map(Plain::of).collect();
        for (pnl, ratio) in [("0.5", "0.5"), ("-3", "0.9"), ("100", "0"), ("0.000000000001", "1")] {
            let facts = Facts {
                min_total_shadow_pnl: pnl.to_owned(),
                min_avg_set_ratio: ratio.to_owned(),
                ..facts()
            };
            let found = report(&rows, &facts);
            let limits = (number(pnl).expect("limit"), number(ratio).expect("limit"));
            assert_leading(&found, &leading(&plain, (pnl, limits.0), (ratio, limits.1)));
            assert_leading(&found["day14"], &day14(&plain));
        }
    }
}

#[test]
fn the_order_of_the_rows_changes_only_ties() {
    for seed in 50..60 {
        let mut rows = ledger(seed, 80, 10);
        let first = report(&rows, &facts());
        rows.reverse();
        let second = report(&rows, &facts());
        for key in ["period", "totals", "by_bucket", "by_strategy", "verdict", "stress", "evidence"]
        {
            assert_eq!(first[key], second[key], "{key}");
        }
        for key in ["by_reason", "by_notes", "by_market", "worst_1_percent", "set_ratio_p25"] {
            assert_eq!(first["day14"][key], second["day14"][key], "{key}");
        }
    }
}

#[test]
fn how_the_file_is_written_changes_nothing() {
    let rows = ledger(61, 50, 10);
    let plain = table(&rows);
    let expected = report_of(&plain, None, &facts());
    let crlf = plain.replace('\n', "\r\n");
    let marked = format!("\u{feff}{plain}");
    let spaced = plain.replace('\n', "\n\n");
    let open = plain.trim_end_matches('\n').to_owned();
    let (header, lines) = plain.split_once('\n').expect("header");
    let upper = format!("{}\n{lines}", header.to_uppercase());
    let wider = format!(
        "note,{header},more\n{}",
        lines.lines().fold(String::new(), |text, line| { text + "x," + line + ",y\n" })
    );
    for (name, text) in [
        ("crlf", crlf),
        ("byte order mark", marked),
        ("empty lines", spaced),
        ("no last line end", open),
        ("upper case", upper),
        ("more columns", wider),
    ] {
        assert_eq!(report_of(&text, None, &facts()), expected, "{name}");
    }
}

// ---- the venue column ----------------------------------------------------------------------

/// The cells of one generated line of the sets table.
struct SetCells {
    run: &'static str,
    market: String,
    is_inside: bool,
    venue: Option<String>,
    code: &'static str,
    frozen: String,
    fees: String,
    days: String,
    tick: &'static str,
    ever: &'static str,
}

impl SetCells {
    fn any(rng: &mut Rng) -> Self {
        Self {
            run: pick(rng, &["r", "r", "r", "q", ""]),
            market: format!("m{}", rng.below(6)),
            is_inside: rng.chance(60),
            venue: (!rng.chance(30)).then(|| decimal(rng, 4, 6)),
            code: pick(rng, &["FEES_UNKNOWN", "SIDE_UNKNOWN", ""]),
            frozen: decimal(rng, 4, 12),
            fees: decimal(rng, 1, 5),
            days: if rng.chance(50) { decimal(rng, 40, 6) } else { String::new() },
            tick: pick(rng, &["liquid", "thin"]),
            ever: pick(rng, &["0", "1"]),
        }
    }

    fn line(&self, id: usize) -> String {
        sets_line(&[
            ("run_id", self.run),
            ("signal_id", &id.to_string()),
            ("market_id", &self.market),
            ("in_frozen_table", if self.is_inside { "1" } else { "0" }),
            ("tick_bucket", self.tick),
            ("could_ever_be_liquid", self.ever),
            ("frozen_total_pnl", &self.frozen),
            ("venue_total_pnl", self.venue.as_deref().unwrap_or("")),
            ("venue_fees", &self.fees),
            ("venue_capital_days", &self.days),
            ("venue_notes", self.code),
        ])
    }
}

/// Both bases over the lines that have numbers on both.
fn both_bases(lines: &[&SetCells]) -> Value {
    let with: Vec<&&SetCells> = lines.iter().filter(|line| line.venue.is_some()).collect();
    let sum = |cell: &dyn Fn(&SetCells) -> String| {
        num(with.iter().map(|line| number(&cell(line)).expect("number")).sum(), PICO)
    };
    let has = !with.is_empty();
    json!({
        "rows": lines.len(), "rows_with_venue_numbers": with.len(),
        "frozen_total_pnl": sum(&|line| line.frozen.clone()),
        "venue_total_pnl": has.then(|| sum(&|line| line.venue.clone().expect("venue"))),
        "venue_fees": has.then(|| sum(&|line| line.fees.clone())),
    })
}

/// The `venue` key over the lines of the run.
fn venue_column(lines: &[&SetCells]) -> Value {
    let mut blanks: BTreeMap<&str, u64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.venue.is_none()) {
        *blanks.entry(line.code).or_default() += 1;
    }
    let mut days: Vec<i128> = lines.iter().filter_map(|line| number(&line.days)).collect();
    days.sort_unstable();
    let median = days.get(days.len().saturating_sub(1) / 2);
    let markets = |test: &dyn Fn(&SetCells) -> bool| {
        let named = lines.iter().filter(|line| test(line)).map(|line| line.market.as_str());
        named.collect::<std::collections::BTreeSet<_>>().len()
    };
    let part = |inside: bool| -> Vec<&SetCells> {
        lines.iter().copied().filter(|line| line.is_inside == inside).collect()
    };
    json!({
        "rows_total": lines.len(),
        "blank_by_reason": blanks,
        "in_frozen_table": both_bases(&part(true)),
        "outside_frozen_table": both_bases(&part(false)),
        "tick_bucket_liquid": lines.iter().filter(|line| line.tick == "liquid").count(),
        "sets_seen": markets(&|_| true),
        "sets_that_could_ever_be_liquid": markets(&|line| line.ever == "1"),
        "capital_days_p50": median.map(|days| num(*days, PICO)),
        "capital_days_max": days.last().map(|days| num(*days, PICO)),
    })
}

#[test]
fn the_venue_column_sums_what_has_numbers_on_both_bases() {
    let mut rng = Rng::new(62);
    for _ in 0..60 {
        let all: Vec<SetCells> = (0..rng.below(40)).map(|_| SetCells::any(&mut rng)).collect();
        let lines: Vec<String> = all.iter().enumerate().map(|(id, line)| line.line(id)).collect();
        let text = format!("{SHADOW_SETS_HEADER}\n{}", lines.concat());
        let mine: Vec<&SetCells> = all.iter().filter(|line| line.run == "r").collect();
        let found = report_of(&table(&[Row::example()]), Some(&text), &facts());
        assert_leading(&found["venue"], &venue_column(&mine));
        let outside = mine.iter().filter(|line| !line.is_inside).count();
        assert_eq!(found["evidence"]["signals_outside_frozen"], json!(outside));
        assert_eq!(found["verdict"]["go"], false, "the venue column decides nothing");
    }
}

#[test]
fn venue_sums_stand_beside_the_groups_of_their_signals() {
    let rows: Vec<Row> = (0..6)
        .map(|id| {
            let row = Row::example().with("signal_id", &id.to_string());
            row.with("market_id", if id % 2 == 0 { "even" } else { "odd" })
        })
        .collect();
    let mut sets = format!("{SHADOW_SETS_HEADER}\n");
    for (id, pnl, inside) in
        [("0", "0.5", "1"), ("2", "-0.25", "1"), ("1", "", "1"), ("3", "9", "0")]
    {
        sets += &sets_line(&[
            ("run_id", "r"),
            ("signal_id", id),
            ("in_frozen_table", inside),
            ("venue_total_pnl", pnl),
        ]);
    }
    let found = report_of(&table(&rows), Some(&sets), &facts());
    let markets = found["day14"]["by_market"].as_array().expect("markets");
    assert_eq!((&markets[0]["key"][0], &markets[0]["venue_rows"]), (&json!("even"), &json!(2)));
    assert_eq!(markets[0]["venue_total_pnl"]["e12"], "0.25");
    assert_eq!(
        (&markets[1]["venue_rows"], &markets[1]["venue_total_pnl"]),
        (&json!(0), &Value::Null)
    );
}

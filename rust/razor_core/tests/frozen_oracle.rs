//! The frozen rules against a direct transcription in doubles, and the reference values.
//!
//! The oracle below is RAZOR_SPEC §7, §8, §10, §11 and §20 written once more, the way the
//! predecessor computed: in doubles, without any code of the crate. The replay of generated
//! directories must agree with it: words exactly, numbers to 1e-9.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "the oracle is the predecessor's arithmetic in doubles; failures are failed tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use razor_core::shadow::exact::{AttoShares, FillShare, PicoShares};
use razor_core::shadow::predecessor::{
    ReplayError, ReplayParams, Replayed, SNAPSHOTS_HEADER, TRADES_HEADER, replay,
};
use razor_core::shadow::rows::SHADOW_LOG_HEADER;
use razor_core::shadow::settle::SettleRules;
use razor_core::signal::BrainParams;
use razor_core::units::{Bps, UnitError};

/// Settings as plain numbers and texts, shared by both sides.
#[derive(Clone, Copy)]
struct Config {
    premium: i64,
    min_net: i64,
    q_req: &'static str,
    cooldown_ms: i64,
    liquid: &'static str,
    thin: &'static str,
    window: (i64, i64),
    max_gap_ms: i64,
}

const CONFIG: Config = Config {
    premium: 80,
    min_net: 10,
    q_req: "10",
    cooldown_ms: 1_000,
    liquid: "0.3",
    thin: "0.1",
    window: (100, 1_100),
    max_gap_ms: 700,
};

fn params(config: &Config) -> ReplayParams {
    let bps = |raw: i64| Bps::new(i32::try_from(raw).expect("bps"));
    ReplayParams {
        brain: BrainParams {
            risk_premium: bps(config.premium),
            min_net_edge: bps(config.min_net),
            q_req: PicoShares::parse(config.q_req).expect("q_req"),
            cooldown_ms: config.cooldown_ms,
            max_staleness: None,
        },
        rules: SettleRules {
            window_start_ms: config.window.0,
            window_end_ms: config.window.1,
            share_liquid: FillShare::parse(config.liquid).expect("share"),
            share_thin: FillShare::parse(config.thin).expect("share"),
            max_trade_gap_ms: config.max_gap_ms,
            size_suspect: AttoShares::parse("1").expect("size"),
            notional_suspect_atto: 1,
        },
        run_id: "replay_x".to_owned(),
    }
}

// ---- the oracle ----------------------------------------------------------------------------

#[derive(Clone)]
struct OracleLeg {
    token: String,
    bid: f64,
    ask: f64,
    depth: f64,
}

struct OracleTrade {
    at: i64,
    market: String,
    token: String,
    price: f64,
    size: f64,
}

/// What one row must hold.
struct Expected {
    words: Vec<(&'static str, String)>,
    numbers: Vec<(String, f64)>,
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn oracle(snapshots: &str, trades: &str, config: &Config) -> Vec<Expected> {
    let mut shots: Vec<(i64, String, Vec<OracleLeg>)> = Vec::new();
    for line in snapshots.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let legs_n: usize = cells[2].parse().expect("legs_n");
        if !(2..=3).contains(&legs_n) {
            continue;
        }
        let legs: Vec<OracleLeg> = (0..legs_n)
            .map(|leg| {
                let cell = |offset: usize| cells[3 + 4 * leg + offset];
                OracleLeg {
                    token: cell(0).to_owned(),
                    bid: finite(cell(1)).unwrap_or(0.0),
                    ask: finite(cell(2)).unwrap_or(1.0),
                    depth: finite(cell(3)).unwrap_or(f64::NAN),
                }
            })
            .collect();
        if legs.iter().any(|leg| leg.token.is_empty()) {
            continue;
        }
        shots.push((cells[0].parse().expect("ts"), cells[1].to_owned(), legs));
    }
    shots.sort_by_key(|shot| shot.0);
    let mut prints: Vec<OracleTrade> = Vec::new();
    for line in trades.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let ts: i64 = cells[0].parse().expect("ts");
        let ingest = cells[6].parse::<i64>().ok().filter(|at| *at > 0).unwrap_or(ts);
        prints.push(OracleTrade {
            at: ingest,
            market: cells[1].to_owned(),
            token: cells[2].to_owned(),
            price: cells[3].parse().expect("price"),
            size: cells[4].parse().expect("size"),
        });
    }
    prints.sort_by_key(|print| print.at);
    let mut last_emit: BTreeMap<(String, usize, i64), i64> = BTreeMap::new();
    let mut rows = Vec::new();
    for (ts, market, legs) in shots {
        let sum_ask: f64 = legs.iter().map(|leg| leg.ask).sum();
        if !sum_ask.is_finite() || sum_ask <= 0.0 {
            continue;
        }
        let raw_cost = (sum_ask * 10_000.0 - 1e-9).ceil() as i64;
        let net = 10_000 - raw_cost - 210 - config.premium;
        if net < config.min_net {
            continue;
        }
        let key = (market.clone(), legs.len(), raw_cost / 2 * 2);
        if last_emit.get(&key).is_some_and(|last| ts - last < config.cooldown_ms) {
            continue;
        }
        last_emit.insert(key, ts);
        let id = rows.len() + 1;
        rows.push(oracle_row(id, ts, &market, &legs, &prints, config));
    }
    rows
}

/// Bucket, worst leg and codes of §7.
fn oracle_bucket(legs: &[OracleLeg]) -> (bool, usize, BTreeSet<&'static str>) {
    let mut codes = BTreeSet::new();
    let degraded =
        legs.iter().any(|leg| !leg.depth.is_finite() || leg.depth <= 0.0 || leg.depth > 1e7);
    if legs.iter().any(|leg| leg.depth.is_finite() && leg.depth > 1e7) {
        codes.insert("DEPTH_UNIT_SUSPECT");
    }
    let ranked = |leg: &OracleLeg| {
        if leg.depth.is_finite() && (0.0..=1e7).contains(&leg.depth) {
            leg.depth
        } else {
            f64::INFINITY
        }
    };
    let mut worst = 0;
    for index in 1..legs.len() {
        if ranked(&legs[index]) < ranked(&legs[worst]) {
            worst = index;
        }
    }
    let (bid, ask) = (legs[worst].bid, legs[worst].ask);
    let spread = if bid <= 0.0 || ask <= 0.0 || ask < bid {
        i64::from(i32::MAX)
    } else {
        ((ask - bid) / f64::midpoint(ask, bid) * 10_000.0 - 1e-9).ceil() as i64
    };
    let liquid = !degraded && spread < 20 && legs[worst].depth > 500.0;
    if !liquid && (degraded || spread == i64::from(i32::MAX)) {
        codes.insert("BUCKET_THIN_NAN");
    }
    (liquid, worst, codes)
}

fn oracle_row(
    id: usize,
    ts: i64,
    market: &str,
    legs: &[OracleLeg],
    prints: &[OracleTrade],
    config: &Config,
) -> Expected {
    let (liquid, worst, mut codes) = oracle_bucket(legs);
    let share: f64 = if liquid { config.liquid } else { config.thin }.parse().expect("share");
    let q_req: f64 = config.q_req.parse().expect("q_req");
    let inside: Vec<&OracleTrade> = prints
        .iter()
        .filter(|print| print.market == market)
        .filter(|print| (ts + config.window.0..=ts + config.window.1).contains(&print.at))
        .filter(|print| legs.iter().any(|leg| leg.token == print.token))
        .collect();
    let volume = |leg: &OracleLeg| {
        if leg.ask <= 0.0 {
            return 0.0;
        }
        inside
            .iter()
            .filter(|print| print.token == leg.token && print.price <= leg.ask)
            .fold(0.0, |sum, print| sum + print.size)
    };
    let volumes: Vec<f64> = legs.iter().map(volume).collect();
    let fills: Vec<f64> = volumes.iter().map(|volume| q_req.min(volume * share)).collect();
    let q_set = fills.iter().copied().fold(q_req, f64::min);
    let cost = q_set * legs.iter().map(|leg| leg.ask * 1.02).sum::<f64>();
    let proceeds = q_set * 0.999;
    let mut left_pnl = 0.0;
    for (leg, fill) in legs.iter().zip(&fills) {
        let left = fill - q_set;
        let exit = if leg.bid > 0.0 { leg.bid * (1.0 - 0.05) } else { 0.0 };
        left_pnl += left * (exit * 0.98) - left * (leg.ask * 1.02);
    }
    let average = fills.iter().sum::<f64>() / legs.len() as f64;
    let ratio = if average > 0.0 { q_set / average } else { 0.0 };

    codes.extend(oracle_codes(legs, &inside, &volumes, share, config));
    let numbers = [
        ("q_req", q_req),
        ("q_set", q_set),
        ("cost_set", cost),
        ("proceeds_set", proceeds),
        ("pnl_set", proceeds - cost),
        ("pnl_left_total", left_pnl),
        ("total_pnl", proceeds - cost + left_pnl),
        ("q_fill_avg", average),
        ("set_ratio", ratio),
        ("fill_share_p25_used", share),
        ("dump_slippage_assumed", 0.05),
    ];
    let mut numbers: Vec<(String, f64)> =
        numbers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    for index in 0..3 {
        let leg = legs.get(index);
        let cells = [
            ("p_limit", leg.map_or(0.0, |leg| leg.ask)),
            ("best_bid", leg.map_or(0.0, |leg| leg.bid)),
            ("v_mkt", volumes.get(index).copied().unwrap_or(0.0)),
            ("q_fill", fills.get(index).copied().unwrap_or(0.0)),
        ];
        numbers.extend(cells.map(|(name, value)| (format!("leg{index}_{name}"), value)));
    }
    let bucket = (liquid, worst);
    Expected { words: oracle_words(id, ts, market, legs, bucket, &codes, config), numbers }
}

/// Codes of §11 that a window and its signal raise.
fn oracle_codes(
    legs: &[OracleLeg],
    inside: &[&OracleTrade],
    volumes: &[f64],
    share: f64,
    config: &Config,
) -> Vec<&'static str> {
    let gap = inside.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap_or(0);
    let found = [
        (volumes.iter().sum::<f64>() <= 0.0, "NO_TRADES"),
        (inside.is_empty(), "WINDOW_EMPTY"),
        (config.max_gap_ms > 0 && gap > config.max_gap_ms, "WINDOW_DATA_GAP"),
        (legs.iter().any(|leg| leg.bid <= 0.0), "MISSING_BID"),
        (legs.iter().any(|leg| leg.bid <= 0.0 && leg.ask <= 0.0), "MISSING_BOOK"),
        (legs.iter().any(|leg| leg.ask <= 0.0), "INVALID_PRICE"),
        (share <= 0.0, "FILL_SHARE_P25_ZERO"),
    ];
    found.into_iter().filter(|(holds, _)| *holds).map(|(_, code)| code).collect()
}

fn oracle_words(
    id: usize,
    ts: i64,
    market: &str,
    legs: &[OracleLeg],
    (liquid, worst): (bool, usize),
    codes: &BTreeSet<&'static str>,
    config: &Config,
) -> Vec<(&'static str, String)> {
    let token = |index: usize| legs.get(index).map_or(String::new(), |leg| leg.token.clone());
    let blind = codes.contains("BUCKET_THIN_NAN");
    vec![
        ("run_id", "replay_x".to_owned()),
        ("schema_version", "1.3.2a".to_owned()),
        ("signal_id", id.to_string()),
        ("signal_ts_unix_ms", ts.to_string()),
        ("window_start_ms", config.window.0.to_string()),
        ("window_end_ms", config.window.1.to_string()),
        ("market_id", market.to_owned()),
        ("strategy", if legs.len() == 2 { "binary" } else { "triangle" }.to_owned()),
        ("bucket", if liquid { "liquid" } else { "thin" }.to_owned()),
        ("worst_leg_token_id", if blind { String::new() } else { token(worst) }),
        ("legs_n", legs.len().to_string()),
        ("leg0_token_id", token(0)),
        ("leg1_token_id", token(1)),
        ("leg2_token_id", token(2)),
        ("notes", codes.iter().copied().collect::<Vec<_>>().join(",")),
    ]
}

// ---- generated directories -----------------------------------------------------------------

/// A small fixed generator (xorshift), so that a failure names a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.roll(of.len() as u64)).expect("index")]
    }
}

fn directory(seed: u64, snapshots_n: u64) -> (String, String) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut snapshots = format!("{SNAPSHOTS_HEADER}\n");
    let mut trades = format!("{TRADES_HEADER}\n");
    let mut at: u64 = 1_700_000_000_000;
    for _ in 0..snapshots_n {
        at += dice.roll(900);
        let market = dice.roll(4);
        let legs_n = if dice.roll(60) == 0 { dice.roll(6) } else { 2 + market % 2 };
        // Now and then a row out of order.
        let ts = if dice.roll(20) == 0 { at - dice.roll(500) } else { at };
        write!(snapshots, "{ts},0xm{market},{legs_n}").expect("text");
        for leg in 0..3_u64 {
            if leg >= legs_n {
                snapshots.push_str(",,,,");
                continue;
            }
            let token =
                if dice.roll(200) == 0 { String::new() } else { format!("{}", market * 10 + leg) };
            let base = 880_000 / legs_n.max(2);
            let ask = base + dice.roll(120_000);
            let bid = if dice.roll(6) == 0 { ask - dice.roll(900) } else { ask - dice.roll(base) };
            let ask = decimal_or(&mut dice, ask, &["NaN", "", "inf", "0.000000", "1.250000"]);
            let bid = decimal_or(&mut dice, bid, &["NaN", "", "-inf", "0.000000", "x"]);
            let depth = dice.roll(3_000_000_000);
            let odd = [
                "NaN",
                "",
                "0.000000",
                "-5.000000",
                "10000000.000000",
                "10000000.000001",
                "500.000000",
                "1e30",
            ];
            let depth = decimal_or(&mut dice, depth, &odd);
            write!(snapshots, ",{token},{bid},{ask},{depth}").expect("text");
        }
        snapshots.push('\n');
        for _ in 0..dice.roll(6) {
            write_trade(&mut dice, &mut trades, ts, market, legs_n);
        }
    }
    (snapshots, trades)
}

fn decimal_or(dice: &mut Dice, micros: u64, odd: &[&str]) -> String {
    if dice.roll(40) == 0 {
        return dice.pick(odd).to_owned();
    }
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn write_trade(dice: &mut Dice, trades: &mut String, ts: u64, market: u64, legs_n: u64) {
    // Window edges and their neighbours come up often.
    let offset = match dice.roll(4) {
        0 => [99, 100, 101, 1_099, 1_100, 1_101][usize::try_from(dice.roll(6)).expect("index")],
        _ => dice.roll(1_400),
    };
    let at = ts + offset;
    let token = market * 10 + dice.roll(legs_n.max(1));
    let price = dice.roll(70) as f64 / 100.0 + dice.roll(3) as f64 / 3e3;
    let size = match dice.roll(30) {
        0 => -1.5,
        1 => 0.0,
        _ => 0.1 + dice.roll(400_000) as f64 / 1e3 / 7.0,
    };
    let ingest = match dice.roll(12) {
        0 => "0".to_owned(),
        1 => String::new(),
        _ => at.to_string(),
    };
    let id = dice.roll(5_000);
    writeln!(trades, "{at},0xm{market},{token},{price},{size},tx:{id},{ingest},").expect("text");
}

/// A line of the frozen table by column; the generated texts need quotes only in `notes`.
fn cells(line: &str) -> BTreeMap<&'static str, String> {
    let mut parts: Vec<String> = line.splitn(38, ',').map(str::to_owned).collect();
    let notes = parts.pop().expect("notes");
    parts.push(notes.trim_matches('"').to_owned());
    SHADOW_LOG_HEADER.split(',').zip(parts).collect()
}

fn compare(replayed: &Replayed, expected: &[Expected], what: &str) -> usize {
    let lines: Vec<&str> = replayed.shadow_log.lines().skip(1).collect();
    assert_eq!(lines.len(), expected.len(), "{what}");
    for (line, expected) in lines.iter().zip(expected) {
        let cells = cells(line);
        for (name, word) in &expected.words {
            assert_eq!(&cells[name], word, "{what} {name}: {line}");
        }
        for (name, value) in &expected.numbers {
            let found: f64 = cells[name.as_str()].parse().expect("number");
            let tolerance = 1e-9 * value.abs().max(1.0);
            assert!((found - value).abs() <= tolerance, "{what} {name} {found} {value}: {line}");
        }
    }
    lines.len()
}

#[test]
fn replays_agree_with_the_predecessors_doubles_on_more_than_ten_thousand_rows() {
    let configs = [
        CONFIG,
        Config { q_req: "37.123456789012", liquid: "0.35", thin: "0.17", ..CONFIG },
        Config { premium: 0, min_net: 0, cooldown_ms: 0, q_req: "1000000", ..CONFIG },
        Config { thin: "0", liquid: "1", window: (0, 500), max_gap_ms: 0, ..CONFIG },
        Config { cooldown_ms: 60_000, window: (500, 5_000), thin: "0.999999999999", ..CONFIG },
    ];
    let mut rows = 0;
    let mut seen = BTreeSet::new();
    for seed in 1..=100 {
        for (index, config) in configs.iter().enumerate() {
            let (snapshots, trades) = directory(seed, 150);
            let replayed = replay(snapshots.as_bytes(), trades.as_bytes(), &params(config));
            let replayed = replayed.expect("replay");
            let expected = oracle(&snapshots, &trades, config);
            rows += compare(&replayed, &expected, &format!("seed {seed} config {index}"));
            for row in &expected {
                let words: BTreeMap<_, _> = row.words.iter().cloned().collect();
                seen.extend(words["notes"].split(',').map(str::to_owned));
                seen.insert(words["bucket"].clone());
                seen.insert(words["strategy"].clone());
            }
        }
    }
    assert!(rows >= 10_000, "only {rows} rows compared");
    // Every word that a replay can produce was among them.
    for word in [
        "",
        "BUCKET_THIN_NAN",
        "DEPTH_UNIT_SUSPECT",
        "FILL_SHARE_P25_ZERO",
        "INVALID_PRICE",
        "MISSING_BID",
        "MISSING_BOOK",
        "NO_TRADES",
        "WINDOW_DATA_GAP",
        "WINDOW_EMPTY",
        "liquid",
        "thin",
        "binary",
        "triangle",
    ] {
        assert!(seen.contains(word), "{word:?} never came up in {rows} rows");
    }
    println!("{rows} rows compared");
}

// ---- reference values and refusals ---------------------------------------------------------

fn table(header: &str, rows: &[&str]) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for row in rows {
        text.push_str(row);
        text.push('\n');
    }
    text.into_bytes()
}

const EXAMPLE: &str =
    "10000,0xm,2,1,0.480000,0.490000,600.000000,2,0.470000,0.480000,700.000000,,,,";

#[test]
fn the_worked_example_comes_out_of_a_replay() {
    let snapshots = table(SNAPSHOTS_HEADER, &[EXAMPLE]);
    let trades =
        table(TRADES_HEADER, &["10500,0xm,1,0.49,30,a,10500,", "10500,0xm,2,0.48,12,b,10500,9000"]);
    let config = Config { premium: 60, thin: "0.5", ..CONFIG };
    let replayed = replay(&snapshots, &trades, &params(&config)).expect("replay");
    assert_eq!(
        replayed.shadow_log.lines().nth(1),
        Some(
            "replay_x,1.3.2a,1,10000,100,1100,0xm,binary,thin,1,10,2,6,\
1,0.49,0.48,30,10,2,0.48,0.47,12,6,,0,0,0,0,\
5.9364,5.994,0.0576,-0.21168,-0.15408,8,0.75,0.5,0.05,"
        )
    );
}

#[test]
fn repeats_of_a_trade_id_are_taken_and_counted() {
    let snapshots = table(SNAPSHOTS_HEADER, &[EXAMPLE]);
    let trades = table(TRADES_HEADER, &["10500,0xm,1,0.49,30,a,10500,"; 3]);
    let config = Config { premium: 60, ..CONFIG };
    let replayed = replay(&snapshots, &trades, &params(&config)).expect("replay");
    assert_eq!((replayed.trades, replayed.trades_duplicated), (3, 2));
    assert_eq!(cells(replayed.shadow_log.lines().nth(1).expect("row"))["leg0_v_mkt"], "90");
}

#[test]
fn unusable_cells_are_refused_with_file_row_and_column() {
    let run = |snapshots: &[&str], trades: &[&str]| {
        let snapshots = table(SNAPSHOTS_HEADER, snapshots);
        replay(&snapshots, &table(TRADES_HEADER, trades), &params(&CONFIG)).err()
    };
    let cell = |table, row, column, cause| Some(ReplayError::Cell { table, row, column, cause });
    let (shots, prints) = ("snapshots.csv", "trades.csv");
    let not_decimal = UnitError::NotDecimal;
    assert_eq!(run(&[EXAMPLE, "x,m,2"], &[]), cell(shots, 2, "ts_ms", not_decimal));
    assert_eq!(run(&["1,m,two"], &[]), cell(shots, 1, "legs_n", not_decimal));
    assert_eq!(
        run(&["1,m,2,a,0.1,-0.1,5,b,0.1,0.2,5,,,,"], &[]),
        cell(shots, 1, "leg0_best_ask", UnitError::Negative)
    );
    assert_eq!(
        run(&["1,m,2,a,1.1,0.1,5,b,0.1,0.2,5,,,,"], &[]),
        cell(shots, 1, "leg0_best_bid", UnitError::Overflow)
    );
    assert_eq!(
        run(&["1,m,2,a,0.1,0.1,5,b,0.1,0.2000001,5,,,,"], &[]),
        cell(shots, 1, "leg1_best_ask", UnitError::TooFine { scale: 6 })
    );
    assert_eq!(run(&[], &["1,m,a,NaN,1,,,"]), cell(prints, 1, "price", not_decimal));
    assert_eq!(run(&[], &["1,m,a,0.1,,,,"]), cell(prints, 1, "size", not_decimal));
    assert_eq!(run(&[], &[",m,a,0.1,1,,,"]), cell(prints, 1, "ts_ms", not_decimal));
    let wrong = replay(b"a,b\n", b"", &params(&CONFIG)).err();
    assert!(matches!(wrong, Some(ReplayError::Table { table: "snapshots.csv", .. })));
}

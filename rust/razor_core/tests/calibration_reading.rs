//! The strict reader of `calibration_log.csv` against a slow obvious one, on tables that are whole
//! and on tables with one thing wrong.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use razor_core::shadow::calibrate::read::{CellRule, Log, LogFault, read_log};
use razor_core::shadow::calibrate::{CALIBRATION_HEADER, FillSource, RealShare, calibrate};
use razor_core::signal::Bucket;
use razor_sim::rng::Rng;

const ONE: u128 = 1_000_000_000_000;

/// A row as cells, in the order of the header.
type Cells = Vec<String>;

fn place(column: &str) -> usize {
    CALIBRATION_HEADER.split(',').position(|name| name == column).expect("column")
}

/// A count of 10⁻⁶ as a plain decimal.
fn micro(count: u64) -> String {
    decimal(u128::from(count), 6)
}

fn decimal(count: u128, places: usize) -> String {
    let one = 10_u128.pow(u32::try_from(places).expect("places"));
    let part = format!("{:0places$}", count % one);
    let part = part.trim_end_matches('0');
    let dot = if part.is_empty() { "" } else { "." };
    format!("{}{dot}{part}", count / one)
}

/// `filled / whole` at 10⁻¹², rounded down and clamped; `None` without a whole.
fn share(filled: u64, whole: u64) -> Option<u128> {
    (whole > 0).then(|| (u128::from(filled) * ONE / u128::from(whole)).min(ONE))
}

fn any_row(rng: &mut Rng, index: u64) -> Cells {
    let action = ["FIRE", "CHASE", "FLATTEN"][rng.index(3)];
    let req = if rng.chance(5) { 0 } else { rng.below_wide(50_000_000) + 1 };
    let filled = (!rng.chance(10)).then(|| rng.below_wide(60_000_000));
    let volume = rng.chance(60).then(|| rng.below_wide(400_000_000));
    let text = |share: Option<u128>| share.map(|it| decimal(it, 12)).unwrap_or_default();
    vec![
        (1_000 + rng.below_wide(5_000)).to_string(),
        "run_a".to_owned(),
        "LIVE".to_owned(),
        index.to_string(),
        "1".to_owned(),
        action.to_owned(),
        ["liquid", "thin"][rng.index(2)].to_owned(),
        "0xabc".to_owned(),
        "101".to_owned(),
        if action == "FLATTEN" { "SELL" } else { "BUY" }.to_owned(),
        micro(req),
        filled.map(micro).unwrap_or_default(),
        volume.map(micro).unwrap_or_default(),
        text(filled.and_then(|filled| share(filled, req))),
        text(filled.and_then(|filled| share(filled, volume?))),
        String::new(),
        "1.5".to_owned(),
    ]
}

fn table(rows: &[Cells]) -> String {
    let lines: String = rows.iter().map(|cells| cells.join(",") + "\n").collect();
    format!("{CALIBRATION_HEADER}\n{lines}")
}

fn read(rows: &[Cells]) -> Result<Log, LogFault> {
    read_log(table(rows).as_bytes())
}

#[test]
fn whole_tables_are_read_as_the_obvious_reader_reads_them() {
    let mut rng = Rng::new(61);
    for round in 0..200 {
        let rows: Vec<Cells> = (0..rng.below_wide(40)).map(|it| any_row(&mut rng, it)).collect();
        let log = read(&rows).unwrap_or_else(|fault| panic!("round {round}: {fault}"));
        let cell = |row: &Cells, column: &str| row[place(column)].clone();
        let samples: Vec<&Cells> =
            rows.iter().filter(|row| !cell(row, "real_share_req").is_empty()).collect();
        assert_eq!(log.rows, rows.len() as u64);
        assert_eq!(log.rejected, (rows.len() - samples.len()) as u64);
        assert_eq!(log.mode, (!rows.is_empty()).then_some(FillSource::Live));
        let times: Vec<i64> =
            rows.iter().map(|row| cell(row, "ts_ms").parse().expect("time")).collect();
        assert_eq!(log.span_ms, times.iter().min().copied().zip(times.iter().max().copied()));
        assert_eq!(log.taken.len(), samples.len());
        for (taken, row) in log.taken.iter().zip(samples) {
            assert_eq!(taken.of_request.text(), cell(row, "real_share_req"));
            let of_volume = taken.of_volume.map(RealShare::text).unwrap_or_default();
            assert_eq!(of_volume, cell(row, "real_share_mkt"));
            assert_eq!(taken.bucket == Bucket::Thin, cell(row, "bucket") == "thin");
            assert_eq!(taken.is_entry, cell(row, "action") != "FLATTEN");
        }
    }
}

#[test]
fn one_wrong_cell_anywhere_is_found_at_its_line_and_column() {
    let mut rng = Rng::new(67);
    let wrong: [(&'static str, &[&str]); 12] = [
        ("ts_ms", &["", "1.5", "yesterday", "99999999999999999999"]),
        ("run_id", &["", "run_b"]),
        ("mode", &["", "DRY", "live", "SIM"]),
        ("signal_id", &["", "-1", "0x1"]),
        ("attempt", &["", "-1", "65536"]),
        ("action", &["", "fire", "CANCEL"]),
        ("bucket", &["", "Liquid", "fat"]),
        ("side", &["", "buy", "HOLD"]),
        ("req_qty", &["1,5", "ten", "0x10"]),
        ("filled_qty", &["--1", "1e"]),
        ("ask_size_best", &["lots"]),
        ("bid_size_best", &["1.0000000000001"]),
    ];
    for round in 0..400 {
        let mut rows: Vec<Cells> =
            (0..2 + rng.below_wide(20)).map(|it| any_row(&mut rng, it)).collect();
        // The first row says what run and mode the table is of.
        let line = 1 + rng.index(rows.len() - 1);
        let (column, cells) = wrong[rng.index(wrong.len())];
        let cell = cells[rng.index(cells.len())];
        let spoilt = if cell.contains(',') { format!("\"{cell}\"") } else { cell.to_owned() };
        rows[line][place(column)] = spoilt;
        let fault = read(&rows).expect_err("a fault");
        let LogFault::Cell { line: at, column: which, found, .. } = &fault else {
            panic!("round {round}: {fault}")
        };
        assert_eq!((*at, *which, found.as_str()), (line as u64 + 2, column, cell), "{fault}");
    }
}

#[test]
fn a_share_that_is_not_of_its_quantities_is_found() {
    let mut rng = Rng::new(71);
    let mut tried = 0;
    for round in 0..400 {
        let mut row = any_row(&mut rng, 1);
        let column = if rng.chance(50) { "real_share_req" } else { "real_share_mkt" };
        let written = row[place(column)].clone();
        let forged = match written.as_str() {
            "" => "0.5",
            "0.25" => "0.26",
            _ => "0.25",
        };
        forged.clone_into(&mut row[place(column)]);
        let fault = read(&[row]).expect_err("a fault");
        let LogFault::Cell { column: which, rule, .. } = fault else { panic!("round {round}") };
        assert_eq!((which, rule), (column, CellRule::ShareOfRow));
        tried += 1;
    }
    assert_eq!(tried, 400);
}

#[test]
fn a_table_cut_behind_a_line_is_shorter_and_cut_elsewhere_refused() {
    let mut rng = Rng::new(73);
    let rows: Vec<Cells> = (0..4).map(|it| any_row(&mut rng, it)).collect();
    let whole = table(&rows);
    for cut in 0..=whole.len() {
        let part = &whole[..cut];
        let read = read_log(part.as_bytes());
        if part.ends_with('\n') {
            let lines = part.lines().count() as u64 - 1;
            assert_eq!(read.map(|log| log.rows), Ok(lines), "cut at {cut}");
        } else {
            assert!(read.is_err(), "cut at {cut}: {part:?}");
        }
    }
}

#[test]
fn any_changed_byte_is_read_or_refused_and_never_a_panic() {
    let mut rng = Rng::new(79);
    let rows: Vec<Cells> = (0..6).map(|it| any_row(&mut rng, it)).collect();
    let whole = table(&rows).into_bytes();
    for _ in 0..4_000 {
        let mut bytes = whole.clone();
        for _ in 0..=rng.below(3) {
            let at = rng.index(bytes.len());
            bytes[at] = u8::try_from(rng.below(256)).expect("byte");
        }
        if let Err(fault) = read_log(&bytes) {
            assert!(fault.to_string().ends_with("razor audit rebuild RUN"), "{fault}");
        }
    }
}

#[test]
fn many_runs_give_the_figures_of_all_their_rows() {
    let mut rng = Rng::new(83);
    let rows: Vec<Cells> = (0..300).map(|it| any_row(&mut rng, it)).collect();
    let together = calibrate(&[("all".to_owned(), table(&rows))], 30).expect("calibration");
    let parts: Vec<(String, String)> = rows
        .chunks(37)
        .enumerate()
        .map(|(number, part)| {
            let mut part = part.to_vec();
            for row in &mut part {
                row[place("run_id")] = format!("run_{number}");
            }
            (format!("log {number}"), table(&part))
        })
        .collect();
    let apart = calibrate(&parts, 30).expect("calibration");
    let json = |found: &razor_core::shadow::calibrate::Calibration| {
        let value = serde_json::to_value(found).expect("json");
        (value["liquid"].clone(), value["thin"].clone(), value["rejected"].clone())
    };
    assert_eq!(json(&together), json(&apart));
}

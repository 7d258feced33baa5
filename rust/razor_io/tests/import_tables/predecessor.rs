//! Run directories of the predecessor: headers, rows that it would use, cells, orders, refusals.

use razor_io::import::Format;

use crate::kit::{Bench, gzip};

const SNAPSHOTS: &str = "ts_ms,market_id,legs_n,leg0_token_id,leg0_best_bid,leg0_best_ask,leg0_depth3_usdc,leg1_token_id,leg1_best_bid,leg1_best_ask,leg1_depth3_usdc,leg2_token_id,leg2_best_bid,leg2_best_ask,leg2_depth3_usdc";
const TRADES: &str = "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms";

fn run(snapshots: &str, trades: &str) -> Bench {
    Bench::with(&[
        ("snapshots.csv", &format!("{SNAPSHOTS}\n{snapshots}")),
        ("trades.csv", &format!("{TRADES}\n{trades}")),
        ("config.toml", "[run]\n"),
    ])
}

/// Cells of the first leg and what the quote says of it.
#[test]
fn cells_of_a_leg_are_plain_decimals_or_what_the_predecessor_took_them_for() {
    for (cells, want) in [
        ("0.48,0.49,120.5", "0,0.48,0.49,120.5"),
        ("0.480000,0.490000,0", "0,0.480000,0.490000,0"),
        (".5,1.,7", "0,.5,1.,7"),
        ("1e-2,2.5E-1,1e3", "0,0.01,0.25,1000"),
        ("+0.5,+0.6,+1", "0,0.5,0.6,1"),
        ("-0.1,-0.2,-3", "0,-0.1,-0.2,-3"),
        (",,", "0,0,1,"),
        ("NaN,nan,NaN", "0,0,1,"),
        ("inf,-inf,inf", "0,0,1,"),
        ("x,y,z", "0,0,1,"),
        (" 0.5,0.5 ,1 ", "0,0,1,"),
        ("0.5.5,0_5,1.2.3", "0,0,1,"),
        ("1e400,1e-400,1e41", "0,0,1,"),
        ("0,1,0", "0,0,1,0"),
    ] {
        let snapshots = format!("5,m,2,A,{cells},B,0.1,0.2,3,,,,\n");
        let made = run(&snapshots, "").import(Format::Predecessor);
        let want = format!("{want};1,0.1,0.2,3");
        assert_eq!(made.payloads("quote"), [want], "{cells}");
    }
}

#[test]
fn rows_that_the_predecessor_would_not_use_are_skipped_and_counted() {
    for (row, used) in [
        ("5,m,2,A,0,1,0,B,0,1,0,,,,", true),
        ("5,m,3,A,0,1,0,B,0,1,0,C,0,1,0", true),
        ("5,m,0,A,0,1,0,B,0,1,0,C,0,1,0", false),
        ("5,m,1,A,0,1,0,B,0,1,0,C,0,1,0", false),
        ("5,m,4,A,0,1,0,B,0,1,0,C,0,1,0", false),
        ("5,m,-2,A,0,1,0,B,0,1,0,C,0,1,0", false),
        ("5,m,2,,0,1,0,B,0,1,0,C,0,1,0", false),
        ("5,m,2,A,0,1,0,,0,1,0,C,0,1,0", false),
        ("5,m,2,A,0,1,0,  ,0,1,0,C,0,1,0", false),
        ("5,m,3,A,0,1,0,B,0,1,0,,0,1,0", false),
        ("5,m,2,A,0,1,0,B,0,1,0,C,0,1,0", true),
        ("5,,2,A,0,1,0,B,0,1,0,,,,", true),
    ] {
        let made = run(&format!("{row}\n"), "").import(Format::Predecessor);
        assert_eq!(made.payloads("quote").len(), usize::from(used), "{row}");
        assert_eq!(made.defect("skipped_snapshots"), u64::from(!used), "{row}");
        assert_eq!(made.manifest.markets.is_empty(), !used, "a skipped row names nothing");
    }
}

#[test]
fn sets_are_the_tokens_that_stood_together_under_one_key() {
    for (rows, want) in [
        ("5,m,2,A,,,,B,,,,,,,\n", &["m binary merge A B"][..]),
        ("5,m,2,A,,,,B,,,,,,,\n6,m,2,A,,,,B,,,,,,,\n", &["m binary merge A B"]),
        (
            "5,m,2,A,,,,B,,,,,,,\n6,m,2,B,,,,A,,,,,,,\n",
            &["m binary merge A B", "m binary merge B A"],
        ),
        (
            "5,m,2,A,,,,B,,,,,,,\n6,n,2,A,,,,B,,,,,,,\n",
            &["m binary merge A B", "n binary merge A B"],
        ),
        ("5,g,3,A,,,,B,,,,C,,,\n", &["g group unproven A B C"]),
        (
            "5,g,3,A,,,,B,,,,C,,,\n6,m,2,C,,,,D,,,,,,,\n",
            &["g group unproven A B C", "m binary merge C D"],
        ),
    ] {
        let made = run(rows, "").import(Format::Predecessor);
        assert_eq!(made.sets(), want, "{rows}");
    }
}

/// Cells of a trade and the time and texts that it becomes.
#[test]
fn a_trade_keeps_its_texts_and_takes_the_time_of_its_ingestion() {
    for (row, t, timestamp, ingest, exchange) in [
        ("900,m,A,0.485,10.0,t1,2000,", 2_000, "900", "2000", ""),
        ("900,m,A,0.485,10.0,t1,,", 900, "900", "", ""),
        ("900,m,A,0.485,10.0,t1,x,", 900, "900", "x", ""),
        ("900,m,A,0.485,10.0,t1,2000,800", 2_000, "800", "2000", "800"),
        ("900,m,A,0.485,10.0,t1,100,zzz", 100, "zzz", "100", "zzz"),
        ("-5,m,A,0.485,10.0,t1,,", -5, "-5", "", ""),
        ("0,m,A,0.485,10.0,t1,0,0", 0, "0", "0", "0"),
    ] {
        let made = run("", &format!("{row}\n")).import(Format::Predecessor);
        let ts = row.split(',').next().unwrap();
        let want = format!(
            "trade {} trades-0 0 {{\"asset\":\"A\",\"conditionId\":\"m\",\"side\":\"\",\
             \"size\":\"10.0\",\"price\":\"0.485\",\"timestamp\":\"{timestamp}\",\
             \"transactionHash\":\"\",\"trade_id\":\"t1\",\"ts_ms\":\"{ts}\",\
             \"ingest_ts_ms\":\"{ingest}\",\"exchange_ts_ms\":\"{exchange}\"}}",
            t * 1_000_000
        );
        assert_eq!(made.data(), [want], "{row}");
    }
}

#[test]
fn trade_ids_that_repeat_are_kept_and_counted() {
    for (ids, repeats) in [
        (&["a", "b", "c"][..], 0),
        (&["a", "a"], 1),
        (&["a", "b", "a", "a"], 2),
        (&["", "", ""], 0),
        (&["a", "", "a", ""], 1),
    ] {
        let rows: String = ids.iter().map(|id| format!("1,m,A,0.5,1,{id},,\n")).collect();
        let made = run("", &rows).import(Format::Predecessor);
        assert_eq!(made.payloads("trade").len(), ids.len());
        assert_eq!(made.defect("duplicate_trade_ids"), repeats, "{ids:?}");
    }
}

/// Times of snapshots and trades, and the merged order as words.
const ORDERS: &[(&[i64], &[i64], &str)] = &[
    (&[1, 2, 3], &[], "q1 q2 q3"),
    (&[], &[1, 2], "t1 t2"),
    (&[1, 3], &[2], "q1 t2 q3"),
    (&[2], &[2], "t2 q2"),
    (&[2, 2], &[2, 2], "t2 t2 q2 q2"),
    (&[1, 4], &[2, 3, 5], "q1 t2 t3 q4 t5"),
    (&[3, 1, 2], &[], "q1 q2 q3"),
    (&[3, 1], &[2, 0], "t0 q1 t2 q3"),
    (&[1, 2, 3], &[9, 1], "t1 q1 q2 q3 t9"),
    (&[5, 5, 1], &[5], "q1 t5 q5 q5"),
    (&[-1, 0], &[0], "q-1 t0 q0"),
];

#[test]
fn both_files_become_one_stream_by_time_and_a_trade_comes_before_a_quote_of_its_time() {
    for (snapshots, trades, want) in ORDERS {
        let rows: String = snapshots.iter().map(|t| format!("{t},m,2,A,,,,B,,,,,,,\n")).collect();
        let prints: String = trades.iter().map(|t| format!("{t},m,A,0.5,1,,,\n")).collect();
        let made = run(&rows, &prints).import(Format::Predecessor);
        let words: Vec<String> = made
            .data()
            .iter()
            .map(|line| {
                let mut cells = line.split(' ');
                let kind = cells.next().unwrap();
                let t: i64 = cells.next().unwrap().parse().unwrap();
                format!("{}{}", &kind[..1], t / 1_000_000)
            })
            .collect();
        assert_eq!(words.join(" "), *want, "{snapshots:?} {trades:?}");
        assert_eq!(made.manifest.counts.backwards, 0);
        let first = snapshots.iter().chain(*trades).min().unwrap() * 1_000_000;
        assert!(made.lines[0].starts_with(&format!("meta {first} meta 0 ")), "{}", made.lines[0]);
    }
}

#[test]
fn rows_of_one_time_keep_their_order_when_a_file_is_sorted() {
    let rows: String = [(2, 1), (1, 2), (2, 3), (1, 4), (2, 5), (1, 6)]
        .iter()
        .map(|(t, bid)| format!("{t},m,2,A,0.{bid},,,B,,,,,,,\n"))
        .collect();
    let made = run(&rows, "").import(Format::Predecessor);
    let bids: Vec<&str> =
        made.payloads("quote").iter().map(|text| text.split(',').nth(1).unwrap()).collect();
    assert_eq!(bids, ["0.2", "0.4", "0.6", "0.1", "0.3", "0.5"]);
}

#[test]
fn cells_that_cannot_be_guessed_are_refused_by_file_line_and_name() {
    let snapshot = "5,m,2,A,0,1,0,B,0,1,0,,,,\n";
    let trade = "5,m,A,0.5,1,t,,\n";
    for (snapshots, trades, want) in [
        ("x,m,2,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: ts_ms"),
        (",m,2,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: ts_ms"),
        ("1.5,m,2,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: ts_ms"),
        ("9223372036855,m,2,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: ts_ms"),
        (
            &format!("{snapshot}{snapshot}5,m,,A,0,1,0,B,0,1,0,,,,\n"),
            "",
            "snapshots.csv, line 4: legs_n",
        ),
        ("5,m,2.0,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: legs_n"),
        (&format!("{snapshot}5,m,2,A\n"), "", "snapshots.csv, line 3: the row"),
        (&format!("{snapshot}{},\n", snapshot.trim_end()), "", "snapshots.csv, line 3: the row"),
        ("", "x,m,A,0.5,1,t,,\n", "trades.csv, line 2: ts_ms"),
        ("", &format!("{trade}5,m,A,,1,t,,\n"), "trades.csv, line 3: price"),
        ("", &format!("{trade}5,m,A,NaN,1,t,,\n"), "trades.csv, line 3: price"),
        ("", "5,m,A,0.5,inf,t,,\n", "trades.csv, line 2: size"),
        ("", "5,m,A,0.5,1e99,t,,\n", "trades.csv, line 2: size"),
        ("", "5,m,A, 0.5,1,t,,\n", "trades.csv, line 2: price"),
        ("", &format!("{trade}{trade}5,m,A\n"), "trades.csv, line 4: the row"),
    ] {
        let refusal = run(snapshots, trades).refusal(Format::Predecessor);
        assert!(refusal.contains(want), "{refusal}");
    }
}

#[test]
fn headers_must_be_those_of_the_predecessor_to_the_letter() {
    for (name, header) in [("snapshots.csv", SNAPSHOTS), ("trades.csv", TRADES)] {
        for bad in [
            String::new(),
            header.to_uppercase(),
            header.replacen("market_id", "market", 1),
            format!("{header},more"),
            header.rsplit_once(',').unwrap().0.to_owned(),
            format!(" {header}"),
            header.replacen(',', ";", 1),
            header.replacen("ts_ms,market_id", "market_id,ts_ms", 1),
        ] {
            let bench = run("", "");
            bench.put(name, format!("{bad}\n").as_bytes());
            let refusal = bench.refusal(Format::Predecessor);
            let want = format!("{name}: the header is not `ts_ms,market_id");
            assert!(refusal.contains(&want), "{bad:?}: {refusal}");
        }
        let bench = run("", "");
        bench.put(name, format!("{header}\r\n").as_bytes());
        assert_eq!(bench.import(Format::Predecessor).lines.len(), 1, "line ends are no cells");
    }
}

#[test]
fn config_travels_verbatim_and_all_three_files_are_needed() {
    let bench = run("", "");
    bench.put("config.toml", "# \u{e9}\n[run]\nx = \"\\n\"\r\n".as_bytes());
    let made = bench.import(Format::Predecessor);
    assert_eq!(made.manifest.source.config.as_deref(), Some("# \u{e9}\n[run]\nx = \"\\n\"\r\n"));
    let inputs: Vec<&str> =
        made.manifest.source.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["snapshots.csv", "trades.csv", "config.toml"]);
    for name in ["snapshots.csv", "trades.csv", "config.toml"] {
        let bench = run("", "");
        std::fs::remove_file(bench.file(name)).unwrap();
        let refusal = bench.refusal(Format::Predecessor);
        assert!(refusal.contains(name), "{refusal}");
    }
    let bench = run("", "");
    bench.put("config.toml", &vec![b'#'; (1 << 20) + 1]);
    assert!(bench.refusal(Format::Predecessor).contains("config.toml: more than 1048576 bytes"));
    bench.put("config.toml", &vec![b'#'; 1 << 20]);
    assert_eq!(bench.import(Format::Predecessor).lines.len(), 1);
}

#[test]
fn compressed_tables_are_the_same_tables() {
    let rows: String =
        (0..2_000).map(|t| format!("{t},m,2,A,0.4,0.5,1,B,0.4,0.5,1,,,,\n")).collect();
    let want = run(&rows, "").import(Format::Predecessor).lines;
    let text = format!("{SNAPSHOTS}\n{rows}");
    for bytes in [gzip(text.as_bytes()), zstd::bulk::compress(text.as_bytes(), 1).unwrap()] {
        let bench = run("", "");
        bench.put("snapshots.csv", &bytes);
        assert_eq!(bench.import(Format::Predecessor).lines, want);
    }
}

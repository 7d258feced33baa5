//! F6, detection of formats, and what all importers share: compression, line ends, stopping.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use razor_io::import::{Control, Format, ImportError, Progress, detect, import};

use crate::kit::{Bench, gzip};

#[test]
fn a_stamped_line_is_time_blank_text() {
    for (line, want) in [
        ("1 {}", "ref 1 ref-0 0 {}"),
        ("0 {\"a\": 1}", "ref 0 ref-0 0 {\"a\": 1}"),
        ("1782377964000000000 {}", "ref 1782377964000000000 ref-0 0 {}"),
        ("9223372036854775807 {}", "ref 9223372036854775807 ref-0 0 {}"),
        ("5  {}", "ref 5 ref-0 0  {}"),
        ("5 no json at all", "ref 5 ref-0 0 no json at all"),
        ("5 ", "ref 5 ref-0 0 "),
        ("5 {}\r", "ref 5 ref-0 0 {}"),
        ("5 \u{e9}\u{1f600}\"\\", "ref 5 ref-0 0 \u{e9}\u{1f600}\"\\"),
    ] {
        for end in ["", "\n"] {
            let bench = Bench::with(&[("feed", &format!("{line}{end}"))]);
            let made = bench.try_import(&bench.file("feed"), Format::F6).unwrap();
            assert_eq!(made.lines, [want], "{line:?}");
            assert_eq!(made.manifest.flags, ["reference_only"]);
        }
    }
}

#[test]
fn a_line_without_time_or_blank_is_named() {
    for (line, want) in [
        ("", "line 2: the line"),
        ("5", "line 2: the line"),
        ("{}", "line 2: the line"),
        ("x {}", "line 2: the receive time"),
        (" 5 {}", "line 2: the receive time"),
        ("5.0 {}", "line 2: the receive time"),
        ("1e9 {}", "line 2: the receive time"),
        ("9223372036854775808 {}", "line 2: the receive time"),
    ] {
        let bench = Bench::with(&[("feed", &format!("1 {{}}\n{line}\n"))]);
        let error = bench.try_import(&bench.file("feed"), Format::F6).unwrap_err().to_string();
        assert!(error.contains("feed") && error.contains(want), "{line:?}: {error}");
        assert!(!bench.out().exists());
    }
}

#[test]
fn compression_is_told_by_the_first_bytes_and_changes_nothing() {
    let text: String = (0..3_000).map(|n| format!("{n} {{\"price\": {n}}}\n")).collect();
    let two = text.split_at(text.find("1500 ").unwrap());
    let zstd = |text: &str| zstd::bulk::compress(text.as_bytes(), 1).unwrap();
    let mut want = None;
    for bytes in [
        text.clone().into_bytes(),
        zstd(&text),
        [zstd(two.0), zstd(two.1)].concat(),
        gzip(text.as_bytes()),
        [gzip(two.0.as_bytes()), gzip(two.1.as_bytes())].concat(),
    ] {
        let bench = Bench::new();
        bench.put("feed", &bytes);
        assert_eq!(detect(&bench.file("feed")).unwrap(), Format::F6);
        let made = bench.try_import(&bench.file("feed"), Format::F6).unwrap();
        assert_eq!(made.lines.len(), 3_000);
        let hash = made.manifest.text_sha256.clone();
        assert_eq!(*want.get_or_insert(hash.clone()), hash);
        assert_eq!(made.manifest.source.inputs[0].bytes, bytes.len() as u64);
    }
}

#[test]
fn a_compressed_source_that_is_cut_off_is_an_error_that_names_it() {
    let text: String = (0..3_000).map(|n| format!("{n} {{\"price\": {n}}}\n")).collect();
    for bytes in [zstd::bulk::compress(text.as_bytes(), 1).unwrap(), gzip(text.as_bytes())] {
        for keep in [bytes.len() - 1, bytes.len() / 2, 12] {
            let bench = Bench::new();
            bench.put("feed", &bytes[..keep]);
            let error = bench.try_import(&bench.file("feed"), Format::F6).unwrap_err();
            assert!(matches!(error, ImportError::Io { .. }), "{keep}: {error}");
            assert!(error.to_string().contains("feed"), "{error}");
            assert!(!bench.out().exists());
        }
    }
}

#[test]
fn text_that_is_no_utf8_is_named_by_its_line() {
    let bench = Bench::new();
    bench.put("feed", b"1 {}\n2 \xff\n");
    let error = bench.try_import(&bench.file("feed"), Format::F6).unwrap_err().to_string();
    assert!(error.contains("feed, line 2: text (not UTF-8)"), "{error}");
}

#[test]
fn formats_are_told_by_content_where_content_tells() {
    const F2: &str = "timestamp_utc,condition_id,question,slug,end_date,outcomes,best_bid,best_ask,event_id,event_tags\n";
    for (name, text, want) in [
        ("a.txt", "5 {}\n", Some(Format::F6)),
        ("a.csv", "5 {}\n", Some(Format::F6)),
        ("a", "5 {", Some(Format::F6)),
        ("a", "5 []", None),
        ("a", "5.0 {}", None),
        ("a", " {}", None),
        ("a", "{}", None),
        ("a", "", None),
        ("a", "\n", None),
        ("a.csv", F2, Some(Format::F2)),
        ("whatever", F2, Some(Format::F2)),
        ("a.csv", "timestamp_utc,condition_id\n", None),
        ("a.csv", &F2.replace("best_ask", "x,best_ask,y"), Some(Format::F2)),
        ("a.csv", &F2.replace(",best_ask", ""), None),
        ("a.parquet", "PAR1", Some(Format::F3)),
        ("a", "PAR1 and anything", Some(Format::F3)),
        ("a.parquet", "PAR", None),
    ] {
        let bench = Bench::with(&[(name, text)]);
        match detect(&bench.file(name)) {
            Ok(format) => assert_eq!(Some(format), want, "{name} {text:?}"),
            Err(ImportError::UnknownFormat { path }) => {
                assert_eq!((None, path), (want, bench.file(name)), "{name} {text:?}");
            }
            Err(error) => panic!("{name} {text:?}: {error}"),
        }
    }
}

#[test]
fn directories_are_told_by_the_files_in_them() {
    let run = ["snapshots.csv", "trades.csv", "config.toml"];
    for (names, want) in [
        (&["markets.jsonl", "raw_messages.jsonl"][..], Some(Format::F1)),
        (&["markets.jsonl.zst", "raw_messages.jsonl"], Some(Format::F1)),
        (&["markets.jsonl.zst", "raw_messages.jsonl.zst"], Some(Format::F1)),
        (&["markets.jsonl"], None),
        (&["raw_messages.jsonl"], None),
        (&run, Some(Format::Predecessor)),
        (&run[..2], Some(Format::F2)),
        (&["x.parquet"], Some(Format::F3)),
        (&["2026/07/x.parquet", "a.csv"], Some(Format::F3)),
        (&["a.csv.gz"], Some(Format::F2)),
        (&["A.CSV"], Some(Format::F2)),
        (&["notes.txt"], None),
        (&[], None),
    ] {
        let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "x")).collect();
        let bench = Bench::with(&files);
        let found = detect(&bench.source());
        match found {
            Ok(format) => assert_eq!(Some(format), want, "{names:?}"),
            Err(error) => {
                assert!(want.is_none(), "{names:?}: {error}");
                assert!(error.to_string().contains("f1, f2, f3, f6, predecessor"), "{error}");
            }
        }
    }
}

#[test]
fn each_format_has_one_word() {
    let all = [Format::F1, Format::F2, Format::F3, Format::F6, Format::Predecessor];
    let words = ["f1", "f2", "f3", "f6", "predecessor"];
    for (format, word) in all.into_iter().zip(words) {
        assert_eq!((format.word(), format.to_string().as_str()), (word, word));
        assert_eq!(word.parse(), Ok(format));
    }
    for word in ["", "F1", "f4", "f5", "predecessor "] {
        assert_eq!(word.parse::<Format>(), Err(()), "{word:?}");
    }
}

#[test]
fn an_import_can_be_stopped_before_it_begins_and_at_each_report() {
    let text: String = (0..5_000).map(|n| format!("{n} {{}}\n")).collect();
    let bench = Bench::with(&[("feed", &text)]);
    let mut reports = 0;
    let mut stop_at = 0;
    loop {
        let cancel = AtomicBool::new(stop_at == 0);
        let mut seen = 0;
        let mut report = |_: Progress| {
            seen += 1;
            cancel.store(seen >= stop_at, Ordering::Relaxed);
        };
        let mut control = Control::new(&mut report, &cancel);
        let result = import(&bench.file("feed"), &bench.out(), Format::F6, &mut control);
        reports = reports.max(seen);
        if result.is_ok() {
            assert!(stop_at > reports, "stopping at report {stop_at} had no effect");
            break;
        }
        assert!(matches!(result, Err(ImportError::Cancelled)));
        assert!(!bench.out().exists());
        assert_eq!(fs::read_dir(bench.dir.path()).unwrap().count(), 1);
        stop_at += 1;
    }
    assert!(reports >= 4, "{reports}");
}

#[test]
fn a_bomb_is_named_as_one_in_every_format_of_text() {
    const F2: &str = "timestamp_utc,condition_id,question,slug,end_date,outcomes,best_bid,best_ask,event_id,event_tags\n";
    let row = format!("2026-06-25T00:00:00Z,c,{},s,,,0.1,0.2,e,\n", "q".repeat(60_000));
    let mut text = F2.to_owned();
    while text.len() < 70 << 20 {
        text.push_str(&row);
    }
    let bench = Bench::new();
    bench.put("q.csv.zst", &zstd::bulk::compress(text.as_bytes(), 3).unwrap());
    drop(text);
    let error = bench.try_import(&bench.source(), Format::F2).unwrap_err();
    assert!(matches!(error, ImportError::Bomb { .. }), "{error}");
    assert!(error.to_string().contains("q.csv.zst"), "{error}");
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let text: String = (0..5_000).map(|n| format!("{n} {{\"n\":{n}}}\n")).collect();
    let bytes = || {
        let bench = Bench::with(&[("feed", &text)]);
        let made = bench.try_import(&bench.file("feed"), Format::F6).unwrap();
        assert_eq!(made.manifest.source.inputs[0].name, "feed", "no path of this machine");
        (fs::read(bench.out()).unwrap(), made.manifest)
    };
    assert_eq!(bytes(), bytes());
}

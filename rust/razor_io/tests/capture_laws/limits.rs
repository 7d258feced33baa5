//! Both sides of each bound of a capture: line length, ratio, names, label, sidecar version.

use std::fs;

use razor_io::capture::{
    CaptureError, CaptureReader, CaptureWriter, Limits, Manifest, MarketMeta, SCHEMA, SetMeta,
    Source, manifest_path, read_manifest, read_text,
};

use crate::kit::{Row, read, read_until, scratch, text_of, write};

/// A row whose line is exactly this long without its line end.
fn of_length(len: usize) -> Row {
    let empty = text_of(&[Row::ws(1, "")]).len() - 1;
    Row::ws(1, &"x".repeat(len - empty))
}

#[test]
fn a_line_of_the_cap_is_read_and_one_byte_more_is_refused_wherever_the_line_stands() {
    for cap in [100_usize, 5_000, 300_000] {
        for (before, zipped) in [(0, false), (3, false), (0, true), (3, true)] {
            let (_dir, path) = scratch("x.jsonl");
            let limits = Limits { max_line: cap, ..Limits::default() };
            let small = vec![of_length(80); before];
            for (len, fits) in [(cap - 1, true), (cap, true), (cap + 1, false), (cap * 3, false)] {
                let rows = [small.clone(), vec![of_length(len), of_length(90)]].concat();
                if zipped {
                    write(&path, &rows);
                } else {
                    fs::write(&path, text_of(&rows)).unwrap();
                }
                let (found, error) = read_until(&path, limits);
                if fits {
                    assert_eq!(found, rows, "{len} of {cap}");
                    assert!(error.is_none(), "{len} of {cap}: {error:?}");
                    continue;
                }
                assert_eq!(found, rows[..before], "{len} of {cap}");
                let Some(CaptureError::LineTooLong { line, cap: named, .. }) = error else {
                    panic!("{len} of {cap}: {error:?}");
                };
                assert_eq!((line, named), (before as u64 + 1, cap));
            }
        }
    }
}

#[test]
fn a_last_line_without_its_end_is_bound_by_the_same_cap() {
    let (_dir, path) = scratch("x.jsonl");
    let limits = Limits { max_line: 200, ..Limits::default() };
    for (len, fits) in [(200, true), (201, false)] {
        let text = text_of(&[of_length(len)]);
        fs::write(&path, &text[..text.len() - 1]).unwrap();
        let (found, error) = read_until(&path, limits);
        assert_eq!(found.len(), usize::from(fits));
        assert_eq!(error.is_none(), fits, "{len}: {error:?}");
    }
}

#[test]
fn a_capture_is_a_bomb_only_beyond_both_the_free_bytes_and_the_ratio() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let manifest = write(&path, &vec![Row::ws(1, &"y".repeat(900)); 2_000]);
    let (text, file) = (manifest.counts.text_bytes, manifest.file_bytes);
    let ratio = text / file;
    assert!(ratio > 100, "{ratio}");
    for (max_ratio, free_bytes, is_bomb) in [
        (ratio + 1, 0, false),
        (ratio / 2, 0, true),
        (1, text, false),
        (1, text - 1, true),
        (0, text, false),
        (ratio + 1, text, false),
    ] {
        let limits = Limits { max_ratio, free_bytes, ..Limits::default() };
        let (found, error) = read_until(&path, limits);
        let named = format!("ratio {max_ratio} free {free_bytes}: {error:?}");
        if is_bomb {
            let refused =
                matches!(error, Some(CaptureError::Bomb { ratio, .. }) if ratio == max_ratio);
            assert!(refused, "{named}");
        } else {
            assert!(error.is_none() && found.len() == 2_000, "{named}");
        }
    }
}

#[test]
fn a_text_is_given_whole_up_to_the_callers_cap() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let rows = vec![Row::ws(1, "abc"); 100];
    write(&path, &rows);
    let text = text_of(&rows);
    assert_eq!(read_text(&path, text.len()).unwrap(), text);
    let refused = read_text(&path, text.len() - 1);
    assert!(matches!(refused, Err(CaptureError::Bomb { .. })));
}

#[test]
fn names_of_connections_have_an_alphabet_and_a_length() {
    for (name, fits) in [
        ("a", true),
        ("A-Z_a.z:09", true),
        (&"n".repeat(64), true),
        (&"n".repeat(65), false),
        ("", false),
        ("a b", false),
        ("a\"", false),
        ("a\\", false),
        ("a\n", false),
        ("é", false),
        ("a/b", false),
        ("a,b", false),
        ("\u{0}", false),
    ] {
        let (_dir, path) = scratch("x.jsonl.zst");
        let mut writer = CaptureWriter::create(&path, 1).unwrap();
        let row = Row { conn: name.to_owned(), ..Row::ws(1, "x") };
        let written = writer.write(&row.record());
        assert_eq!(written.is_ok(), fits, "{name:?}");
        if let Err(error) = written {
            assert!(error.to_string().contains("x.jsonl.zst"), "{error}");
        }
        writer.finish(Source::default()).unwrap();
        assert_eq!(read(&path).len(), usize::from(fits), "{name:?}");
    }
}

#[test]
fn labels_are_cut_at_512_bytes_between_characters() {
    for (label, want) in [
        ("x".repeat(511), 511),
        ("x".repeat(512), 512),
        ("x".repeat(513), 512),
        ("é".repeat(256), 512),
        (format!("x{}", "é".repeat(256)), 511),
        ("😀".repeat(128), 512),
        (format!("xx{}", "😀".repeat(128)), 510),
        (String::new(), 0),
    ] {
        assert_eq!(MarketMeta::quoted("t", &label).label.len(), want);
        assert!(label.starts_with(&MarketMeta::quoted("t", &label).label));
    }
}

#[test]
fn definitions_go_into_one_line_up_to_256_and_into_several_above() {
    let market = |n: usize| MarketMeta::quoted(&format!("m{n}"), "q");
    let set = |n: usize| SetMeta {
        key: format!("s{n}"),
        kind: "group".to_owned(),
        legs: vec!["m0".to_owned(), "m1".to_owned()],
        settlement: "hold".to_owned(),
    };
    for (markets, sets, lines) in [
        (0, 0, 1),
        (1, 0, 1),
        (256, 256, 1),
        (257, 0, 2),
        (257, 1, 3),
        (1, 257, 3),
        (512, 512, 4),
        (513, 513, 6),
    ] {
        let (_dir, path) = scratch("x.jsonl.zst");
        let mut writer = CaptureWriter::create(&path, 1).unwrap();
        let defined = (0..markets).map(market).collect();
        writer.define(5, defined, (0..sets).map(set).collect()).unwrap();
        let manifest = writer.finish(Source::default()).unwrap();
        assert_eq!(manifest.counts.lines, lines, "{markets} markets, {sets} sets");
        assert_eq!((manifest.markets.len(), manifest.sets.len()), (markets, sets));
        assert!(read(&path).iter().all(|row| row.conn == "meta" && row.t == 5));
    }
}

#[test]
fn a_sidecar_of_this_version_is_read_and_any_other_is_refused_by_name() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let manifest = write(&path, &[Row::ws(1, "x")]);
    for (schema, reads) in [
        (SCHEMA, true),
        ("razor-capture-2", false),
        ("razor-capture-1 ", false),
        ("RAZOR-CAPTURE-1", false),
        ("", false),
    ] {
        let other = Manifest { schema: schema.to_owned(), ..manifest.clone() };
        fs::write(manifest_path(&path), serde_json::to_vec(&other).unwrap()).unwrap();
        match read_manifest(&path) {
            Ok(read) => assert!(reads && read == Some(other), "{schema}"),
            Err(error) => {
                assert!(matches!(error, CaptureError::Schema { .. }), "{schema}: {error}");
                assert!(error.to_string().contains("x.manifest.json"), "{error}");
                assert!(!reads, "{schema}");
            }
        }
    }
}

#[test]
fn a_sidecar_with_a_field_missing_or_of_another_type_is_no_manifest() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let manifest = write(&path, &[Row::ws(1, "x")]);
    let whole = serde_json::to_value(&manifest).unwrap();
    for key in whole.as_object().unwrap().keys() {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(key);
        let mut wrong = whole.clone();
        wrong[key] = serde_json::json!(-1);
        for broken in [without, wrong] {
            fs::write(manifest_path(&path), broken.to_string()).unwrap();
            let refused = read_manifest(&path);
            assert!(matches!(refused, Err(CaptureError::Manifest { .. })), "{key}: {refused:?}");
        }
    }
    fs::write(manifest_path(&path), &serde_json::to_vec(&manifest).unwrap()[..40]).unwrap();
    assert!(matches!(read_manifest(&path), Err(CaptureError::Manifest { .. })));
}

#[test]
fn a_reader_of_nothing_and_a_writer_into_nothing_name_the_path() {
    let (dir, path) = scratch("none.jsonl.zst");
    let Err(error) = CaptureReader::open(&path, Limits::default()) else { panic!("it opened") };
    assert!(matches!(error, CaptureError::Io { .. }));
    assert!(error.to_string().contains("none.jsonl.zst"), "{error}");
    // A directory opens and cannot be read.
    let (_, error) = read_until(dir.path(), Limits::default());
    assert!(matches!(error, Some(CaptureError::Io { .. })), "{error:?}");
    fs::create_dir(&path).unwrap();
    let writer = CaptureWriter::create(&path, 1).unwrap();
    let refused = writer.finish(Source::default());
    assert!(matches!(refused, Err(CaptureError::Io { .. })), "a directory has the name");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no part file stays: {left:?}");
}

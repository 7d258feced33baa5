//! Every place at which a capture can end: the complete lines before it, and an error that says so.

use std::fs;

use razor_io::capture::{CaptureError, CaptureReader, Limits, LineError, info};

use crate::kit::{Dice, Row, read_until, scratch, text_of, write_blocks};

/// Ends of the compressed frames of a file made of these blocks, and the lines up to each.
fn frames(rows: &[Row], borders: &[usize]) -> (Vec<u8>, Vec<(usize, usize)>) {
    let (_dir, path) = scratch("x.jsonl.zst");
    let mut ends = Vec::new();
    let borders: Vec<usize> =
        borders.iter().copied().chain([rows.len()]).filter(|at| *at > 0).collect();
    for lines in &borders {
        write_blocks(&path, &rows[..*lines], &borders);
        ends.push((fs::read(&path).unwrap().len(), *lines));
    }
    (fs::read(&path).unwrap(), ends)
}

#[test]
fn every_cut_of_a_compressed_capture_gives_whole_lines_and_the_number_of_the_last() {
    let (_dir, path) = scratch("cut.jsonl.zst");
    for seed in 0..3 {
        let rows = Dice::new(seed).rows(40);
        let (bytes, ends) = frames(&rows, &[7, 8, 25]);
        for keep in 4..bytes.len() {
            fs::write(&path, &bytes[..keep]).unwrap();
            let (found, error) = read_until(&path, Limits::default());
            assert_eq!(found, rows[..found.len()], "seed {seed} cut {keep}");
            let whole = ends.iter().filter(|(end, _)| *end <= keep).map(|(_, lines)| *lines);
            assert!(found.len() >= whole.max().unwrap_or(0), "seed {seed} cut {keep}");
            if let Some((_, lines)) = ends.iter().find(|(end, _)| *end == keep) {
                // Between two frames nothing is missing that the file itself could tell of.
                assert!(error.is_none() && found.len() == *lines, "seed {seed} cut {keep}");
                continue;
            }
            let Some(CaptureError::Truncated { line, path: named }) = error else {
                panic!("seed {seed} cut {keep}: {error:?}");
            };
            assert_eq!((line, named), (found.len() as u64, path.clone()), "seed {seed} cut {keep}");
        }
    }
}

#[test]
fn a_file_of_less_than_a_magic_is_no_line_and_one_of_nothing_is_empty() {
    let (_dir, path) = scratch("cut.jsonl.zst");
    let (bytes, _) = frames(&Dice::new(1).rows(3), &[]);
    fs::write(&path, b"").unwrap();
    let (rows, error) = read_until(&path, Limits::default());
    assert!(rows.is_empty() && error.is_none());
    for keep in 1..4 {
        fs::write(&path, &bytes[..keep]).unwrap();
        let (rows, error) = read_until(&path, Limits::default());
        assert!(rows.is_empty());
        assert!(matches!(error, Some(CaptureError::Line { line: 1, .. })), "{keep}: {error:?}");
    }
}

#[test]
fn every_cut_of_a_plain_capture_gives_whole_lines_and_names_the_broken_one() {
    let (_dir, path) = scratch("cut.jsonl");
    for seed in 10..13 {
        let rows = Dice::new(seed).rows(12);
        let text = text_of(&rows);
        let starts: Vec<usize> = (0..=12).map(|lines| text_of(&rows[..lines]).len()).collect();
        for keep in 0..=text.len() {
            fs::write(&path, &text[..keep]).unwrap();
            let (found, error) = read_until(&path, Limits::default());
            // A line without its line end is whole all the same.
            let whole = (0..12).filter(|line| starts[line + 1] - 1 <= keep).count();
            assert_eq!(found, rows[..whole], "seed {seed} cut {keep}");
            let is_border = keep <= starts[whole];
            match error {
                None => assert!(is_border, "seed {seed} cut {keep}"),
                Some(CaptureError::Line { line, source, .. }) => {
                    assert!(!is_border, "seed {seed} cut {keep}");
                    assert_eq!(line, whole as u64 + 1);
                    let known = matches!(source, LineError::NotUtf8 | LineError::NotARecord { .. });
                    assert!(known, "seed {seed} cut {keep}: {source}");
                }
                Some(other) => panic!("seed {seed} cut {keep}: {other}"),
            }
        }
    }
}

#[test]
fn info_describes_a_cut_file_as_far_as_it_reads_and_names_the_damage() {
    let (_dir, path) = scratch("cut.jsonl.zst");
    let rows = Dice::new(3).rows(60);
    let (bytes, ends) = frames(&rows, &[20, 40]);
    for keep in (4..bytes.len()).step_by(3) {
        fs::write(&path, &bytes[..keep]).unwrap();
        let (found, error) = read_until(&path, Limits::default());
        let described = info(&path, Limits::default(), |_| true).unwrap();
        assert_eq!(described.counts.lines, found.len() as u64, "cut {keep}");
        assert_eq!(described.defects.broken, error.map(|error| error.to_string()), "cut {keep}");
        let border = ends.iter().any(|(end, _)| *end == keep);
        assert_eq!(described.defects.broken.is_none(), border, "cut {keep}");
        assert_eq!(described.defects.undecodable_lines, 0);
    }
}

#[test]
fn a_reader_that_has_failed_gives_no_more_rows() {
    let (_dir, path) = scratch("cut.jsonl.zst");
    let (bytes, _) = frames(&Dice::new(4).rows(30), &[15]);
    fs::write(&path, &bytes[..bytes.len() - 2]).unwrap();
    let mut reader = CaptureReader::open(&path, Limits::default()).unwrap();
    let mut lines = 0;
    while let Ok(Some(_)) = reader.next_record() {
        lines += 1;
    }
    assert!(lines >= 15, "{lines}");
    for _ in 0..3 {
        assert!(!matches!(reader.next_record(), Ok(Some(_))));
    }
}

#[test]
fn bytes_behind_the_last_frame_are_named_damage_and_take_no_line_away() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let rows = Dice::new(6).rows(10);
    let (bytes, _) = frames(&rows, &[]);
    for tail in [&b"garbage behind"[..], b"\0\0\0\0\0\0\0\0", b"{}\n{}\n"] {
        fs::write(&path, [&bytes[..], tail].concat()).unwrap();
        let (found, error) = read_until(&path, Limits::default());
        assert_eq!(found, rows);
        let named = matches!(error, Some(CaptureError::Damaged { line: 10, .. }));
        assert!(named, "{tail:?}: {error:?}");
    }
}

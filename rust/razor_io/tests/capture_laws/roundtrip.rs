//! Whatever is written is read, however it was cut into blocks and however it is read.

use std::fs;

use razor_io::capture::{
    CaptureReader, CaptureWriter, GapEntry, Kind, Limits, MarketMeta, MetaPayload, SetMeta, Source,
    info, read_manifest, read_text,
};

use crate::kit::{Dice, Row, read, read_memory, scratch, text_of, write, write_blocks};

#[test]
fn any_rows_read_back_through_any_split_into_blocks() {
    let (_dir, path) = scratch("x.jsonl.zst");
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let rows = dice.rows(120);
        let cuts: Vec<usize> = (0..dice.below(20)).map(|_| dice.below(120) as usize).collect();
        write_blocks(&path, &rows, &cuts);
        assert_eq!(read(&path), rows, "seed {seed}, borders {cuts:?}");
    }
}

#[test]
fn the_text_and_what_the_sidecar_says_of_it_do_not_depend_on_the_split() {
    let (_dir, path) = scratch("x.jsonl.zst");
    for seed in 100..130 {
        let mut dice = Dice::new(seed);
        let rows = dice.rows(60);
        let whole = write(&path, &rows);
        let text = read_text(&path, usize::MAX).unwrap();
        assert_eq!(text, text_of(&rows));
        for parts in [1_u64, 2, 7, 60] {
            let cuts: Vec<usize> = (0..parts).map(|_| dice.below(60) as usize).collect();
            let split = write_blocks(&path, &rows, &cuts);
            assert_eq!(split.text_sha256, whole.text_sha256, "seed {seed} {cuts:?}");
            assert_eq!(split.counts, whole.counts, "seed {seed} {cuts:?}");
            assert_eq!(read_text(&path, usize::MAX).unwrap(), text);
        }
    }
}

#[test]
fn a_block_of_its_own_per_row_is_a_capture_like_any_other() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let rows = Dice::new(5).rows(200);
    let every: Vec<usize> = (0..200).collect();
    let manifest = write_blocks(&path, &rows, &every);
    assert_eq!(manifest.counts.lines, 200);
    assert_eq!(read(&path), rows);
    assert_eq!(read_manifest(&path).unwrap(), Some(manifest));
}

#[test]
fn file_memory_and_plain_text_give_the_same_rows() {
    let (dir, path) = scratch("x.jsonl.zst");
    for seed in 200..220 {
        let rows = Dice::new(seed).rows(80);
        write(&path, &rows);
        let text = read_text(&path, usize::MAX).unwrap();
        let plain = dir.path().join("x.jsonl");
        fs::write(&plain, &text).unwrap();
        assert_eq!(read(&plain), rows, "seed {seed}");
        assert_eq!(read_memory(&text), rows, "seed {seed}");
        let open = text.strip_suffix(b"\n").unwrap();
        assert_eq!(read_memory(open), rows, "the last line end is optional, seed {seed}");
    }
}

#[test]
fn what_razor_writes_never_takes_the_slow_way() {
    let (_dir, path) = scratch("x.jsonl.zst");
    for seed in 300..310 {
        write(&path, &Dice::new(seed).rows(300));
        let mut reader = CaptureReader::open(&path, Limits::default()).unwrap();
        while reader.next_record().unwrap().is_some() {}
        assert_eq!((reader.general_lines(), reader.lines()), (0, 300), "seed {seed}");
    }
}

#[test]
fn levels_of_compression_change_bytes_and_nothing_else() {
    let rows = Dice::new(9).rows(500);
    let mut texts = Vec::new();
    for level in [-5, 1, 3, 9, 19] {
        let (_dir, path) = scratch("x.jsonl.zst");
        let mut writer = CaptureWriter::create(&path, level).unwrap();
        rows.iter().for_each(|row| writer.write(&row.record()).unwrap());
        let manifest = writer.finish(Source::default()).unwrap();
        assert_eq!(read(&path), rows, "level {level}");
        texts.push(manifest.text_sha256);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
}

#[test]
fn rows_and_blocks_keep_the_order_in_which_they_were_given() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    let mut builder = razor_io::capture::BlockBuilder::new(1).unwrap();
    let row = |n: i64| Row::ws(n, &format!("{{\"n\":{n}}}"));
    writer.write(&row(0).record()).unwrap();
    builder.push(&row(1).record());
    writer.append(&builder.seal().unwrap()).unwrap();
    writer.write(&row(2).record()).unwrap();
    writer.write(&row(3).record()).unwrap();
    builder.push(&row(4).record());
    builder.push(&row(5).record());
    assert!(builder.text_len() > 0);
    let block = builder.seal().unwrap();
    assert_eq!(builder.text_len(), 0, "the next block is empty");
    writer.append(&block).unwrap();
    writer.write(&row(6).record()).unwrap();
    writer.finish(Source::default()).unwrap();
    assert_eq!(read(&path), (0..7).map(row).collect::<Vec<_>>());
}

#[test]
fn definitions_and_gaps_stand_in_the_stream_as_the_sidecar_lists_them() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    let (mut markets, mut sets, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    for part in 0..5_i64 {
        let fresh: Vec<MarketMeta> = (0..=part)
            .map(|n| MarketMeta::quoted(&format!("m{part}-{n}"), &format!("Q \"{n}\" é")))
            .collect();
        let legs = fresh.iter().map(|market| market.token_ids[0].clone()).collect();
        let (key, kind) = (format!("s{part}"), "group".to_owned());
        let set = SetMeta { key, kind, legs, settlement: "unproven".to_owned() };
        writer.define(part, fresh.clone(), vec![set.clone()]).unwrap();
        let gap = GapEntry {
            from_ns: part * 10,
            to_ns: part * 10 + 5,
            cause: format!("cause \\ {part}"),
            lost: (part % 2 == 0).then_some(part.unsigned_abs()),
        };
        writer.gap("market-0", 3, gap.clone()).unwrap();
        markets.extend(fresh);
        sets.push(set);
        gaps.push(gap);
    }
    let manifest = writer.finish(Source::default()).unwrap();
    assert_eq!((&manifest.markets, &manifest.sets), (&markets, &sets));
    assert_eq!(manifest.gaps, gaps);
    let rows = read(&path);
    let of = |kind| rows.iter().filter(move |row| row.kind == kind);
    let metas: Vec<MetaPayload> =
        of(Kind::Meta).map(|row| serde_json::from_slice(&row.payload).unwrap()).collect();
    let streamed: Vec<MarketMeta> = metas.iter().flat_map(|meta| meta.markets.clone()).collect();
    assert_eq!(streamed, markets);
    let listed: Vec<GapEntry> =
        of(Kind::Gap).map(|row| serde_json::from_slice(&row.payload).unwrap()).collect();
    assert_eq!(listed, gaps);
    assert!(of(Kind::Gap).zip(&gaps).all(|(row, gap)| row.t == gap.to_ns && row.epoch == 3));
    let described = info(&path, Limits::default(), |_| true).unwrap();
    assert_eq!((described.markets, described.gap_ns), (15, 25));
    assert_eq!(described.gaps, gaps);
}

#[test]
fn flags_are_sorted_and_named_once_and_defects_add_up() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    writer.flags(&["no_trades", "a_flag", "no_trades"]);
    writer.flags(&["no_sizes", "a_flag"]);
    writer.defect("duplicate_rows", 2);
    writer.defect("never_seen", 0);
    writer.defect("duplicate_rows", 40);
    writer.defect("other", 1);
    let manifest = writer.finish(Source::default()).unwrap();
    assert_eq!(manifest.flags, ["a_flag", "no_sizes", "no_trades"]);
    let defects: Vec<(&str, u64)> =
        manifest.defects.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(defects, [("duplicate_rows", 42), ("other", 1)]);
}

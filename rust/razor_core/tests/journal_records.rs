//! Records and block heads byte by byte: where each field stands, and what each damage is called.
//!
//! The whole journal is tested in `journal.rs`; here one record and one head at a time, with the
//! layout of docs/JOURNAL.md written down a second time.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test stops loudly where the core must not"
)]

use std::collections::BTreeSet;

use razor_core::ids::ConnIx;
use razor_core::journal::{
    BLOCK_HEADER, BlockHash, BlockHeader, Cause, Codec, Damage, JournalError, Kind, MAX_PAYLOAD,
    NO_CONN, RECORD_HEADER, Record, Records, record_header, seal_records,
};
use razor_sim::rng::Rng;

fn sample(payload: &[u8]) -> Record<'_> {
    Record {
        seq: 0x0102_0304_0506_0708,
        kind: Kind::Rest,
        recv_ns: -2,
        conn: ConnIx(0x0A0B),
        epoch: 0x0C0D_0E0F,
        payload,
    }
}

fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

/// The first item of a concatenation that begins at a number.
fn first(bytes: &[u8], seq: u64) -> Result<Record<'_>, Cause> {
    Records::new(bytes, seq).next().expect("bytes")
}

/// Makes the CRC right again after a byte was changed on purpose.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc32c::crc32c(&bytes[4..]).to_le_bytes();
    bytes[..4].copy_from_slice(&crc);
    bytes
}

#[test]
fn each_field_of_a_record_stands_where_the_document_says() {
    let bytes = encoded(&sample(b"abc"));
    assert_eq!(bytes.len(), RECORD_HEADER + 3);
    assert_eq!(bytes[..4], crc32c::crc32c(&bytes[4..]).to_le_bytes());
    assert_eq!(bytes[4..8], 3_u32.to_le_bytes());
    assert_eq!(bytes[8..16], [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(bytes[16..24], (-2_i64).to_le_bytes());
    assert_eq!(bytes[24..28], [0x0F, 0x0E, 0x0D, 0x0C]);
    assert_eq!(bytes[28..30], [0x0B, 0x0A]);
    assert_eq!(bytes[30..32], [2, 0]);
    assert_eq!(bytes[32..], *b"abc");
}

#[test]
fn a_record_comes_back_at_every_extreme_of_its_fields() {
    for seq in [1, 2, u64::from(u32::MAX), u64::MAX - 1] {
        for recv_ns in [i64::MIN, -1, 0, 1, i64::MAX] {
            for (conn, epoch) in [(ConnIx(0), 0), (NO_CONN, u32::MAX)] {
                for kind in Kind::all() {
                    let record = Record { seq, kind, recv_ns, conn, epoch, payload: b"\0x" };
                    assert_eq!(first(&encoded(&record), seq), Ok(record));
                }
            }
        }
    }
}

#[test]
fn the_last_number_of_all_ends_a_journal() {
    let record = Record { seq: u64::MAX, ..sample(b"") };
    assert_eq!(first(&encoded(&record), u64::MAX), Err(Cause::RecordCount));
}

#[test]
fn every_flipped_bit_of_a_record_is_noticed() {
    let record = sample(b"payload of some length");
    let bytes = encoded(&record);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut hurt = bytes.clone();
            hurt[at] ^= 1 << bit;
            let found = first(&hurt, record.seq).expect_err("noticed");
            let expected: &[Cause] = match at {
                // A wrong length ends elsewhere: beyond the bytes, or before its CRC fits.
                4..=7 => &[Cause::RecordShort, Cause::RecordCrc],
                _ => &[Cause::RecordCrc],
            };
            assert!(expected.contains(&found), "{at} {bit}: {found:?}");
        }
    }
}

#[test]
fn a_wrong_field_under_a_right_crc_has_its_own_name() {
    let record = sample(b"x");
    let with = |at: usize, byte: u8| {
        let mut bytes = encoded(&record);
        bytes[at] = byte;
        resealed(bytes)
    };
    for code in [0, 16, 17, 200, 255] {
        assert_eq!(first(&with(30, code), record.seq), Err(Cause::RecordKind { found: code }));
    }
    for flags in 1..=255 {
        assert_eq!(first(&with(31, flags), record.seq), Err(Cause::RecordKind { found: 2 }));
    }
    let other = with(8, 9);
    assert_eq!(first(&other, record.seq), Err(Cause::RecordSeq { found: record.seq + 1 }));
    assert!(first(&other, record.seq + 1).is_ok());
}

#[test]
fn every_cut_of_a_record_is_short() {
    let bytes = encoded(&sample(b"payload"));
    for cut in 1..bytes.len() {
        assert_eq!(first(&bytes[..cut], sample(b"").seq), Err(Cause::RecordShort), "{cut}");
        let mut part = bytes[..cut].to_vec();
        assert_eq!(seal_records(&mut part), Err(Cause::RecordShort), "{cut}");
    }
    assert_eq!(Records::new(&[], 1).count(), 0);
}

#[test]
fn nothing_behind_the_first_damaged_record_is_given_out() {
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for seq in 1..=5 {
        Record { seq, ..sample(b"some payload") }.encode(&mut bytes);
        ends.push(bytes.len());
    }
    for hurt in 0..5 {
        let mut bytes = bytes.clone();
        bytes[ends[hurt] - 1] ^= 1;
        let found: Vec<_> = Records::new(&bytes, 1).collect();
        assert_eq!(found.len(), hurt + 1);
        assert!(found[..hurt].iter().all(Result::is_ok));
        assert_eq!(found[hurt], Err(Cause::RecordCrc));
    }
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_it_is_used() {
    let limit = u32::try_from(MAX_PAYLOAD).unwrap();
    for (len, cause) in [
        (limit, Cause::RecordShort),
        (limit + 1, Cause::RecordShort),
        (u32::MAX, Cause::RecordShort),
    ] {
        let mut head = record_header(1, Kind::Ws, 0, NO_CONN, 0, len);
        assert_eq!(first(&head, 1), Err(cause), "{len}");
        assert_eq!(seal_records(&mut head), Err(Cause::RecordShort), "{len}");
    }
}

#[test]
fn heads_written_on_the_hot_path_and_sealed_later_are_the_same_records() {
    let mut rng = Rng::new(1);
    for _ in 0..300 {
        let (mut late, mut whole) = (Vec::new(), Vec::new());
        let count = 1 + rng.below(20);
        for seq in 1..=u64::from(count) {
            let payload: Vec<u8> = (0..rng.below(60)).map(|_| rng.below(256) as u8).collect();
            let kind = Kind::from_code(1 + rng.below(13) as u8).unwrap();
            let recv_ns = rng.below_wide(u64::MAX).cast_signed();
            let (conn, epoch) = (ConnIx(rng.below(9) as u16), rng.below(9));
            let len = payload.len() as u32;
            late.extend_from_slice(&record_header(seq, kind, recv_ns, conn, epoch, len));
            late.extend_from_slice(&payload);
            Record { seq, kind, recv_ns, conn, epoch, payload: &payload }.encode(&mut whole);
        }
        assert_ne!(late, whole, "an empty CRC until then");
        assert_eq!(seal_records(&mut late), Ok(count));
        assert_eq!(late, whole);
    }
}

#[test]
fn words_and_codes_of_kinds_are_these_for_ever() {
    let words = "ws rest trade quote ref meta gap timer params operator end conn recovery \
                 intent venue";
    for (code, word) in (1_u8..).zip(words.split(' ')) {
        let kind = Kind::from_word(word).expect("a kind");
        assert_eq!((kind.code(), kind.word()), (code, word));
        assert_eq!(Kind::from_code(code), Some(kind));
        assert_eq!(kind.is_bookkeeping(), ["end", "conn", "recovery"].contains(&word));
    }
    assert_eq!(Kind::all().count(), words.split(' ').count());
    for word in ["", "WS", "ws ", "order"] {
        assert_eq!(Kind::from_word(word), None, "{word}");
    }
    assert!([0, 16, 255].into_iter().all(|code| Kind::from_code(code).is_none()));
}

// --- block heads ---------------------------------------------------------------------------------

fn head() -> BlockHeader {
    BlockHeader {
        codec: Codec::Zstd,
        first_seq: 7,
        durable_seq: 6,
        count: 3,
        raw_len: 200,
        stored_len: 4,
        prev: BlockHash([0xAB; 32]),
    }
}

#[test]
fn each_field_of_a_block_head_stands_where_the_document_says() {
    let (bytes, hash) = head().encode(b"data");
    assert_eq!(bytes.len(), BLOCK_HEADER);
    assert_eq!(bytes[..8], *b"RZBK\x01\0\0\0");
    assert_eq!(bytes[8..16], 7_u64.to_le_bytes());
    assert_eq!(bytes[16..24], 6_u64.to_le_bytes());
    assert_eq!(bytes[24..28], 3_u32.to_le_bytes());
    assert_eq!(bytes[28..32], 200_u32.to_le_bytes());
    assert_eq!(bytes[32..36], 4_u32.to_le_bytes());
    assert_eq!(bytes[40..72], [0xAB; 32]);
    assert_eq!(bytes[72..], hash.0);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..36]), &bytes[40..72]);
    assert_eq!(bytes[36..40], crc.to_le_bytes());
}

#[test]
fn the_hash_of_a_block_moves_with_every_field_and_byte() {
    let mut hashes = BTreeSet::new();
    let variants = [
        head(),
        BlockHeader { first_seq: 8, ..head() },
        BlockHeader { durable_seq: 5, ..head() },
        BlockHeader { count: 2, ..head() },
        BlockHeader { raw_len: 201, ..head() },
        BlockHeader { prev: BlockHash::ZERO, ..head() },
        BlockHeader { codec: Codec::Raw, raw_len: 4, ..head() },
    ];
    for header in variants {
        for stored in [b"data", b"datb", b"\0\0\0\0"] {
            let (_, hash) = header.encode(stored);
            assert!(hashes.insert(hash.0), "{header:?} {stored:?}");
        }
    }
    assert_eq!(hashes.len(), 21);
}

#[test]
fn the_last_number_of_a_block_is_counted_or_does_not_exist() {
    for (first_seq, count, last) in [
        (1, 1, Some(1)),
        (7, 3, Some(9)),
        (u64::MAX - 3, 3, Some(u64::MAX - 1)),
        (u64::MAX - 2, 3, None),
        (u64::MAX, 1, None),
    ] {
        let header = BlockHeader { first_seq, count, ..head() };
        assert_eq!(header.last_seq(), last, "{first_seq} {count}");
    }
}

#[test]
fn hashes_are_shown_in_hex() {
    let mut hash = BlockHash::ZERO;
    hash.0[0] = 0x0F;
    hash.0[31] = 0xA0;
    let shown = format!("0f{}a0", "00".repeat(30));
    assert_eq!((hash.to_string(), format!("{hash:?}")), (shown.clone(), shown));
}

#[test]
fn damage_says_where_and_errors_say_the_remedy() {
    let damage = Damage { segment: 3, block: 2, offset: 900, seq: 77, cause: Cause::RecordCrc };
    assert_eq!(
        damage.to_string(),
        "segment 000003 byte 900, before record 77 (block 2): a record does not match its CRC32C"
    );
    for (error, words) in [
        (JournalError::Corrupt(damage), "keep the files as evidence"),
        (JournalError::Newer { segment: 1, found: 2, known: 1 }, "use the razor that wrote it"),
        (JournalError::UnknownFlags { segment: 1, offset: 5, found: 6 }, "0x6"),
        (JournalError::MissingSegment { expected: 2, found: 4 }, "000002 is missing"),
        (JournalError::ForeignSegment { segment: 1 }, "open a new run"),
        (JournalError::IdentityText { field: "run_id", max: 48 }, "1..=48"),
        (JournalError::TooLong { len: 9, max: 8 }, "split it"),
        (JournalError::Full, "open a new run"),
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

//! Each cause of damage by a construction of its own, and the tables of versions, flags and tokens.
//!
//! Journals are made by hand: heads are patched byte by byte and sealed again, so that exactly one
//! thing is wrong. The offsets are those of `docs/JOURNAL.md`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

use razor_core::ids::ConnIx;
use razor_core::journal::{
    BLOCK_HEADER, BlockHash, BlockHeader, Cause, Chain, Codec, Damage, Found, Identity, Inflate,
    JournalError, Kind, MAX_PAYLOAD, MAX_RAW, NO_CONN, RECORD_HEADER, RawOnly, Record, Records,
    SEGMENT_HEADER, ScanError, SegmentHeader, SegmentScan, VERSION, record_header, seal_records,
};
use sha2::{Digest, Sha256};

fn identity() -> Identity {
    Identity::new("run_1", "0.1.0+x", [7; 32]).unwrap()
}

/// Reads segments 1.. as far as they prove themselves: payloads and the first tear, or the refusal.
fn read_with(
    segments: &[Vec<u8>],
    inflate: &mut impl Inflate,
) -> Result<(Vec<Vec<u8>>, Option<Damage>), JournalError> {
    let (mut chain, mut scan, mut payloads) =
        (Chain::default(), SegmentScan::default(), Vec::new());
    for (number, bytes) in (1..).zip(segments) {
        let mut source = bytes.as_slice();
        scan.start(number);
        loop {
            match scan.next(&mut chain, &mut source, inflate) {
                Ok(Found::Block(_)) => {
                    while let Some(record) = scan.next_record(&mut chain)? {
                        payloads.push(record.payload.to_vec());
                    }
                }
                Ok(Found::End | Found::Torn(_)) => break,
                Err(ScanError::Journal(error)) => return Err(error),
                Err(ScanError::Source(never)) => match never {},
            }
        }
    }
    Ok((payloads, chain.open_tear()))
}

fn read(segments: &[Vec<u8>]) -> Result<(Vec<Vec<u8>>, Option<Damage>), JournalError> {
    read_with(segments, &mut RawOnly)
}

/// The damage of a journal, torn or corrupt.
fn damage(segments: &[Vec<u8>]) -> (Damage, bool) {
    match read(segments) {
        Ok((_, Some(damage))) => (damage, true),
        Err(JournalError::Corrupt(damage)) => (damage, false),
        other => panic!("no damage: {other:?}"),
    }
}

fn record(seq: u64, kind: Kind, conn: ConnIx, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Record { seq, kind, recv_ns: 5, conn, epoch: 0, payload }.encode(&mut out);
    out
}

fn timer(seq: u64) -> Vec<u8> {
    record(seq, Kind::Timer, NO_CONN, b"tick")
}

/// The head of a first segment and the hash that its first block names.
fn first_head() -> (Vec<u8>, BlockHash) {
    let header = SegmentHeader {
        number: 1,
        first_seq: 1,
        token: 1,
        identity: identity(),
        prev: BlockHash::ZERO,
    };
    let (bytes, hash) = header.encode();
    (bytes.to_vec(), hash)
}

/// What a block's head says; wrong on purpose where a test wants it.
struct Head {
    codec: Codec,
    first_seq: u64,
    durable_seq: u64,
    count: u32,
    raw_len: usize,
    prev: BlockHash,
}

fn block(head: &Head, stored: &[u8]) -> (Vec<u8>, BlockHash) {
    let header = BlockHeader {
        codec: head.codec,
        first_seq: head.first_seq,
        durable_seq: head.durable_seq,
        count: head.count,
        raw_len: head.raw_len as u32,
        stored_len: stored.len() as u32,
        prev: head.prev,
    };
    let (bytes, hash) = header.encode(stored);
    ([&bytes[..], stored].concat(), hash)
}

/// A segment of one raw block with these record bytes.
fn segment(count: u32, raw: &[u8]) -> Vec<u8> {
    let (mut bytes, hash) = first_head();
    let head = Head {
        codec: Codec::Raw,
        first_seq: 1,
        durable_seq: 0,
        count,
        raw_len: raw.len(),
        prev: hash,
    };
    bytes.extend(block(&head, raw).0);
    bytes
}

/// Seals a patched segment head again.
fn reseal_segment(bytes: &mut [u8]) {
    let hash = Sha256::digest(&bytes[..192]);
    bytes[192..224].copy_from_slice(&hash);
}

/// Seals a patched block again: CRC of the head, hash of head and payload.
fn reseal_block(bytes: &mut [u8], at: usize) {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[at..at + 36]), &bytes[at + 40..at + 72]);
    bytes[at + 36..at + 40].copy_from_slice(&crc.to_le_bytes());
    let mut hasher = Sha256::new();
    hasher.update(&bytes[at..at + 72]);
    hasher.update(&bytes[at + BLOCK_HEADER..]);
    let hash = hasher.finalize();
    bytes[at + 72..at + BLOCK_HEADER].copy_from_slice(&hash);
}

/// Patches a good one-block segment in its segment head.
fn with_head(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut whole = segment(1, &timer(1));
    whole[at..at + bytes.len()].copy_from_slice(bytes);
    reseal_segment(&mut whole);
    whole
}

/// Patches a good one-block segment in its block head and seals it again.
fn with_block(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut whole = segment(1, &timer(1));
    let at = SEGMENT_HEADER + at;
    whole[at..at + bytes.len()].copy_from_slice(bytes);
    reseal_block(&mut whole, SEGMENT_HEADER);
    whole
}

/// Patches the one record of a good segment; its CRC is filled in again when asked for.
fn with_record(at: usize, bytes: &[u8], resealed: bool) -> Vec<u8> {
    let mut raw = timer(1);
    raw[at..at + bytes.len()].copy_from_slice(bytes);
    if resealed {
        let crc = crc32c::crc32c(&raw[4..]);
        raw[..4].copy_from_slice(&crc.to_le_bytes());
    }
    segment(1, &raw)
}

/// Says yes to any payload and gives these bytes.
struct Gives(Vec<u8>);

impl Inflate for Gives {
    fn inflate(&mut self, _stored: &[u8], _raw_len: usize, into: &mut Vec<u8>) -> bool {
        into.clear();
        into.extend_from_slice(&self.0);
        true
    }
}

#[test]
fn the_untouched_constructions_are_whole_journals() {
    let want = Ok((vec![b"tick".to_vec()], None));
    assert_eq!(read(&[segment(1, &timer(1))]), want);
    assert_eq!(read(&[with_head(0, b"RZJSEG\r\n")]), want);
    assert_eq!(read(&[with_block(0, b"RZBK")]), want);
    assert_eq!(read(&[with_record(24, &[0; 4], true)]), want);
}

#[test]
fn every_cause_that_a_crash_can_leave_is_a_tear_at_its_place() {
    let whole = segment(1, &timer(1));
    let head = SEGMENT_HEADER as u64;
    let cut = |len: usize| whole[..len].to_vec();
    let flip = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        bytes
    };
    let zeros = [first_head().0, vec![0; 4096]].concat();
    for (bytes, cause, offset) in [
        (cut(0), Cause::SegmentShort, 0),
        (cut(1), Cause::SegmentShort, 0),
        (cut(SEGMENT_HEADER - 1), Cause::SegmentShort, 0),
        (flip(0), Cause::SegmentMagic, 0),
        (flip(7), Cause::SegmentMagic, 0),
        (vec![0; 5_000], Cause::SegmentMagic, 0),
        (flip(12), Cause::SegmentHash, 0),
        (flip(100), Cause::SegmentHash, 0),
        (flip(223), Cause::SegmentHash, 0),
        (cut(SEGMENT_HEADER + 1), Cause::BlockShort, head),
        (cut(SEGMENT_HEADER + BLOCK_HEADER - 1), Cause::BlockShort, head),
        (cut(SEGMENT_HEADER + BLOCK_HEADER), Cause::BlockShort, head),
        (cut(whole.len() - 1), Cause::BlockShort, head),
        (flip(SEGMENT_HEADER), Cause::BlockMagic, head),
        (zeros, Cause::BlockMagic, head),
        (flip(SEGMENT_HEADER + 8), Cause::BlockHeaderCrc, head),
        (flip(SEGMENT_HEADER + 36), Cause::BlockHeaderCrc, head),
        (flip(SEGMENT_HEADER + 71), Cause::BlockHeaderCrc, head),
        (flip(SEGMENT_HEADER + 72), Cause::BlockHash, head),
        (flip(SEGMENT_HEADER + BLOCK_HEADER), Cause::BlockHash, head),
        (flip(whole.len() - 1), Cause::BlockHash, head),
    ] {
        let (found, torn) = damage(&[bytes]);
        assert!(torn, "{cause}");
        assert_eq!(found, Damage { segment: 1, block: 0, offset, seq: 1, cause });
    }
}

#[test]
fn every_cause_that_no_crash_can_leave_is_corruption_at_its_place() {
    let two = [timer(1), timer(2)].concat();
    let block_at = SEGMENT_HEADER as u64;
    let none = BlockHash([9; 32]);
    let (head, hash) = first_head();
    let foreign_prev =
        Head { codec: Codec::Raw, first_seq: 1, durable_seq: 0, count: 1, raw_len: 36, prev: none };
    let jumped = Head { first_seq: 4, prev: hash, ..foreign_prev };
    let foreign =
        Head { codec: Codec::Raw, first_seq: 1, durable_seq: 0, count: 1, raw_len: 36, prev: none };
    let conn = |index, name: &[u8]| record(1, Kind::Conn, ConnIx(index), name);
    let end = [record(1, Kind::End, NO_CONN, b"{}"), timer(2)].concat();
    for (bytes, cause, offset, seq) in [
        // Segment heads whose hash is right.
        (with_head(8, &[0, 0]), Cause::SegmentField, 0, 1),
        (with_head(32, &[0]), Cause::SegmentField, 0, 1),
        (with_head(32, b"a b"), Cause::SegmentField, 0, 1),
        (with_head(79, b"x"), Cause::SegmentField, 0, 1),
        (with_head(80, &[0x80]), Cause::SegmentField, 0, 1),
        (with_head(12, &[2, 0, 0, 0]), Cause::SegmentNumber { found: 2 }, 0, 1),
        (with_head(12, &[0, 0, 0, 0]), Cause::SegmentNumber { found: 0 }, 0, 1),
        (with_head(16, &[2]), Cause::SegmentChain, 0, 1),
        (with_head(160, &[1]), Cause::SegmentChain, 0, 1),
        // Block heads whose CRC and hash are right.
        (with_block(4, &[2]), Cause::BlockField, block_at, 1),
        (with_block(4, &[255]), Cause::BlockField, block_at, 1),
        (with_block(24, &[0; 4]), Cause::BlockField, block_at, 1),
        (with_block(24, &[255; 4]), Cause::BlockField, block_at, 1),
        (with_block(28, &[255; 4]), Cause::BlockField, block_at, 1),
        (with_block(28, &[37]), Cause::BlockField, block_at, 1),
        (with_block(8, &[255; 8]), Cause::BlockField, block_at, 1),
        ([&head[..], &block(&foreign, &timer(1)).0].concat(), Cause::BlockChain, block_at, 1),
        (
            [&head[..], &block(&jumped, &timer(4)).0].concat(),
            Cause::BlockSeq { found: 4 },
            block_at,
            1,
        ),
        // Records of a block that is as it was written.
        (with_record(4, &[5], true), Cause::RecordShort, block_at, 1),
        (with_record(4, &[255; 4], true), Cause::RecordShort, block_at, 1),
        (with_record(4, &[3], true), Cause::RecordCrc, block_at, 1),
        (with_record(0, &[1, 2, 3, 4], false), Cause::RecordCrc, block_at, 1),
        (with_record(35, b"K", false), Cause::RecordCrc, block_at, 1),
        (with_record(8, &[2], true), Cause::RecordSeq { found: 2 }, block_at, 1),
        (with_record(8, &[0], true), Cause::RecordSeq { found: 0 }, block_at, 1),
        (with_record(30, &[0], true), Cause::RecordKind { found: 0 }, block_at, 1),
        (with_record(30, &[16], true), Cause::RecordKind { found: 16 }, block_at, 1),
        (with_record(30, &[255], true), Cause::RecordKind { found: 255 }, block_at, 1),
        (with_record(30, &[8, 1], true), Cause::RecordKind { found: 8 }, block_at, 1),
        (segment(1, &two), Cause::RecordCount, block_at, 2),
        (segment(3, &two), Cause::RecordCount, block_at, 3),
        (segment(2, &timer(1)), Cause::RecordCount, block_at, 2),
        (segment(1, &two[..40]), Cause::RecordCount, block_at, 2),
        (segment(2, &two[..40]), Cause::RecordShort, block_at, 2),
        // Names of connections.
        (segment(1, &record(1, Kind::Ws, ConnIx(0), b"x")), Cause::Conn { found: 0 }, block_at, 1),
        (segment(1, &conn(1, b"a")), Cause::Conn { found: 1 }, block_at, 1),
        (segment(1, &conn(65_535, b"a")), Cause::Conn { found: 65_535 }, block_at, 1),
        (segment(1, &conn(0, b"\xff")), Cause::Conn { found: 0 }, block_at, 1),
        (segment(1, &conn(0, &[b'n'; 65])), Cause::Conn { found: 0 }, block_at, 1),
        (segment(2, &end), Cause::AfterEnd, block_at, 2),
    ] {
        let (found, torn) = damage(&[bytes]);
        assert!(!torn, "{cause} must not pass as the trace of a crash");
        assert_eq!(found, Damage { segment: 1, block: 0, offset, seq, cause });
    }
}

#[test]
fn a_payload_that_does_not_unpack_to_its_length_is_corruption() {
    let (head, hash) = first_head();
    let raw = timer(1);
    let zipped = Head {
        codec: Codec::Zstd,
        first_seq: 1,
        durable_seq: 0,
        count: 1,
        raw_len: raw.len(),
        prev: hash,
    };
    let journal = [[&head[..], &block(&zipped, b"squeezed").0].concat()];
    let corrupt = |result| match result {
        Err(JournalError::Corrupt(Damage { cause, .. })) => Some(cause),
        _ => None,
    };
    let refused = read(&journal).map(drop);
    assert_eq!(corrupt(refused), Some(Cause::Inflate), "nothing unpacks here");
    for wrong in [raw[1..].to_vec(), [&raw[..], b"x"].concat(), Vec::new()] {
        let refused = read_with(&journal, &mut Gives(wrong)).map(drop);
        assert_eq!(corrupt(refused), Some(Cause::Inflate));
    }
    assert_eq!(read_with(&journal, &mut Gives(raw)).unwrap().0, [b"tick"]);
}

#[test]
fn tokens_of_later_segments_may_rise_and_stay_and_never_fall() {
    for (first, second, third, fell) in [
        (1, 1, 1, None),
        (1, 2, 3, None),
        (5, 5, 9, None),
        (2, 1, 1, Some((2, 1))),
        (1, 3, 2, Some((3, 2))),
        (7, 0, 9, Some((2, 0))),
        (u64::MAX, u64::MAX, u64::MAX, None),
        (0, 0, 0, None),
    ] {
        let mut prev = BlockHash::ZERO;
        let segments: Vec<Vec<u8>> = (1..)
            .zip([first, second, third])
            .map(|(number, token)| {
                let header =
                    SegmentHeader { number, first_seq: 1, token, identity: identity(), prev };
                let (bytes, hash) = header.encode();
                prev = hash;
                bytes.to_vec()
            })
            .collect();
        match (read(&segments), fell) {
            (Ok(_), None) => {}
            (Err(JournalError::Corrupt(damage)), Some((segment, found))) => {
                assert_eq!(damage.cause, Cause::TokenFell { found });
                assert_eq!(damage.segment, segment);
            }
            (found, fell) => panic!("{first} {second} {third}: {found:?}, wanted {fell:?}"),
        }
    }
}

#[test]
fn a_writers_token_must_not_be_below_the_last_one() {
    let mut chain = Chain::begin(identity());
    for (token, fits) in [(3, true), (3, true), (2, false), (0, false), (4, true), (3, false)] {
        let before = (chain.segment(), chain.head());
        let made = chain.next_segment(token);
        assert_eq!(made.is_ok(), fits, "{token}");
        if made.is_err() {
            assert_eq!(made, Err(JournalError::Full));
            assert_eq!((chain.segment(), chain.head()), before, "a refusal moves nothing");
        }
    }
    assert_eq!((chain.segment(), chain.token()), (3, 4));
}

#[test]
fn versions_are_told_before_anything_else_and_flags_after_the_hash() {
    for version in [2_u16, 3, 255, 256, u16::MAX] {
        let mut bytes = segment(1, &timer(1));
        bytes[8..10].copy_from_slice(&version.to_le_bytes());
        // Also without a right hash: a newer layout may keep its hash elsewhere.
        for sealed in [false, true] {
            if sealed {
                reseal_segment(&mut bytes);
            }
            let newer = JournalError::Newer { segment: 1, found: version, known: VERSION };
            assert_eq!(read(&[bytes.clone()]), Err(newer), "version {version} sealed {sealed}");
            assert!(newer.to_string().contains("use the razor that wrote it"));
        }
    }
    for flags in [1_u16, 2, 0x8000, u16::MAX] {
        let bytes = with_head(10, &flags.to_le_bytes());
        let unknown = JournalError::UnknownFlags { segment: 1, offset: 0, found: u32::from(flags) };
        assert_eq!(read(&[bytes]), Err(unknown));
    }
    for (bits, found) in
        [([1, 0, 0], 1), ([0, 1, 0], 256), ([0, 0, 1], 65_536), ([255; 3], 0xFF_FFFF)]
    {
        let unknown =
            JournalError::UnknownFlags { segment: 1, offset: SEGMENT_HEADER as u64, found };
        assert_eq!(read(&[with_block(5, &bits)]), Err(unknown));
    }
}

#[test]
fn a_segment_of_another_run_build_or_config_is_foreign() {
    let base = identity();
    for (other, foreign) in [
        (base.clone(), false),
        (Identity::new("run_2", "0.1.0+x", [7; 32]).unwrap(), true),
        (Identity::new("run_1", "0.1.1+x", [7; 32]).unwrap(), true),
        (Identity::new("run_1", "0.1.0+x", [8; 32]).unwrap(), true),
        (Identity::new("run_10", "0.1.0+x", [7; 32]).unwrap(), true),
    ] {
        let mut chain = Chain::begin(base.clone());
        let first = chain.next_segment(1).unwrap().encode().0.to_vec();
        let mut chain = chain.with_identity(other);
        let second = chain.next_segment(1).unwrap().encode().0.to_vec();
        let want = foreign.then_some(JournalError::ForeignSegment { segment: 2 });
        assert_eq!(read(&[first, second]).err(), want);
    }
}

#[test]
fn texts_of_an_identity_are_visible_ascii_of_1_to_48() {
    let longest = "x".repeat(48);
    let too_long = "x".repeat(49);
    for (text, fits) in [
        ("a", true),
        ("~!\"#", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("", false),
        ("a b", false),
        ("a\0", false),
        ("a\n", false),
        ("\u{e9}", false),
        ("\u{7f}", false),
    ] {
        let run = Identity::new(text, "b", [0; 32]);
        let build = Identity::new("r", text, [0; 32]);
        assert_eq!((run.is_ok(), build.is_ok()), (fits, fits), "{text:?}");
        if !fits {
            let error = JournalError::IdentityText { field: "run id", max: 48 };
            assert_eq!(run, Err(error));
            assert_eq!(build, Err(JournalError::IdentityText { field: "build id", max: 48 }));
        }
    }
    let head =
        Chain::begin(Identity::new(&longest, &longest, [3; 32]).unwrap()).next_segment(1).unwrap();
    assert!(read(&[head.encode().0.to_vec()]).is_ok(), "the longest texts read back");
}

#[test]
fn names_of_connections_fill_their_indices_and_no_more() {
    let mut conns = Chain::default().conns().clone();
    assert!(conns.knows(NO_CONN) && !conns.knows(ConnIx(0)));
    for index in 0..u16::MAX {
        assert_eq!(conns.introduce(&index.to_string()), Ok(ConnIx(index)));
    }
    assert_eq!(conns.introduce("one more"), Err(JournalError::Full));
    assert_eq!(conns.name(ConnIx(65_534)), Some("65534"));
    assert_eq!((conns.name(NO_CONN), conns.find("one more")), (None, None));
    for (len, fits) in [(0, true), (1, true), (64, true), (65, false), (1_000, false)] {
        let mut conns = Chain::default().conns().clone();
        let made = conns.introduce(&"n".repeat(len));
        let error = JournalError::TooLong { len, max: 64 };
        assert_eq!(made, if fits { Ok(ConnIx(0)) } else { Err(error) }, "{len}");
    }
}

#[test]
fn codes_and_words_of_kinds_are_those_of_the_document() {
    let rows = [
        (1, "ws", false),
        (2, "rest", false),
        (3, "trade", false),
        (4, "quote", false),
        (5, "ref", false),
        (6, "meta", false),
        (7, "gap", false),
        (8, "timer", false),
        (9, "params", false),
        (10, "operator", false),
        (11, "end", true),
        (12, "conn", true),
        (13, "recovery", true),
        (14, "intent", false),
        (15, "venue", false),
    ];
    assert_eq!(Kind::all().count(), rows.len());
    for ((code, word, own), kind) in rows.into_iter().zip(Kind::all()) {
        assert_eq!((kind.code(), kind.word(), kind.is_bookkeeping()), (code, word, own));
        assert_eq!((Kind::from_code(code), Kind::from_word(word)), (Some(kind), Some(kind)));
    }
    for code in (0..=255_u8).filter(|code| !(1..=15).contains(code)) {
        assert_eq!(Kind::from_code(code), None, "{code}");
    }
    for word in ["", "WS", "ws ", "wss", "order"] {
        assert_eq!(Kind::from_word(word), None, "{word:?}");
    }
}

#[test]
fn the_head_of_a_record_stands_to_the_byte() {
    let head = record_header(0x0102_0304_0506_0708, Kind::Ref, -2, ConnIx(0x1122), 0xAABB_CCDD, 9);
    let want = [
        0, 0, 0, 0, 9, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xDD, 0xCC, 0xBB, 0xAA, 0x22, 0x11, 5, 0,
    ];
    assert_eq!((head, RECORD_HEADER), (want, 32));
}

#[test]
fn sealing_counts_whole_records_and_refuses_parts() {
    let three = [timer(1), record(2, Kind::Ws, NO_CONN, b""), timer(3)].concat();
    for len in 0..=three.len() {
        let mut bytes = three[..len].to_vec();
        let whole = [0, 36, 68, 104].iter().position(|end| *end == len);
        let want = whole.map(|count| count as u32).ok_or(Cause::RecordShort);
        assert_eq!(seal_records(&mut bytes), want, "{len} bytes");
    }
    let mut blank = three.clone();
    blank[0..4].fill(0);
    blank[36..40].fill(0xEE);
    assert_eq!(seal_records(&mut blank), Ok(3));
    assert_eq!(blank, three, "sealing again gives the same CRCs");
}

#[test]
fn an_iterator_over_records_ends_at_its_first_error() {
    let mut raw = [timer(5), timer(6), timer(7)].concat();
    raw[36 + 33] ^= 1;
    let results: Vec<_> = Records::new(&raw, 5).map(|found| found.map(|r| r.seq)).collect();
    assert_eq!(results, [Ok(5), Err(Cause::RecordCrc)]);
    let results: Vec<_> = Records::new(&raw, 6).map(|found| found.map(|r| r.seq)).collect();
    assert_eq!(results, [Err(Cause::RecordSeq { found: 5 })]);
    assert_eq!(Records::new(&[], 1).count(), 0);
}

#[test]
fn lengths_have_their_limits() {
    assert_eq!((MAX_PAYLOAD, MAX_RAW), (16 << 20, (16 << 20) + 32 + (1 << 20)));
    let too_much = [(MAX_PAYLOAD + 1) as u32, u32::MAX];
    for len in too_much {
        let found = damage(&[with_record(4, &len.to_le_bytes(), true)]);
        assert_eq!(found.0.cause, Cause::RecordShort);
    }
    let chain = Chain::begin(identity());
    let stored = [0_u8; 4];
    let sealed = chain.seal(&razor_core::journal::NewBlock {
        codec: Codec::Zstd,
        durable_seq: 0,
        count: 1,
        raw_len: MAX_RAW + 1,
        stored: &stored,
    });
    assert_eq!(sealed.err(), Some(JournalError::TooLong { len: MAX_RAW + 1, max: MAX_RAW }));
}

#[test]
fn every_refusal_says_what_to_do() {
    let place = Damage { segment: 3, block: 2, offset: 99, seq: 7, cause: Cause::BlockHash };
    for (error, words) in [
        (JournalError::Corrupt(place), "segment 000003 byte 99, before record 7 (block 2)"),
        (JournalError::Corrupt(place), "keep the files as evidence"),
        (JournalError::Newer { segment: 1, found: 9, known: 1 }, "version 9, known up to 1"),
        (JournalError::UnknownFlags { segment: 1, offset: 0, found: 255 }, "0xff"),
        (JournalError::MissingSegment { expected: 2, found: 3 }, "000002 is missing, 000003"),
        (JournalError::ForeignSegment { segment: 4 }, "000004 belongs to another run"),
        (JournalError::IdentityText { field: "run id", max: 48 }, "run id must be 1..=48"),
        (JournalError::TooLong { len: 5, max: 4 }, "payload of 5 bytes is above the limit of 4"),
        (JournalError::Full, "open a new run"),
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

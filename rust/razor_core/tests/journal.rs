//! The journal format as a whole: what is proven, what is torn, what is corrupt.
//!
//! Journals here are lists of byte vectors, one per segment, written with the raw codec.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

use proptest::prelude::*;
use razor_core::ids::ConnIx;
use razor_core::journal::{
    BLOCK_HEADER, Cause, Chain, Codec, Damage, Found, Identity, JournalError, Kind, NO_CONN,
    NewBlock, RawOnly, Record, Records, SEGMENT_HEADER, ScanError, SegmentHeader, SegmentScan,
    durable_beyond,
};

fn identity() -> Identity {
    Identity::new("run_20260429_021025_000001", "0.1.0+test", [7; 32]).unwrap()
}

/// A writer of the pure format.
struct Journal {
    chain: Chain,
    segments: Vec<Vec<u8>>,
    token: u64,
}

impl Journal {
    fn new() -> Self {
        let chain = Chain::begin(identity());
        let mut journal = Self { chain, segments: Vec::new(), token: 1 };
        journal.segment();
        journal
    }

    fn segment(&mut self) {
        let header = self.chain.next_segment(self.token).unwrap();
        self.segments.push(header.encode().0.to_vec());
    }

    /// Appends a block of timer records, saying that `durable_seq` was durable.
    fn block(&mut self, durable_seq: u64, payloads: &[&[u8]]) {
        let rows: Vec<_> =
            payloads.iter().map(|payload| (Kind::Timer, NO_CONN, *payload)).collect();
        self.rows(durable_seq, &rows);
    }

    fn rows(&mut self, durable_seq: u64, rows: &[(Kind, ConnIx, &[u8])]) {
        let mut raw = Vec::new();
        for (seq, (kind, conn, payload)) in (self.chain.last_seq() + 1..).zip(rows) {
            Record { seq, kind: *kind, recv_ns: -5, conn: *conn, epoch: 3, payload }
                .encode(&mut raw);
        }
        self.raw(durable_seq, u32::try_from(rows.len()).unwrap(), &raw);
    }

    fn raw(&mut self, durable_seq: u64, count: u32, raw: &[u8]) {
        let block =
            NewBlock { codec: Codec::Raw, durable_seq, count, raw_len: raw.len(), stored: raw };
        let sealed = self.chain.seal(&block).unwrap();
        self.chain.advance(&sealed);
        let segment = self.segments.last_mut().unwrap();
        segment.extend_from_slice(&sealed.head);
        segment.extend_from_slice(raw);
    }
}

/// The payloads that are proven, and the tear at the end if there is one.
type Proof = (Vec<Vec<u8>>, Option<Damage>);

/// Reads a journal as the shell does.
fn read(segments: &[Vec<u8>]) -> Result<Proof, JournalError> {
    let (proof, _) = read_chain(segments)?;
    Ok(proof)
}

fn read_chain(segments: &[Vec<u8>]) -> Result<(Proof, Chain), JournalError> {
    let (mut chain, mut scan) = (Chain::default(), SegmentScan::default());
    let mut payloads = Vec::new();
    for (number, bytes) in (1..).zip(segments) {
        let mut source = bytes.as_slice();
        scan.start(number);
        loop {
            match scan.next(&mut chain, &mut source, &mut RawOnly) {
                Ok(Found::Block(_)) => {
                    while let Some(record) = scan.next_record(&mut chain)? {
                        payloads.push(record.payload.to_vec());
                    }
                }
                Ok(Found::End) => break,
                Ok(Found::Torn(damage)) => {
                    let last = chain.last_seq();
                    if durable_beyond(&mut source, damage.offset, last).unwrap() {
                        return Err(JournalError::Corrupt(damage));
                    }
                    break;
                }
                Err(ScanError::Journal(error)) => return Err(error),
                Err(ScanError::Source(never)) => match never {},
            }
        }
    }
    Ok(((payloads, chain.open_tear()), chain))
}

fn cause(segments: &[Vec<u8>]) -> Cause {
    match read(segments) {
        Err(JournalError::Corrupt(damage)) => damage.cause,
        other => panic!("not corrupt: {other:?}"),
    }
}

/// Three segments; every block but the last says that all before it was durable.
fn reference() -> Journal {
    let mut journal = Journal::new();
    journal.rows(0, &[(Kind::Conn, ConnIx(0), b"market-0"), (Kind::Ws, ConnIx(0), b"one")]);
    journal.block(2, &[b"two", b"three"]);
    journal.block(4, &[b"four"]);
    journal.segment();
    journal.block(5, &[b"five", b"", b"seven"]);
    journal.block(8, &[b"eight"]);
    journal.segment();
    journal.block(9, &[b"nine"]);
    journal.block(10, &[b"ten", b"eleven"]);
    journal.rows(12, &[(Kind::End, NO_CONN, b"{}")]);
    journal
}

#[test]
fn what_is_written_is_read_in_order() {
    let journal = reference();
    let ((payloads, torn), chain) = read_chain(&journal.segments).unwrap();
    assert_eq!(payloads.len(), 13);
    assert_eq!(payloads[0], b"market-0");
    assert_eq!(payloads[11], b"eleven");
    assert_eq!(torn, None);
    assert_eq!((chain.last_seq(), chain.head()), (13, journal.chain.head()));
    assert!(chain.ended());
    assert_eq!(chain.conns().name(ConnIx(0)), Some("market-0"));
    assert_eq!(chain.identity(), Some(&identity()));
}

#[test]
fn each_cut_gives_the_longest_whole_prefix() {
    let journal = reference();
    let whole = read(&journal.segments).unwrap().0;
    for last in 0..journal.segments.len() {
        let mut seen = 0;
        for cut in 0..=journal.segments[last].len() {
            let mut segments = journal.segments[..=last].to_vec();
            segments[last].truncate(cut);
            let (payloads, torn) = read(&segments).unwrap();
            assert_eq!(payloads, whole[..payloads.len()], "segment {last} cut at {cut}");
            assert!(payloads.len() >= seen, "a longer file proves no less");
            seen = payloads.len();
            if let Some(torn) = torn {
                assert!(torn.offset <= u64::try_from(cut).unwrap());
                assert_eq!(torn.seq, u64::try_from(seen).unwrap() + 1);
            }
        }
        assert_eq!(seen, [5, 9, 12 + 1][last]);
    }
}

#[test]
fn writing_goes_on_after_each_cut_and_the_tail_stays_as_evidence() {
    let journal = reference();
    for cut in 0..journal.segments[2].len() {
        let mut segments = journal.segments.clone();
        segments[2].truncate(cut);
        let ((payloads, torn), chain) = read_chain(&segments).unwrap();
        let mut resumed = Journal { chain, segments, token: 2 };
        resumed.segment();
        resumed.block(0, &[b"after"]);
        let ((again, open), chain) = read_chain(&resumed.segments).unwrap();
        assert_eq!(open, None, "cut at {cut}");
        assert_eq!(again[..payloads.len()], payloads);
        assert_eq!(again.last().unwrap(), b"after");
        assert_eq!(chain.torn(), torn.as_slice());
    }
}

#[test]
fn each_flipped_bit_is_detected_and_nothing_behind_it_is_given_out() {
    let journal = reference();
    let whole = read(&journal.segments).unwrap().0;
    for segment in 0..journal.segments.len() {
        for bit in 0..journal.segments[segment].len() * 8 {
            let mut segments = journal.segments.clone();
            segments[segment][bit / 8] ^= 1 << (bit % 8);
            // Only the block that nothing behind it vouches for can look torn.
            if let Ok((payloads, torn)) = read(&segments) {
                assert!(torn.is_some(), "bit {bit} of segment {segment} is not seen");
                assert_eq!(payloads, whole[..12]);
            }
        }
    }
}

/// Byte ranges of the blocks of one segment.
fn blocks(segment: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut at = SEGMENT_HEADER;
    let mut ranges = Vec::new();
    while at < segment.len() {
        let len = u32::from_le_bytes(segment[at + 32..at + 36].try_into().unwrap());
        let end = at + BLOCK_HEADER + usize::try_from(len).unwrap();
        ranges.push(at..end);
        at = end;
    }
    ranges
}

/// The journal with the blocks of one segment in another order.
fn reordered(journal: &Journal, segment: usize, order: &[usize]) -> Vec<Vec<u8>> {
    let bytes = &journal.segments[segment];
    let ranges = blocks(bytes);
    let mut segments = journal.segments.clone();
    segments[segment] = bytes[..SEGMENT_HEADER].to_vec();
    for at in order {
        segments[segment].extend(&bytes[ranges[*at].clone()]);
    }
    segments
}

#[test]
fn swapped_removed_and_repeated_blocks_are_corruption() {
    let journal = reference();
    for segment in 0..journal.segments.len() {
        let count = blocks(&journal.segments[segment]).len();
        for at in 0..count {
            let without: Vec<usize> = (0..count).filter(|other| *other != at).collect();
            // Without its last block a journal is an unclean end; nothing can tell more.
            let is_end = segment == 2 && at == count - 1;
            let removed = read(&reordered(&journal, segment, &without));
            assert_eq!(removed.is_ok(), is_end, "block {at} of segment {segment} removed");
            let mut twice: Vec<usize> = (0..count).collect();
            twice.insert(at, at);
            assert!(read(&reordered(&journal, segment, &twice)).is_err(), "{segment} {at} twice");
            let mut swapped: Vec<usize> = (0..count).collect();
            swapped.rotate_left(at);
            let swapped = read(&reordered(&journal, segment, &swapped));
            assert_eq!(swapped.is_ok(), at == 0, "{segment} {at} swapped");
        }
    }
}

#[test]
fn exchanged_and_foreign_segments_are_refused() {
    let mut swapped = reference().segments;
    swapped.swap(0, 1);
    assert_eq!(cause(&swapped), Cause::SegmentNumber { found: 2 });

    let other = Identity::new("run_20260429_021025_000002", "0.1.0+test", [7; 32]).unwrap();
    let mut foreign = Journal::new();
    foreign.chain = foreign.chain.with_identity(other);
    foreign.segment();
    assert_eq!(read(&foreign.segments), Err(JournalError::ForeignSegment { segment: 2 }));
}

/// A segment whose block is right but holds something no writer writes.
fn raw_block(count: u32, records: &[Record<'_>]) -> Vec<Vec<u8>> {
    let mut raw = Vec::new();
    for record in records {
        record.encode(&mut raw);
    }
    let mut journal = Journal::new();
    journal.raw(0, count, &raw);
    journal.segments
}

#[test]
fn records_inside_a_sealed_block_must_be_in_their_places() {
    let record = |seq, kind, conn| Record { seq, kind, recv_ns: 0, conn, epoch: 0, payload: b"x" };
    let timer = |seq| record(seq, Kind::Timer, NO_CONN);
    assert!(read(&raw_block(2, &[timer(1), timer(2)])).is_ok());
    assert_eq!(cause(&raw_block(2, &[timer(2), timer(1)])), Cause::RecordSeq { found: 2 });
    assert_eq!(cause(&raw_block(2, &[timer(1), timer(3)])), Cause::RecordSeq { found: 3 });
    assert_eq!(cause(&raw_block(2, &[timer(1)])), Cause::RecordCount);
    assert_eq!(cause(&raw_block(1, &[timer(1), timer(2)])), Cause::RecordCount);
    let unknown = record(1, Kind::Ws, ConnIx(0));
    assert_eq!(cause(&raw_block(1, &[unknown])), Cause::Conn { found: 0 });
    let skipped = record(1, Kind::Conn, ConnIx(1));
    assert_eq!(cause(&raw_block(1, &[skipped])), Cause::Conn { found: 1 });
    let after = [record(1, Kind::End, NO_CONN), timer(2)];
    assert_eq!(cause(&raw_block(2, &after)), Cause::AfterEnd);
}

#[test]
fn nothing_follows_the_end() {
    let mut journal = reference();
    journal.segments[2].push(0);
    assert_eq!(cause(&journal.segments), Cause::AfterEnd);
    let mut ended = Journal::new();
    ended.rows(0, &[(Kind::End, NO_CONN, b"{}")]);
    ended.segment();
    assert_eq!(cause(&ended.segments), Cause::AfterEnd);
}

#[test]
fn a_later_block_before_any_sync_may_outlive_an_earlier_one() {
    // Pages of two unsynced blocks can reach the disk in any order.
    let hole = |durable_seq| {
        let mut journal = Journal::new();
        journal.block(0, &[b"one"]);
        journal.block(1, &[b"two"]);
        journal.block(durable_seq, &[b"three"]);
        let second = blocks(&journal.segments[0])[1].clone();
        journal.segments[0][second].fill(0);
        journal.segments
    };
    let (payloads, torn) = read(&hole(1)).unwrap();
    assert_eq!(payloads, [b"one"]);
    assert_eq!(torn.unwrap().cause, Cause::BlockMagic);
    // The same hole under a block that says "two" was durable is corruption.
    assert_eq!(cause(&hole(2)), Cause::BlockMagic);
}

#[test]
fn a_claim_of_durability_is_found_across_windows_of_the_search() {
    let mut journal = Journal::new();
    journal.block(0, &[b"one"]);
    journal.block(1, &[b"two"]);
    let second = blocks(&journal.segments[0])[1].clone();
    let head = journal.segments[0][second].to_vec();
    for cut in [1, BLOCK_HEADER - 1, BLOCK_HEADER, BLOCK_HEADER + 1] {
        let mut bytes = vec![0_u8; 1024 * 1024 - cut];
        bytes.extend_from_slice(&head);
        assert_eq!(durable_beyond(&mut bytes.as_slice(), 0, 0), Ok(true), "cut {cut}");
        assert_eq!(durable_beyond(&mut bytes.as_slice(), 0, 1), Ok(false), "cut {cut}");
    }
}

#[test]
fn a_block_of_another_past_does_not_fit_though_its_numbers_do() {
    let of = |first: &[u8], second: &[u8]| {
        let mut journal = Journal::new();
        journal.block(0, &[first]);
        journal.block(1, &[second]);
        journal
    };
    let (mut here, other) = (of(b"one", b"two"), of(b"uno", b"due"));
    let place = blocks(&here.segments[0])[1].clone();
    let foreign = other.segments[0][blocks(&other.segments[0])[1].clone()].to_vec();
    here.segments[0].splice(place, foreign);
    assert_eq!(cause(&here.segments), Cause::BlockChain);
}

#[test]
fn a_damaged_head_claims_no_durability() {
    let mut journal = Journal::new();
    journal.block(0, &[b"one"]);
    journal.block(1, &[b"two"]);
    let second = blocks(&journal.segments[0])[1].clone();
    let mut bytes = journal.segments[0][second].to_vec();
    assert_eq!(durable_beyond(&mut bytes.as_slice(), 0, 0), Ok(true));
    // A byte of the number that it says was durable.
    bytes[17] ^= 1;
    assert_eq!(durable_beyond(&mut bytes.as_slice(), 0, 0), Ok(false));
}

#[test]
fn a_tear_that_the_next_segment_does_not_settle_is_corruption() {
    let journal = reference();
    for cut in 0..journal.segments[0].len() {
        let mut segments = journal.segments.clone();
        segments[0].truncate(cut);
        match read(&segments) {
            Err(JournalError::Corrupt(damage)) => assert!(damage.segment <= 2, "cut {cut}"),
            other => panic!("cut {cut}: {other:?}"),
        }
    }
}

#[test]
fn tokens_must_not_fall() {
    let mut journal = Journal::new();
    journal.token = 5;
    journal.segment();
    assert_eq!(journal.chain.next_segment(4), Err(JournalError::Full));
    // A writer that went on with a stale token made a segment that no reader takes.
    let (_, mut stale) = read_chain(&journal.segments).unwrap();
    let header = stale.next_segment(5).unwrap();
    let head = SegmentHeader { token: 4, ..header }.encode().0.to_vec();
    journal.segments.push(head);
    assert_eq!(cause(&journal.segments), Cause::TokenFell { found: 4 });
}

#[test]
fn newer_versions_and_unknown_flags_are_refused_by_name() {
    let mut newer = Journal::new();
    newer.segments[0][8] = 2;
    let error = JournalError::Newer { segment: 1, found: 2, known: 1 };
    assert_eq!(read(&newer.segments), Err(error));

    let mut flagged = Journal::new();
    flagged.block(0, &[b"one"]);
    let at = SEGMENT_HEADER;
    let segment = &mut flagged.segments[0];
    segment[at + 5] = 4;
    let crc = crc32c::crc32c(&segment[at..at + 36]);
    let crc = crc32c::crc32c_append(crc, &segment[at + 40..at + 72]);
    segment[at + 36..at + 40].copy_from_slice(&crc.to_le_bytes());
    let error = JournalError::UnknownFlags { segment: 1, offset: 224, found: 4 };
    assert_eq!(read(&flagged.segments), Err(error));
}

#[test]
fn identity_texts_have_limits() {
    for (run_id, build_id) in [("", "b"), ("r", ""), ("r r", "b"), ("r", "\u{e9}")] {
        assert!(Identity::new(run_id, build_id, [0; 32]).is_err());
    }
    assert!(Identity::new(&"r".repeat(48), &"b".repeat(48), [0; 32]).is_ok());
    assert!(Identity::new(&"r".repeat(49), "b", [0; 32]).is_err());
    assert!(Identity::new("r", &"b".repeat(49), [0; 32]).is_err());
}

#[test]
fn connections_have_limits_and_names_are_found() {
    let mut chain = Chain::default();
    let mut conns = chain.conns().clone();
    assert_eq!(conns.introduce("market-0"), Ok(ConnIx(0)));
    assert_eq!(conns.introduce("rest-0"), Ok(ConnIx(1)));
    assert_eq!(conns.find("rest-0"), Some(ConnIx(1)));
    assert_eq!(conns.find("rest-1"), None);
    assert!(conns.introduce(&"n".repeat(65)).is_err());
    for index in 2..u16::MAX {
        assert_eq!(conns.introduce("n"), Ok(ConnIx(index)));
    }
    assert_eq!(conns.introduce("n"), Err(JournalError::Full));
    assert!(conns.knows(NO_CONN) && chain.conns().knows(NO_CONN));
    let record =
        Record { seq: 1, kind: Kind::Ws, recv_ns: 0, conn: ConnIx(0), epoch: 0, payload: b"" };
    assert_eq!(chain.observe(&record), Err(Cause::Conn { found: 0 }));
}

#[test]
fn kinds_have_one_code_and_one_word_each() {
    for (code, kind) in (1..).zip(Kind::all()) {
        assert_eq!(kind.code(), code);
        assert_eq!(Kind::from_code(code), Some(kind));
        assert_eq!(Kind::from_word(kind.word()), Some(kind));
    }
    assert_eq!(Kind::from_code(0), None);
    assert_eq!(Kind::from_code(16), None);
    assert_eq!(Kind::from_word(""), None);
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::all().filter(|kind| !kind.is_bookkeeping()).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn any_record_comes_back_as_it_was(
        kind in kinds(),
        recv_ns: i64,
        epoch: u32,
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let payload = payload.as_slice();
        let record = Record { seq: 1, kind, recv_ns, conn: NO_CONN, epoch, payload };
        let mut raw = Vec::new();
        record.encode(&mut raw);
        let read: Vec<_> = Records::new(&raw, 1).collect();
        prop_assert_eq!(read, vec![Ok(record)]);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _any = read(std::slice::from_ref(&bytes));
        let mut behind_a_head = Journal::new().segments;
        behind_a_head[0].extend(bytes);
        let _any = read(&behind_a_head);
    }

    #[test]
    fn any_split_into_blocks_and_segments_reads_the_same(
        cuts in prop::collection::vec(0_u8..4, 1..40),
    ) {
        let mut journal = Journal::new();
        let texts: Vec<Vec<u8>> = (0..cuts.len()).map(|at| at.to_string().into_bytes()).collect();
        let mut pending: Vec<&[u8]> = Vec::new();
        for (text, cut) in texts.iter().zip(&cuts) {
            pending.push(text);
            if *cut > 0 {
                journal.block(0, &pending);
                pending.clear();
            }
            if *cut > 2 {
                journal.segment();
            }
        }
        let (payloads, torn) = read(&journal.segments).unwrap();
        prop_assert_eq!(&payloads[..], &texts[..texts.len() - pending.len()]);
        prop_assert_eq!(torn, None);
    }
}

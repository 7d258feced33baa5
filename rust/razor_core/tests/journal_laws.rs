//! Laws of the journal against a list of records as the oracle.
//!
//! A plan says which records stand in which block, where segments begin and what was durable when.
//! Whatever the plan, the reader gives back the list; whatever is cut, flipped or repeated, it
//! gives back a prefix of the list or an error, and never loses what a later block called durable.
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

use proptest::prelude::*;
use razor_core::ids::ConnIx;
use razor_core::journal::{
    Chain, Codec, Damage, Found, Identity, JournalError, Kind, NO_CONN, NewBlock, RawOnly, Record,
    SEGMENT_HEADER, ScanError, SegmentScan, durable_beyond,
};

/// A record without its number, which follows from its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    kind: Kind,
    recv_ns: i64,
    conn: ConnIx,
    epoch: u32,
    payload: Vec<u8>,
}

/// What stands in a journal and how it is cut up.
#[derive(Debug, Clone)]
struct Plan {
    /// Blocks of records; a segment begins before each block whose flag is set.
    blocks: Vec<(bool, Vec<Row>)>,
    /// How many blocks a sync lags behind.
    lag: usize,
}

/// A journal made of a plan: segments, ends of blocks as (segment, byte), last numbers of blocks.
struct Made {
    segments: Vec<Vec<u8>>,
    ends: Vec<(usize, usize)>,
    lasts: Vec<u64>,
    rows: Vec<Row>,
}

fn identity() -> Identity {
    Identity::new("run_laws", "0.1.0+x", [1; 32]).unwrap()
}

fn make(plan: &Plan) -> Made {
    let mut chain = Chain::begin(identity());
    let mut made =
        Made { segments: Vec::new(), ends: Vec::new(), lasts: Vec::new(), rows: Vec::new() };
    made.segments.push(chain.next_segment(1).unwrap().encode().0.to_vec());
    for (at, (fresh, rows)) in plan.blocks.iter().enumerate() {
        // A segment is only begun once all before it is durable.
        let durable = if *fresh && at > 0 {
            made.segments.push(chain.next_segment(1).unwrap().encode().0.to_vec());
            chain.last_seq()
        } else {
            let known = at.checked_sub(plan.lag + 1).map_or(0, |before| made.lasts[before]);
            let begun = made.ends.iter().zip(&made.lasts).rev();
            let earlier = begun.clone().find(|(end, _)| end.0 + 1 < made.segments.len());
            known.max(earlier.map_or(0, |(_, last)| *last))
        };
        let mut raw = Vec::new();
        for (seq, row) in (chain.last_seq() + 1..).zip(rows) {
            let Row { kind, recv_ns, conn, epoch, payload } = row;
            let (kind, recv_ns, conn, epoch) = (*kind, *recv_ns, *conn, *epoch);
            Record { seq, kind, recv_ns, conn, epoch, payload }.encode(&mut raw);
        }
        let count = rows.len() as u32;
        let block = NewBlock {
            codec: Codec::Raw,
            durable_seq: durable,
            count,
            raw_len: raw.len(),
            stored: &raw,
        };
        let sealed = chain.seal(&block).unwrap();
        chain.advance(&sealed);
        let segment = made.segments.last_mut().unwrap();
        segment.extend_from_slice(&sealed.head);
        segment.extend_from_slice(&raw);
        made.ends.push((made.segments.len() - 1, made.segments.last().unwrap().len()));
        made.lasts.push(chain.last_seq());
        made.rows.extend(rows.iter().cloned());
    }
    made
}

/// What a reader proves: the records and the state behind them.
type Proof = (Vec<Row>, Chain);

fn read(segments: &[Vec<u8>]) -> Result<Proof, (Vec<Row>, JournalError)> {
    let (mut chain, mut scan, mut rows) = (Chain::default(), SegmentScan::default(), Vec::new());
    for (number, bytes) in (1..).zip(segments) {
        let mut source = bytes.as_slice();
        scan.start(number);
        loop {
            match scan.next(&mut chain, &mut source, &mut RawOnly) {
                Ok(Found::Block(_)) => loop {
                    match scan.next_record(&mut chain) {
                        Ok(Some(record)) => {
                            assert_eq!(record.seq, rows.len() as u64 + 1);
                            rows.push(Row {
                                kind: record.kind,
                                recv_ns: record.recv_ns,
                                conn: record.conn,
                                epoch: record.epoch,
                                payload: record.payload.to_vec(),
                            });
                        }
                        Ok(None) => break,
                        Err(error) => return Err((rows, error)),
                    }
                },
                Ok(Found::End) => break,
                Ok(Found::Torn(damage)) => {
                    if durable_beyond(&mut source, damage.offset, chain.last_seq()).unwrap() {
                        return Err((rows, JournalError::Corrupt(damage)));
                    }
                    break;
                }
                Err(ScanError::Journal(error)) => return Err((rows, error)),
                Err(ScanError::Source(never)) => match never {},
            }
        }
    }
    Ok((rows, chain))
}

/// Kinds that bring no bookkeeping of their own.
const KINDS: [Kind; 10] = [
    Kind::Ws,
    Kind::Rest,
    Kind::Trade,
    Kind::Quote,
    Kind::Ref,
    Kind::Meta,
    Kind::Gap,
    Kind::Timer,
    Kind::Params,
    Kind::Operator,
];

fn a_row() -> impl Strategy<Value = Row> {
    let payload = proptest::collection::vec(any::<u8>(), 0..40);
    (0..KINDS.len(), any::<i64>(), any::<u32>(), payload).prop_map(
        |(kind, recv_ns, epoch, payload)| Row {
            kind: KINDS[kind],
            recv_ns,
            conn: NO_CONN,
            epoch,
            payload,
        },
    )
}

fn a_plan() -> impl Strategy<Value = Plan> {
    let block = (proptest::bool::weighted(0.25), proptest::collection::vec(a_row(), 1..5));
    (proptest::collection::vec(block, 1..8), 0_usize..3)
        .prop_map(|(blocks, lag)| Plan { blocks, lag })
}

/// Goes on behind a recovered journal as a writer does: a new segment, one record.
fn go_on(segments: &[Vec<u8>], chain: &Chain) -> Vec<Vec<u8>> {
    let mut chain = match chain.identity() {
        Some(_) => chain.clone(),
        None => chain.clone().with_identity(identity()),
    };
    let mut segments = segments.to_vec();
    let mut bytes = chain.next_segment(2).unwrap().encode().0.to_vec();
    let seq = chain.last_seq() + 1;
    let mut raw = Vec::new();
    Record { seq, kind: Kind::Recovery, recv_ns: 0, conn: NO_CONN, epoch: 0, payload: b"on" }
        .encode(&mut raw);
    let durable_seq = chain.last_seq();
    let block =
        NewBlock { codec: Codec::Raw, durable_seq, count: 1, raw_len: raw.len(), stored: &raw };
    bytes.extend_from_slice(&chain.seal(&block).unwrap().head);
    bytes.extend_from_slice(&raw);
    segments.push(bytes);
    segments
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_records_in_any_blocks_and_segments_read_back(plan in a_plan()) {
        let made = make(&plan);
        let (rows, chain) = read(&made.segments).unwrap();
        prop_assert_eq!(&rows, &made.rows);
        prop_assert_eq!(chain.last_seq(), made.rows.len() as u64);
        prop_assert_eq!(chain.segment() as usize, made.segments.len());
        prop_assert!(chain.open_tear().is_none() && !chain.ended());
    }

    #[test]
    fn the_split_into_blocks_and_segments_is_not_in_the_records(
        plan in a_plan(),
        other in a_plan()
    ) {
        // The records of one plan under the cuts of the other.
        let rows: Vec<Row> = plan.blocks.iter().flat_map(|(_, rows)| rows.clone()).collect();
        let mut left = rows.as_slice();
        let mut blocks = Vec::new();
        for (fresh, pattern) in other.blocks.iter().cycle() {
            let (now, rest) = left.split_at(pattern.len().min(left.len()));
            if now.is_empty() {
                break;
            }
            blocks.push((*fresh, now.to_vec()));
            left = rest;
        }
        let made = make(&Plan { blocks, lag: other.lag });
        prop_assert_eq!(read(&made.segments).unwrap().0, rows);
    }

    #[test]
    fn a_cut_of_the_last_segment_keeps_every_whole_block_and_is_written_on(
        plan in a_plan(), place in any::<prop::sample::Index>()
    ) {
        let made = make(&plan);
        let last = made.segments.len() - 1;
        let keep = place.index(made.segments[last].len() + 1);
        let mut cut = made.segments.clone();
        cut[last].truncate(keep);
        let whole = made.ends.iter().zip(&made.lasts)
            .filter(|(end, _)| end.0 < last || end.1 <= keep)
            .map(|(_, seq)| *seq).max().unwrap_or(0);
        let (rows, chain) = read(&cut).unwrap();
        prop_assert_eq!(rows.len() as u64, whole);
        prop_assert_eq!(&rows[..], &made.rows[..rows.len()]);
        let border = keep == SEGMENT_HEADER || made.ends.contains(&(last, keep));
        prop_assert_eq!(chain.open_tear().is_none(), border);
        let on = go_on(&cut, &chain);
        let (again, chain) = read(&on).unwrap();
        prop_assert_eq!(again.len(), rows.len() + 1);
        prop_assert_eq!(&again[..rows.len()], &rows[..]);
        prop_assert!(chain.open_tear().is_none(), "the tear is settled");
        prop_assert_eq!(chain.torn().len(), usize::from(!border));
    }

    #[test]
    fn a_flip_gives_a_prefix_that_holds_all_that_was_called_durable(
        plan in a_plan(), place in any::<prop::sample::Index>(), bit in 0_u8..8
    ) {
        let made = make(&plan);
        let total: usize = made.segments.iter().map(Vec::len).sum();
        let mut at = place.index(total);
        let mut segments = made.segments.clone();
        let segment = segments.iter().position(|bytes| {
            let here = at < bytes.len();
            if !here {
                at -= bytes.len();
            }
            here
        }).unwrap();
        segments[segment][at] ^= 1 << bit;
        match read(&segments) {
            Ok((rows, chain)) => {
                // Only a tear can pass, and only in the last segment.
                prop_assert_eq!(&rows[..], &made.rows[..rows.len()]);
                prop_assert!(chain.open_tear().is_some());
                prop_assert_eq!(segment, made.segments.len() - 1);
            }
            Err((rows, _)) => prop_assert_eq!(&rows[..], &made.rows[..rows.len()]),
        }
    }

    #[test]
    fn bytes_of_any_kind_are_no_journal_and_no_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..600)
    ) {
        let (rows, chain) = read(&[bytes]).unwrap();
        prop_assert!(rows.is_empty());
        prop_assert!(chain.open_tear().is_some());
    }

    #[test]
    fn bytes_of_any_kind_behind_a_journal_take_nothing_away(
        plan in a_plan(), tail in proptest::collection::vec(any::<u8>(), 1..300)
    ) {
        let mut made = make(&plan);
        made.segments.last_mut().unwrap().extend(&tail);
        let (rows, chain) = read(&made.segments).unwrap();
        prop_assert_eq!(rows, made.rows);
        let offset = chain.open_tear().map(|damage| damage.offset as usize);
        prop_assert_eq!(offset, made.ends.last().map(|end| end.1));
    }

    #[test]
    fn a_lost_middle_is_corruption_once_a_later_block_calls_it_durable(
        plan in a_plan(), place in any::<prop::sample::Index>()
    ) {
        let made = make(&plan);
        let lost = place.index(made.ends.len());
        let (segment, end) = made.ends[lost];
        let begin = match lost.checked_sub(1).map(|before| made.ends[before]) {
            Some((same, at)) if same == segment => at,
            _ => SEGMENT_HEADER,
        };
        let mut segments = made.segments.clone();
        segments[segment][begin..end].fill(0);
        let before = if lost == 0 { 0 } else { made.lasts[lost - 1] };
        // Blocks behind it in its own segment, or any segment that continues it, speak for it.
        let spoken = plan.lag + 1;
        let same: usize = made.ends[lost + 1..].iter().filter(|other| other.0 == segment).count();
        let must_fail = segment + 1 < made.segments.len() || same >= spoken;
        match read(&segments) {
            Ok((rows, _)) => {
                prop_assert!(!must_fail, "a durable block was lost in silence");
                prop_assert_eq!(rows.len() as u64, before);
            }
            Err((rows, error)) => {
                prop_assert!(matches!(error, JournalError::Corrupt(_)));
                prop_assert_eq!(rows.len() as u64, before);
            }
        }
    }
}

#[test]
fn names_stand_for_connections_over_blocks_and_segments() {
    let name = |index: u16, text: &str| Row {
        kind: Kind::Conn,
        recv_ns: 0,
        conn: ConnIx(index),
        epoch: 0,
        payload: text.as_bytes().to_vec(),
    };
    let frame = |index: u16| Row { kind: Kind::Ws, conn: ConnIx(index), ..name(0, "x") };
    let blocks = vec![
        (false, vec![name(0, "market-0"), frame(0)]),
        (true, vec![frame(0), name(1, "rest-0"), frame(1)]),
        (true, vec![frame(1), frame(0), name(2, "market-0"), frame(2)]),
    ];
    let made = make(&Plan { blocks, lag: 0 });
    let (rows, chain) = read(&made.segments).unwrap();
    assert_eq!(rows, made.rows);
    let names: Vec<Option<&str>> = (0..4).map(|at| chain.conns().name(ConnIx(at))).collect();
    assert_eq!(names, [Some("market-0"), Some("rest-0"), Some("market-0"), None]);
    assert_eq!(chain.conns().find("market-0"), Some(ConnIx(0)), "the first of two");
    // Names of a block that is cut away are not known.
    let mut cut = made.segments.clone();
    cut[2].truncate(SEGMENT_HEADER + 50);
    let (_, chain) = read(&cut).unwrap();
    assert_eq!(
        (chain.conns().name(ConnIx(1)), chain.conns().name(ConnIx(2))),
        (Some("rest-0"), None)
    );
}

#[test]
fn several_crashes_in_a_row_leave_their_tails_as_evidence() {
    let plan = Plan {
        blocks: vec![(
            false,
            vec![Row {
                kind: Kind::Timer,
                recv_ns: 1,
                conn: NO_CONN,
                epoch: 0,
                payload: b"first".to_vec(),
            }],
        )],
        lag: 0,
    };
    let mut segments = make(&plan).segments;
    let mut want: Vec<Damage> = Vec::new();
    for round in 0..6_usize {
        // Torn in the head of a segment, in the head of a block, in a payload, by turns.
        let tear = [10, SEGMENT_HEADER + 20, SEGMENT_HEADER + 110][round % 3];
        let (rows, chain) = read(&segments).unwrap();
        assert_eq!(chain.torn(), want, "round {round}");
        let whole = go_on(&segments, &chain);
        let mut torn = whole.last().unwrap().clone();
        torn.truncate(tear);
        segments.push(torn);
        let (same, chain) = read(&segments).unwrap();
        assert_eq!(same, rows, "a torn segment adds nothing");
        want.push(chain.open_tear().unwrap());
        assert_eq!(want[round].segment as usize, segments.len());
        segments = go_on(&segments, &chain);
    }
    let (rows, chain) = read(&segments).unwrap();
    assert_eq!((rows.len(), chain.torn().len()), (7, 6));
    assert!(chain.open_tear().is_none());
}

//! The worked example of `docs/JOURNAL.md`, byte for byte.
//!
//! The document holds the bytes in hex; this test writes the same journal and compares. A change of
//! either is a change of the format. `RAZOR_UPDATE_GOLDEN=1` writes the bytes into the document.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use razor_core::ids::ConnIx;
use razor_core::journal::{
    Chain, Codec, Found, Identity, Kind, NO_CONN, NewBlock, RawOnly, Record, SegmentScan,
};

const BEGIN: &str = "<!-- example -->\n```text\n";
const END: &str = "```\n<!-- end of example -->";

fn document() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/JOURNAL.md"))
}

/// One segment with two blocks: a connection name and a frame, then the end.
fn example() -> Vec<u8> {
    let identity = Identity::new("run_20260429_021043_000001", "0.1.0+example", [0xc5; 32]);
    let mut chain = Chain::begin(identity.unwrap());
    let mut bytes = chain.next_segment(1).unwrap().encode().0.to_vec();
    let recv_ns = 1_777_428_647_128_534_000;
    let record =
        |seq, kind, conn, epoch, payload| Record { seq, kind, recv_ns, conn, epoch, payload };
    let blocks: [(u64, &[Record<'_>]); 2] = [
        (
            0,
            &[
                record(1, Kind::Conn, ConnIx(0), 0, b"market-0"),
                record(2, Kind::Ws, ConnIx(0), 1, br#"{"event_type":"book"}"#),
            ],
        ),
        (2, &[record(3, Kind::End, NO_CONN, 0, b"{}")]),
    ];
    for (durable_seq, records) in blocks {
        let mut raw = Vec::new();
        for record in records {
            record.encode(&mut raw);
        }
        let count = u32::try_from(records.len()).unwrap();
        let raw_len = raw.len();
        let block = NewBlock { codec: Codec::Raw, durable_seq, count, raw_len, stored: &raw };
        let sealed = chain.seal(&block).unwrap();
        chain.advance(&sealed);
        bytes.extend_from_slice(&sealed.head);
        bytes.extend_from_slice(&raw);
    }
    bytes
}

/// Sixteen bytes a line, as `hexdump -C` shows them without the text column.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, row) in bytes.chunks(16).enumerate() {
        write!(text, "{:08x} ", line * 16).unwrap();
        for byte in row {
            write!(text, " {byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_example_of_the_document_is_what_the_code_writes() {
    let text = fs::read_to_string(document()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let expected = hex(&example());
    if std::env::var_os("RAZOR_UPDATE_GOLDEN").is_some() {
        fs::write(document(), format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, expected);
    }
}

#[test]
fn the_example_is_a_whole_journal() {
    let bytes = example();
    let (mut chain, mut scan) = (Chain::default(), SegmentScan::default());
    scan.start(1);
    let mut kinds = Vec::new();
    while let Found::Block(_) = scan.next(&mut chain, &mut bytes.as_slice(), &mut RawOnly).unwrap()
    {
        while let Some(record) = scan.next_record(&mut chain).unwrap() {
            kinds.push(record.kind);
        }
    }
    assert_eq!(kinds, [Kind::Conn, Kind::Ws, Kind::End]);
    assert!(chain.ended());
}

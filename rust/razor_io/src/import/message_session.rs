//! F1: session directories of raw messages (`markets.jsonl` and `raw_messages.jsonl`, maybe
//! `.zst`).
//!
//! Owns: the mapping of an envelope to a record. `polymarket_clob` payloads become `ws` or `rest`
//! by their shape, every other source becomes `ref`; the payload is the received text, unchanged.
//!
//! The sessions polled in cycles of about a minute (connect, read, disconnect); `ingest_seq` jumps
//! by 1,000,000 from one to the next. Each cycle is therefore an epoch of its own, and what lies
//! between two is a gap in which nobody knows what was lost.
//!
//! Must never: reorder (the order of lines is the order of receipt; `ingest_seq` repeats), or trust
//! `recv_mono_ns` where it disagrees with the wall clock.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Control, ImportError, input};
use crate::capture::{
    CaptureWriter, FeesMeta, GapEntry, Kind, MarketMeta, Record, SetMeta, Source, cut, is_conn,
};

/// `ingest_seq` of two cycles differs by this.
const CYCLE: u64 = 1_000_000;
/// How far the two clocks of an envelope may differ before the coarse one is taken, ns.
const CLOCK_TOLERANCE_NS: i64 = 5_000_000_000;

#[derive(Deserialize)]
struct Envelope {
    source: String,
    recv_wall_ts: i64,
    recv_mono_ns: Option<i64>,
    ingest_seq: u64,
    payload: String,
}

#[derive(Deserialize)]
struct SessionMarket {
    slug: String,
    title: String,
    condition_id: String,
    outcomes: Vec<SessionOutcome>,
    end_ts: i64,
    tick_size: f64,
    min_order_size: f64,
    fee_parameters: Option<FeeParameters>,
}

#[derive(Deserialize)]
struct SessionOutcome {
    token_id: String,
    outcome: String,
}

#[derive(Deserialize)]
struct FeeParameters {
    fees_enabled: Option<bool>,
    raw_fee_config: Option<FeeConfig>,
}

#[derive(Deserialize)]
struct FeeConfig {
    exponent: u8,
    rate: f64,
}

/// What tells a REST answer from a frame.
#[derive(Deserialize)]
struct Shape {
    event_type: Option<IgnoredAny>,
    bids: Option<IgnoredAny>,
}

/// What is known of the stream so far.
#[derive(Default)]
struct Stream {
    cycle: Option<u64>,
    epoch: u32,
    last_ns: i64,
    last_seq: Option<u64>,
    repeats: u64,
    clock: u64,
    unshaped: u64,
}

/// Imports one session directory.
pub(super) fn import(
    root: &Path,
    writer: &mut CaptureWriter,
    control: &mut Control<'_>,
) -> Result<Source, ImportError> {
    let (markets, messages) = (named(root, "markets"), named(root, "raw_messages"));
    control.begin(input::size(&messages)?);
    let mut defined = Some(read_markets(&markets)?);
    let mut lines = input::open(&messages)?.lines();
    let mut stream = Stream::default();
    let mut done = 0_u64;
    while let Some((number, line)) = lines.next_line()? {
        let envelope: Envelope = serde_json::from_str(line)
            .map_err(|_| ImportError::row(&messages, number, "the envelope"))?;
        let t = stream
            .time(&envelope)
            .ok_or_else(|| ImportError::row(&messages, number, "recv_wall_ts"))?;
        if let Some((markets, sets)) = defined.take() {
            writer.define(t, markets, sets)?;
        }
        stream.enter(&envelope, t, writer)?;
        if !is_conn(&format!("ref-{}", envelope.source)) {
            return Err(ImportError::row(&messages, number, "source (it names a connection)"));
        }
        stream.write(&envelope, t, writer)?;
        control.advance(lines.file_bytes().saturating_sub(done))?;
        done = lines.file_bytes();
    }
    if let Some((markets, sets)) = defined.take() {
        writer.define(0, markets, sets)?;
    }
    stream.report(writer);
    Ok(Source {
        format: "f1".to_owned(),
        description: "Session of raw market-channel, REST and reference messages, polled in cycles"
            .to_owned(),
        licence: None,
        inputs: input::describe(root, &[markets, messages])?,
        config: None,
    })
}

fn named(root: &Path, name: &str) -> PathBuf {
    let zipped = root.join(format!("{name}.jsonl.zst"));
    if zipped.is_file() { zipped } else { root.join(format!("{name}.jsonl")) }
}

fn read_markets(path: &Path) -> Result<(Vec<MarketMeta>, Vec<SetMeta>), ImportError> {
    let mut lines = input::open(path)?.lines();
    let (mut markets, mut sets) = (Vec::new(), Vec::new());
    while let Some((number, line)) = lines.next_line()? {
        let bad = |field| ImportError::row(path, number, field);
        let market: SessionMarket = serde_json::from_str(line).map_err(|_| bad("the market"))?;
        let market = define(market).ok_or_else(|| bad("outcomes (two are needed)"))?;
        sets.push(SetMeta {
            key: market.condition_id.clone(),
            kind: "binary".to_owned(),
            legs: market.token_ids.to_vec(),
            settlement: "merge".to_owned(),
        });
        markets.push(market);
    }
    Ok((markets, sets))
}

fn define(market: SessionMarket) -> Option<MarketMeta> {
    let [yes, no]: [SessionOutcome; 2] = market.outcomes.try_into().ok()?;
    let label = if market.title.is_empty() { &market.slug } else { &market.title };
    Some(MarketMeta {
        condition_id: market.condition_id,
        token_ids: [yes.token_id, no.token_id],
        outcomes: vec![yes.outcome, no.outcome],
        label: cut(label),
        // The source has JSON numbers; their shortest text is the decimal that was written.
        tick_size: market.tick_size.to_string(),
        min_order_size: market.min_order_size.to_string(),
        neg_risk: false,
        fees: fees(market.fee_parameters),
        end_ms: market.end_ts,
        event_id: String::new(),
        group_id: String::new(),
        seconds_delay: 0,
    })
}

fn fees(parameters: Option<FeeParameters>) -> FeesMeta {
    match parameters {
        Some(FeeParameters { fees_enabled: Some(false), .. }) => FeesMeta::FREE,
        Some(FeeParameters { raw_fee_config: Some(config), .. }) => {
            FeesMeta::Taker { rate: config.rate.to_string(), exponent: config.exponent }
        }
        Some(_) | None => FeesMeta::Unknown,
    }
}

impl Stream {
    /// The receive time: the finer clock where it agrees with the coarser one.
    fn time(&mut self, envelope: &Envelope) -> Option<i64> {
        let wall = envelope.recv_wall_ts.checked_mul(1_000_000)?;
        let near = |fine: &i64| fine.abs_diff(wall) <= CLOCK_TOLERANCE_NS.unsigned_abs();
        let fine = envelope.recv_mono_ns.filter(near);
        self.clock = self.clock.saturating_add(u64::from(fine.is_none()));
        Some(fine.unwrap_or(wall))
    }

    /// Notices a new cycle: the epoch rises, and the time since the last message is a gap.
    fn enter(
        &mut self,
        envelope: &Envelope,
        t: i64,
        writer: &mut CaptureWriter,
    ) -> Result<(), ImportError> {
        let cycle = envelope.ingest_seq.checked_div(CYCLE);
        if self.cycle.is_some() && self.cycle != cycle {
            self.epoch = self.epoch.saturating_add(1);
            let (from_ns, cause) = (self.last_ns, "reconnect".to_owned());
            // A clock that was set back names an earlier time: the gap is then a moment.
            let to_ns = t.max(from_ns);
            writer.gap("market-0", self.epoch, GapEntry { from_ns, to_ns, cause, lost: None })?;
        }
        self.cycle = cycle;
        self.last_ns = self.last_ns.max(t);
        let again = self.last_seq.replace(envelope.ingest_seq) == Some(envelope.ingest_seq);
        self.repeats = self.repeats.saturating_add(u64::from(again));
        Ok(())
    }

    fn write(
        &mut self,
        envelope: &Envelope,
        t: i64,
        writer: &mut CaptureWriter,
    ) -> Result<(), ImportError> {
        let reference = format!("ref-{}", envelope.source);
        let (kind, conn) = if envelope.source == "polymarket_clob" {
            self.shape(&envelope.payload)
        } else {
            (Kind::Ref, reference.as_str())
        };
        let payload = envelope.payload.as_bytes();
        Ok(writer.write(&Record { kind, t, conn, epoch: self.epoch, payload })?)
    }

    /// An array or an object with `event_type` is a frame, an object with `bids` and without it a
    /// REST book. What is neither goes to the frame decoder, whose business it is to refuse it.
    fn shape(&mut self, payload: &str) -> (Kind, &'static str) {
        if !payload.trim_start().starts_with('[') {
            match serde_json::from_str(payload) {
                Ok(Shape { event_type: None, bids: Some(_) }) => return (Kind::Rest, "rest-0"),
                Ok(Shape { event_type: Some(_), .. }) => {}
                Ok(Shape { event_type: None, bids: None }) | Err(_) => {
                    self.unshaped = self.unshaped.saturating_add(1);
                }
            }
        }
        (Kind::Ws, "market-0")
    }

    fn report(&self, writer: &mut CaptureWriter) {
        writer.flags(&["polled_in_cycles", "no_trades"]);
        writer.defect("ingest_seq_repeats", self.repeats);
        writer.defect("clock_disagreements", self.clock);
        writer.defect("unknown_shapes", self.unshaped);
    }
}

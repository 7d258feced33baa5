//! Laws over any stream: no panic, the same bytes twice, rows that never change the fold.

use proptest::prelude::*;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{NoRows, Table};
use razor_core::engine::{Engine, Stepped};
use razor_core::units::Nanos;
use razor_sim::rng::Rng;

use super::run::{
    MS, PARAMS, Run, T0_MS, Tables, both, cells, condition, gap_text, group, market, meta, token,
    trade,
};

/// One generated record.
#[derive(Debug, Clone)]
struct Input {
    kind: Kind,
    recv_ns: i64,
    conn: &'static str,
    epoch: u32,
    payload: Vec<u8>,
}

impl Input {
    fn record(&self) -> Record<'_> {
        Record {
            kind: self.kind,
            recv_ns: Nanos(self.recv_ns),
            conn: self.conn,
            epoch: self.epoch,
            payload: &self.payload,
        }
    }
}

/// Everything a fold gives out.
#[derive(Debug, PartialEq)]
struct Folded {
    tables: Tables,
    steps: Vec<Stepped>,
    counters: String,
}

fn fold(params: &str, inputs: &[Input]) -> Folded {
    let mut run = Run::with(params);
    let mut steps = Vec::new();
    let mut records = 0;
    for input in inputs {
        let before = *run.engine.counters();
        let stepped = run.engine.step(&input.record(), &mut run.tables);
        steps.push(stepped.unwrap_or_default());
        if stepped.is_ok() {
            records += 1;
        }
        assert_eq!(run.engine.integrity().records, records);
        assert_grown(&before, run.engine.counters());
    }
    let counters = format!("{:?} {:?}", run.engine.counters(), run.engine.integrity());
    Folded { tables: run.tables, steps, counters }
}

fn assert_grown(
    before: &razor_core::engine::counters::Counters,
    after: &razor_core::engine::counters::Counters,
) {
    assert!(after.ticks_processed >= before.ticks_processed);
    assert!(after.trades_written >= before.trades_written);
    assert!(after.trades_invalid >= before.trades_invalid);
    assert!(after.signals_emitted >= before.signals_emitted);
    // Zero is "never", and times before the epoch lie below it.
    let (tick, trade) = (before.last_tick_ingest_ms, before.last_trade_ingest_ms);
    assert!(tick == 0 || after.last_tick_ingest_ms >= tick);
    assert!(trade == 0 || after.last_trade_ingest_ms >= trade);
}

/// The same records without rows.
fn counted(params: &str, inputs: &[Input]) -> (Vec<Stepped>, String, u64) {
    let (mut engine, mut none) = (Engine::default(), NoRows::default());
    let begin = Record {
        kind: Kind::Params,
        recv_ns: Nanos(T0_MS * MS),
        conn: "market-0",
        epoch: 0,
        payload: params.as_bytes(),
    };
    engine.step(&begin, &mut none).expect("settings");
    let steps = inputs
        .iter()
        .map(|input| engine.step(&input.record(), &mut none).unwrap_or_default())
        .collect();
    let counters = format!("{:?} {:?}", engine.counters(), engine.integrity());
    (steps, counters, none.signals)
}

/// Every row has as many cells as its header, and every health row is JSON.
fn assert_rows_whole(tables: &Tables) {
    for table in Table::ALL {
        let Some(header) = table.header() else { continue };
        let columns = header.split(',').count();
        for row in tables.rows(table) {
            assert_eq!(cells(row).len(), columns, "{table:?} {row}");
        }
    }
    tables.health();
    let ids: Vec<u64> = tables.signals.iter().map(|signal| signal.signal_id).collect();
    assert!(ids.iter().zip(1..).all(|(id, expected)| *id == expected), "{ids:?}");
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
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
        Kind::End,
        Kind::Conn,
        Kind::Recovery,
    ])
}

fn any_input(payload: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Input> {
    let conn = prop::sample::select(vec!["", "market-0", "market-1", "\u{1F980}", "a b"]);
    (kinds(), any::<i64>(), conn, any::<u32>(), payload).prop_map(
        |(kind, recv_ns, conn, epoch, payload)| Input { kind, recv_ns, conn, epoch, payload },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_of_any_kind_at_any_time_do_not_stop_a_run(
        inputs in prop::collection::vec(
            any_input(prop::collection::vec(any::<u8>(), 0..80)), 0..30),
    ) {
        let once = fold(PARAMS, &inputs);
        prop_assert_eq!(&once, &fold(PARAMS, &inputs));
        prop_assert!(once.tables.signals.is_empty());
    }

    #[test]
    fn any_text_that_looks_like_a_payload_does_not_stop_a_run(
        inputs in prop::collection::vec(
            any_input("[\\[\\]{}\":,.a-f0-9 \\\\-]{0,60}".prop_map(String::into_bytes)), 0..30),
    ) {
        prop_assert_eq!(fold(PARAMS, &inputs), fold(PARAMS, &inputs));
    }
}

const SEEDS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A stream of mostly valid records over five markets, with every fault a feed can have.
struct World {
    rng: Rng,
    voice: Run,
    clock_ms: i64,
    epochs: [u32; 2],
    inputs: Vec<Input>,
}

impl World {
    fn generate(seed: u64, records: usize) -> Vec<Input> {
        let mut world = Self {
            rng: Rng::new(seed),
            voice: Run::bare(),
            clock_ms: 0,
            epochs: [0; 2],
            inputs: Vec::new(),
        };
        let sets = [
            group("abc", &["a", "b", "c"]),
            group("bd", &["b", "d"]),
            group("abcde", &SEEDS),
            both("a"),
        ];
        world.push(Kind::Meta, "", 0, meta(&SEEDS.map(market), &sets));
        for _ in 0..records {
            world.step();
        }
        world.inputs
    }

    fn push(&mut self, kind: Kind, conn: &'static str, epoch: u32, payload: String) {
        let recv_ns = (T0_MS + self.clock_ms) * MS;
        self.inputs.push(Input { kind, recv_ns, conn, epoch, payload: payload.into_bytes() });
    }

    fn seed(&mut self) -> &'static str {
        SEEDS[self.rng.index(SEEDS.len())]
    }

    fn step(&mut self) {
        self.clock_ms += match self.rng.below(20) {
            0 => -i64::from(self.rng.below(300)),
            1 => i64::from(self.rng.below(15_000)),
            _ => i64::from(self.rng.below(120)),
        };
        self.voice.venue_ms = T0_MS + self.clock_ms + i64::from(self.rng.below(3));
        let line = self.rng.index(2);
        let conn = ["market-0", "market-1"][line];
        match self.rng.below(40) {
            0 => self.epochs[line] += 1,
            1 => self.push(Kind::Recovery, "", 0, String::new()),
            2 => self.gap(conn),
            3 => self.push(Kind::Timer, "", 0, String::new()),
            4 => self.push(Kind::Ws, conn, self.epochs[line], "{broken".into()),
            5 => {
                let seed = self.seed();
                self.push(Kind::Meta, "", 0, meta(&[market(seed)], &[both(seed)]));
            }
            6..=9 => self.trade(),
            10..=14 => self.quote(),
            15..=17 => {
                let seed = self.seed();
                let text = self.snapshot(seed).replace("\"event_type\":\"book\",", "");
                self.push(Kind::Rest, "rest", 0, text);
            }
            18..=24 => {
                let seed = self.seed();
                let text = self.snapshot(seed);
                self.push(Kind::Ws, conn, self.epochs[line], text);
            }
            _ => self.change(conn, self.epochs[line]),
        }
    }

    fn snapshot(&mut self, seed: &str) -> String {
        let bid = 5 + self.rng.below(25);
        let ask = bid + 1 + self.rng.below(8);
        if self.rng.chance(50) {
            return self.voice.snapshot(seed, "yes", bid, ask);
        }
        self.voice.snapshot(seed, "no", 100 - ask, 100 - bid)
    }

    fn change(&mut self, conn: &'static str, epoch: u32) {
        let seed = self.seed();
        let (side, cents, size) =
            (["BUY", "SELL"][self.rng.index(2)], 1 + self.rng.below(45), self.rng.below(4));
        let mut text = self.voice.change(seed, side, cents, size * 50);
        if self.rng.chance(3) {
            text = text.replace(&condition(seed), &condition("z"));
        }
        if self.rng.chance(3) {
            text = text.replace("\"price\":\"0.", "\"price\":\"0.00");
        }
        self.push(Kind::Ws, conn, epoch, text);
    }

    fn gap(&mut self, conn: &'static str) {
        let causes = [
            "DISCONNECTED",
            "TRADES_INCOMPLETE open",
            "TRADES_INCOMPLETE closed",
            "TRADES_INCOMPLETE open market=0xnobody",
        ];
        let cause = causes[self.rng.index(causes.len())];
        let from = self.clock_ms - i64::from(self.rng.below(2_000));
        let conn = if self.rng.chance(30) { "" } else { conn };
        self.push(Kind::Gap, conn, 0, gap_text(from, self.clock_ms, cause, "1"));
    }

    fn trade(&mut self) {
        let seed = self.seed();
        let price = format!("0.{:02}", 1 + self.rng.below(40));
        let (size, hash) = (1 + self.rng.below(300), format!("0x{}", self.rng.below(60)));
        self.push(Kind::Trade, "trades", 0, trade(seed, &price, &size.to_string(), &hash));
    }

    fn quote(&mut self) {
        let entries: Vec<String> = (0..5)
            .filter(|_| self.rng.chance(90))
            .collect::<Vec<u32>>()
            .into_iter()
            .map(|number| {
                let bid = 1 + self.rng.below(20);
                format!("{number},0.{bid:02},0.{:02},{}", bid + 1 + self.rng.below(9), number * 7)
            })
            .collect();
        self.push(Kind::Quote, "quotes", 0, entries.join(";"));
    }
}

#[test]
fn generated_streams_fold_to_the_same_bytes_twice_and_rows_change_nothing() {
    let (mut signals, mut settled, mut refused) = (0, 0, 0);
    for seed in 0..40 {
        let mut inputs = World::generate(seed, 400);
        let last = inputs.last().expect("records").recv_ns;
        let end = Input { kind: Kind::End, recv_ns: last, conn: "", epoch: 0, payload: Vec::new() };
        inputs.push(end);
        for params in [PARAMS.to_owned(), PARAMS.replace("venue", "predecessor")] {
            let once = fold(&params, &inputs);
            assert_eq!(once, fold(&params, &inputs), "seed {seed}");
            let (steps, counters, raised) = counted(&params, &inputs);
            assert_eq!(steps, once.steps, "seed {seed}");
            assert_eq!(counters, once.counters, "seed {seed}");
            assert_eq!(raised, once.tables.signals.len() as u64, "seed {seed}");
            assert_rows_whole(&once.tables);
            signals += once.tables.signals.len();
            settled += once.tables.count(Table::ShadowSets);
            refused += once.steps.iter().filter(|step| step.is_refused).count();
        }
    }
    // The streams reach what they are for.
    assert!(signals > 500 && settled > 300 && refused > 200, "{signals} {settled} {refused}");
}

#[test]
fn a_stream_cut_anywhere_is_a_prefix_of_the_whole() {
    let inputs = World::generate(7, 250);
    let whole = fold(PARAMS, &inputs);
    for cut in (0..inputs.len()).step_by(17) {
        let part = fold(PARAMS, &inputs[..cut]);
        assert_eq!(part.steps, whole.steps[..cut]);
        for (table, text) in &part.tables.text {
            assert!(whole.tables.text[table].starts_with(text.as_str()), "{table:?} {cut}");
        }
    }
}

#[test]
fn a_clone_of_a_run_goes_on_like_the_run() {
    let inputs = World::generate(11, 300);
    let (mut run, mut twin) = (Run::new(), None);
    for (index, input) in inputs.iter().enumerate() {
        if index == 150 {
            twin = Some((run.engine.clone(), run.tables.clone()));
        }
        run.engine.step(&input.record(), &mut run.tables).expect("a record of the run");
    }
    let (mut engine, mut tables) = twin.expect("a twin");
    for input in &inputs[150..] {
        engine.step(&input.record(), &mut tables).expect("a record of the run");
    }
    assert_eq!(tables, run.tables);
    assert_eq!(engine.integrity(), run.engine.integrity());
}

#[test]
fn tokens_of_a_run_have_the_length_of_the_venues() {
    assert_eq!((token("a", "yes").len(), condition("a").len()), (76, 66));
}

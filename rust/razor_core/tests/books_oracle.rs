//! The fast book against a slow obvious one under 120,000 generated commands, and a state hash that
//! does not depend on how either of them stores its levels.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    reason = "a test stops loudly where the core must not"
)]

mod books_oracle {
    pub(crate) mod naive;
    pub(crate) mod script;
}

use books_oracle::naive::Naive;
use books_oracle::script::{Command, Script};
use razor_core::book::{BookParams, BookSide, Books, Report, Source};
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::units::Nanos;
use razor_core::wire::Kind;

const MARKET: MarketIx = MarketIx(0);

fn side(books: &Books, outcome: Outcome, side: BookSide) -> Vec<(u32, u64)> {
    let levels = books.levels(TokenIx::of(MARKET, outcome), side);
    levels.map(|(price, qty)| (price.micros(), qty.0)).collect()
}

fn compare(books: &Books, naive: &Naive, step: usize, command: &Command) {
    for outcome in [Outcome::Yes, Outcome::No] {
        let (bids, asks) = naive.view(outcome);
        assert_eq!(side(books, outcome, BookSide::Bids), bids, "{step} {command:?}");
        assert_eq!(side(books, outcome, BookSide::Asks), asks, "{step} {command:?}");
        let token = TokenIx::of(MARKET, outcome);
        assert_eq!(books.state(token), naive.state(outcome), "{step} {command:?}");
        let top = books.top(token);
        assert_eq!(top.bid.map(|(p, q)| (p.micros(), q.0)), bids.first().copied());
        assert_eq!(top.ask.map(|(p, q)| (p.micros(), q.0)), asks.first().copied());
        assert_eq!(books.ask_depth3_pico(token), naive.depth3(outcome), "{step} {command:?}");
    }
    assert_eq!(books.state_hash(MARKET), naive.state_hash(), "{step} {command:?}");
}

#[test]
fn the_fast_book_equals_the_obvious_one_after_each_of_120_000_commands() {
    let mut seen_states = std::collections::BTreeSet::new();
    for seed in 0..24 {
        let mut script = Script::new(seed);
        let mut books = Books::new(&Script::universe(), BookParams::default()).expect("books");
        let mut naive = Naive::default();
        let mut report = Report::default();
        for step in 0..5_000 {
            let command = script.next();
            match &command {
                Command::Reconnect { epoch } => books.start_epoch(ConnIx(0), *epoch),
                Command::Lose => books.frame_lost(ConnIx(0)),
                Command::Snapshot(_) | Command::Changes(_) | Command::Grid(_) => {
                    let recv_ns = Nanos(i64::try_from(step).expect("step"));
                    let epoch = script.epoch;
                    let source = Source { conn: ConnIx(0), epoch, recv_ns, kind: Kind::Ws };
                    let text = script.text(&command);
                    books.apply(source, text.as_bytes(), &mut report).expect("decodes");
                }
            }
            naive.step(&command);
            compare(&books, &naive, step, &command);
            seen_states.insert(format!("{:?}", naive.state(Outcome::Yes)));
        }
    }
    // Unhydrated, live, crossed for a moment, and five reasons of DIRTY.
    assert!(seen_states.len() >= 7, "{seen_states:?}");
}

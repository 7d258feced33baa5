//! The venue's spelling of what happens, as recorded: changes spaced, books tight.

use core::fmt::{self, Display, Write as _};
use core::ops::Range;

use razor_core::ids::Outcome;

use super::world::{Market, Move, ONE, World, other};
use crate::rng::Rng;

/// Millionths as the shortest plain decimal.
struct Micros(u64);

impl Display for Micros {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:06}", self.0 % 1_000_000);
        let decimals = decimals.trim_end_matches('0');
        write!(formatter, "{}", self.0 / 1_000_000)?;
        if decimals.is_empty() { Ok(()) } else { write!(formatter, ".{decimals}") }
    }
}

/// A price in ten-thousandths.
fn price(fine: u16) -> Micros {
    Micros(u64::from(fine).saturating_mul(100))
}

fn complement(fine: u16) -> u16 {
    ONE.saturating_sub(fine)
}

/// 40 hex digits of filler.
fn filler(rng: &mut Rng) -> String {
    format!("{:016x}{:016x}{:08x}", rng.next(), rng.next(), rng.below(u32::MAX))
}

/// Collects frames in one buffer.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameWriter {
    pub(super) text: Vec<u8>,
    pub(super) ends: Vec<usize>,
    frame: String,
}

/// Shares of the message kinds in 1,000 (the rest are level changes).
const BOOKS: u32 = 40;
const TRADES: u32 = 35;
const TOPS: u32 = 20;
const LISTINGS: u32 = 2;
const OTHERS: u32 = 2;
const GRIDS: u32 = 1;

impl FrameWriter {
    fn end_frame(&mut self) {
        self.text.extend_from_slice(self.frame.as_bytes());
        self.ends.push(self.text.len());
        self.frame.clear();
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _written = self.frame.write_fmt(text);
    }

    /// One frame of the initial dump.
    pub(super) fn dump(&mut self, world: &mut World, markets: Range<usize>, rng: &mut Rng) {
        self.put(format_args!("["));
        for (index, market) in world.markets.get(markets).unwrap_or_default().iter().enumerate() {
            if index > 0 {
                self.put(format_args!(","));
            }
            self.book(market, Outcome::Yes, world.venue_ts_ms, rng);
            self.put(format_args!(","));
            self.book(market, Outcome::No, world.venue_ts_ms, rng);
        }
        self.put(format_args!("]\n"));
        self.end_frame();
    }

    /// One message of a kind drawn by its share.
    pub(super) fn message(&mut self, world: &mut World, rng: &mut Rng) {
        world.tick_clock(rng);
        if let Some((index, outcome)) = world.owed.pop() {
            return self.single_book(world, index, outcome, rng);
        }
        let index = world.pick(rng);
        let draw = rng.below(1_000);
        let at = world.venue_ts_ms;
        let limits = [BOOKS, TRADES, TOPS, LISTINGS, OTHERS, GRIDS];
        let mut limit = 0_u32;
        let kind = limits.iter().position(|share| {
            limit = limit.saturating_add(*share);
            draw < limit
        });
        let outcome = if rng.chance(50) { Outcome::Yes } else { Outcome::No };
        match kind {
            Some(0) => return self.single_book(world, index, outcome, rng),
            Some(5) => return self.grid_change(world, index),
            _ => {}
        }
        let Some(market) = world.markets.get_mut(index) else { return };
        match kind {
            Some(1) => self.trade(market, outcome, at, rng),
            Some(2) => self.top(market, outcome, at),
            Some(3) => self.listing(at, rng),
            Some(4) => self.unknown(rng),
            _ => self.changes(market, at, rng),
        }
        self.end_frame();
    }

    fn changes(&mut self, market: &mut Market, at: u64, rng: &mut Rng) {
        // Entries per message: mostly one order seen from both tokens.
        let entries = match rng.below(100) {
            0..=11 => 1_usize,
            12..=78 => 2,
            79..=83 => 3,
            84..=92 => 4,
            93..=95 => 5,
            _ => 6,
        };
        let moves: Vec<Move> = (0..entries.div_ceil(2)).map(|_| market.random_move(rng)).collect();
        self.put(format_args!("{{\"market\":\"{}\", \"price_changes\":[", market.condition));
        let views = moves.iter().flat_map(|m| [(m, m.outcome), (m, other(m.outcome))]);
        for (index, (change, view)) in views.take(entries).enumerate() {
            if index > 0 {
                self.put(format_args!(", "));
            }
            self.change(market, change, view, rng);
        }
        self.put(format_args!("], \"timestamp\":\"{at}\", \"event_type\":\"price_change\"}}"));
    }

    /// A bid of one outcome, seen as itself or as the ask of the other.
    fn change(&mut self, market: &Market, change: &Move, view: Outcome, rng: &mut Rng) {
        let own = view == change.outcome;
        let level = if own { change.price } else { complement(change.price) };
        let (bid, ask) = tops(market, view);
        self.put(format_args!(
            "{{\"asset_id\":\"{}\", \"price\":\"{}\", \"size\":\"{}\", \"side\":\"{}\", \"hash\":\"{}\", \
             \"best_bid\":\"{bid}\", \"best_ask\":\"{ask}\"}}",
            token(market, view),
            price(level),
            Micros(change.micros),
            if own { "BUY" } else { "SELL" },
            filler(rng),
        ));
    }

    fn single_book(&mut self, world: &World, index: usize, outcome: Outcome, rng: &mut Rng) {
        let Some(market) = world.markets.get(index) else { return };
        self.put(format_args!("["));
        self.book(market, outcome, world.venue_ts_ms, rng);
        self.put(format_args!("]\n"));
        self.end_frame();
    }

    fn book(&mut self, market: &Market, view: Outcome, at: u64, rng: &mut Rng) {
        self.put(format_args!(
            "{{\"market\":\"{}\",\"asset_id\":\"{}\",\"timestamp\":\"{at}\",\"hash\":\"{}\",\"bids\":[",
            market.condition,
            token(market, view),
            filler(rng),
        ));
        let bids: Vec<_> = market.side(view).iter().map(|(p, q)| (*p, *q)).collect();
        self.levels(&bids);
        self.put(format_args!("],\"asks\":["));
        let asks: Vec<_> =
            market.side(other(view)).iter().map(|(p, q)| (complement(*p), *q)).collect();
        self.levels(&asks);
        self.put(format_args!(
            "],\"tick_size\":\"{}\",\"event_type\":\"book\",\"last_trade_price\":\"{}\"}}",
            price(market.tick),
            market.last_trade_price,
        ));
    }

    fn levels(&mut self, levels: &[(u16, u64)]) {
        for (index, (fine, micros)) in levels.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            self.put(format_args!(
                "{comma}{{\"price\":\"{}\",\"size\":\"{}\"}}",
                price(*fine),
                Micros(*micros)
            ));
        }
    }

    fn trade(&mut self, market: &mut Market, view: Outcome, at: u64, rng: &mut Rng) {
        let (bid, ask) = tops(market, view);
        let (side, at_price) = if rng.chance(50) { ("BUY", ask) } else { ("SELL", bid) };
        let micros = u64::from(rng.below(500_000_000)).saturating_add(1);
        self.put(format_args!(
            "{{\"market\":\"{}\", \"asset_id\":\"{}\", \"price\":\"{at_price}\", \"size\":\"{}\", \
             \"fee_rate_bps\":\"0\", \"side\":\"{side}\", \"timestamp\":\"{at}\", \
             \"event_type\":\"last_trade_price\", \"transaction_hash\":\"0x{}{:024x}\"}}",
            market.condition,
            token(market, view),
            Micros(micros),
            filler(rng),
            rng.next(),
        ));
        market.last_trade_price = at_price.to_string();
    }

    fn top(&mut self, market: &Market, view: Outcome, at: u64) {
        let (bid, ask) = tops(market, view);
        let spread = Micros(ask.0.saturating_sub(bid.0));
        self.put(format_args!(
            "{{\"market\":\"{}\", \"asset_id\":\"{}\", \"best_bid\":\"{bid}\", \"best_ask\":\"{ask}\", \
             \"spread\":\"{spread}\", \"timestamp\":\"{at}\", \"event_type\":\"best_bid_ask\"}}",
            market.condition,
            token(market, view),
        ));
    }

    /// A listing of some other market, with escapes and nesting in it.
    fn listing(&mut self, at: u64, rng: &mut Rng) {
        self.put(format_args!(
            "{{\"id\":\"{}\", \"question\":\"Up or \\\"Down\\\"?\", \"market\":\"0x{}{:024x}\", \
             \"assets_ids\":[\"1\", \"2\"], \"outcomes\":[\"Up\", \"Down\"], \
             \"event_message\":{{\"id\":\"9\", \"title\":\"x\"}}, \"timestamp\":\"{at}\", \
             \"event_type\":\"new_market\", \"tags\":[], \"active\":false}}",
            rng.below(9_999_999),
            filler(rng),
            rng.next(),
        ));
    }

    fn unknown(&mut self, rng: &mut Rng) {
        if rng.chance(50) {
            return self.put(format_args!("PONG"));
        }
        self.put(format_args!("{{\"event_type\":\"not_yet_invented\", \"value\":[1, null, 2e5]}}"));
    }

    /// The market moves to the finer grid; snapshots of both tokens follow at once.
    fn grid_change(&mut self, world: &mut World, index: usize) {
        let at = world.venue_ts_ms;
        let Some(market) = world.markets.get_mut(index) else { return };
        let old = market.tick;
        market.tick = 10;
        self.put(format_args!(
            "{{\"market\":\"{}\", \"asset_id\":\"{}\", \"old_tick_size\":\"{}\", \
             \"new_tick_size\":\"{}\", \"timestamp\":\"{at}\", \"event_type\":\"tick_size_change\"}}",
            market.condition,
            token(market, Outcome::Yes),
            price(old),
            price(market.tick),
        ));
        self.end_frame();
        world.owed.extend([(index, Outcome::No), (index, Outcome::Yes)]);
    }
}

fn token(market: &Market, view: Outcome) -> &str {
    let [yes, no] = &market.tokens;
    match view {
        Outcome::Yes => yes,
        Outcome::No => no,
    }
}

/// Best bid and ask of a view; the world keeps both sides filled.
fn tops(market: &Market, view: Outcome) -> (Micros, Micros) {
    let bid = market.best(view).unwrap_or(0);
    let ask = market.best(other(view)).map_or(ONE, complement);
    (price(bid), price(ask))
}

//! Sets over books: N legs, mixed grids, legs that come, go, doubt or fall silent.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test stops loudly where the core must not"
)]

use razor_core::book::{BookParams, Books, Report, Source};
use razor_core::detect::{Detector, Finding, SetSums};
use razor_core::ids::{ConnIx, MarketIx, SetIx, TokenIx};
use razor_core::market::{Fees, MarketDef, SetDef, SetKind, Settlement, Universe};
use razor_core::units::{Nanos, Qty, TickSize, Usdc};
use razor_core::wire::Kind;
use razor_sim::rng::Rng;

const GRIDS: [u32; 6] = [100_000, 10_000, 5_000, 2_500, 1_000, 100];

/// Markets on all grids in turn, each on its own connection, and sets over them.
struct Bench {
    universe: Universe,
    books: Books,
    detector: Detector,
    report: Report,
    found: Vec<Finding>,
}

impl Bench {
    fn new(markets: u32, sets: &[Vec<u32>], screen: i64) -> Self {
        let mut universe = Universe::default();
        for number in 0..markets {
            let def = MarketDef {
                condition_id: format!("c{number}").into(),
                token_ids: [format!("y{number}").into(), format!("n{number}").into()],
                label: "".into(),
                tick: TickSize::from_micros(GRIDS[number as usize % GRIDS.len()]).unwrap(),
                min_order_qty: Qty(5_000_000),
                fees: Fees::Unknown,
                neg_risk: true,
                end_ms: 0,
            };
            universe.add_market(def).unwrap();
        }
        for legs in sets {
            universe.add_set(set(legs)).unwrap();
        }
        let books = Books::new(&universe, BookParams::default()).unwrap();
        let detector = Detector::new(&universe, Usdc(screen));
        Self { universe, books, detector, report: Report::default(), found: Vec::new() }
    }

    fn apply(&mut self, market: u32, text: &str) -> Vec<Finding> {
        let conn = ConnIx(market as u16);
        let source = Source { conn, epoch: 0, recv_ns: Nanos(1), kind: Kind::Ws };
        self.books.apply(source, text.as_bytes(), &mut self.report).expect("accepted");
        self.update()
    }

    fn update(&mut self) -> Vec<Finding> {
        self.found.clear();
        self.detector.update(&self.books, &self.report.touched, &mut self.found);
        self.found.clone()
    }

    /// Both tokens' snapshots of a market with at most one level a side, in ten-thousandths.
    fn book(&mut self, market: u32, bid: Option<u32>, ask: Option<u32>) -> Vec<Finding> {
        let level = |fine: Option<u32>| {
            fine.map_or(String::new(), |fine| {
                format!("{{\"price\":\"0.{fine:04}\",\"size\":\"100\"}}")
            })
        };
        let view = |token: &str, bid: Option<u32>, ask: Option<u32>| {
            format!(
                "{{\"event_type\":\"book\",\"market\":\"c{market}\",\"asset_id\":\"{token}{market}\",\
                 \"timestamp\":\"1791258810641\",\"bids\":[{}],\"asks\":[{}]}}",
                level(bid),
                level(ask)
            )
        };
        let mirror = |fine: Option<u32>| fine.map(|fine| 10_000 - fine);
        let frame = format!("[{},{}]", view("y", bid, ask), view("n", mirror(ask), mirror(bid)));
        self.apply(market, &frame)
    }

    /// The set's figures added up from the books.
    fn added(&self, set: u32) -> SetSums {
        let mut sums = SetSums::default();
        for leg in &self.universe.set(SetIx(set)).unwrap().legs {
            let top = self.books.top(*leg);
            match top.ask {
                Some((price, _)) => sums.ask.0 += i64::from(price.micros()),
                None => sums.asks_missing += 1,
            }
            match top.bid {
                Some((price, _)) => sums.bid.0 += i64::from(price.micros()),
                None => sums.bids_missing += 1,
            }
        }
        sums
    }
}

fn set(legs: &[u32]) -> SetDef {
    SetDef {
        key: "k".into(),
        kind: SetKind::Group,
        legs: legs.iter().map(|leg| TokenIx(*leg)).collect(),
        settlement: Settlement::HoldToResolution,
    }
}

/// YES tokens of the first markets.
fn yes(count: u32) -> Vec<u32> {
    (0..count).map(|market| market * 2).collect()
}

fn candidate(set: u32, ask: i64, bid: Option<i64>) -> Finding {
    Finding::Candidate { set: SetIx(set), sum_ask: Usdc(ask), sum_bid: bid.map(Usdc) }
}

#[test]
fn a_set_of_any_size_is_found_with_its_last_leg_and_not_before() {
    for legs in [2, 3, 4, 7, 31, 63, 64] {
        // An ask of 0.10 is on every grid.
        let total = i64::from(legs) * 100_000;
        let mut bench = Bench::new(legs, &[yes(legs)], total);
        for market in 0..legs {
            let found = bench.book(market, None, Some(1_000));
            let expected =
                if market + 1 == legs { vec![candidate(0, total, None)] } else { vec![] };
            assert_eq!(found, expected, "{legs} {market}");
        }
        assert!(bench.detector.is_checkable(SetIx(0), &bench.books));
        assert_eq!(bench.detector.sums(SetIx(0)), Some(bench.added(0)));
    }
}

#[test]
fn the_screen_lets_its_own_value_through_and_not_a_tick_more() {
    // Grids of 0.1, 0.01, 0.005, 0.0025, 0.001 and 0.0001: the finest leg decides at 0.0001.
    for (screen, last, found) in [
        (600_000, 1_000, true),
        (600_000, 1_001, false),
        (599_999, 1_000, false),
        (600_100, 1_001, true),
    ] {
        let mut bench = Bench::new(6, &[yes(6)], screen);
        for market in 0..5 {
            bench.book(market, None, Some(1_000));
        }
        assert_eq!(!bench.book(5, None, Some(last)).is_empty(), found, "{screen} {last}");
    }
}

#[test]
fn mixed_grids_sum_exactly() {
    let mut bench = Bench::new(6, &[yes(6)], 2_000_000);
    let asks = [3_000, 1_700, 450, 1_225, 330, 7];
    let bids = [1_000, 1_600, 400, 1_200, 320, 6];
    let mut found = Vec::new();
    for (market, (bid, ask)) in bids.into_iter().zip(asks).enumerate() {
        found = bench.book(market as u32, Some(bid), Some(ask));
    }
    let sum = |fines: [u32; 6]| fines.iter().map(|fine| i64::from(*fine) * 100).sum::<i64>();
    assert_eq!(found, [candidate(0, sum(asks), Some(sum(bids)))]);
}

#[test]
fn legs_of_both_outcomes_take_the_mirror_of_the_other_side() {
    // YES of market 1 and NO of market 3: the NO ask is one less the YES bid.
    let mut bench = Bench::new(4, &[vec![2, 7]], 1_000_000);
    bench.book(1, Some(2_000), Some(3_000));
    let found = bench.book(3, Some(4_000), Some(5_000));
    assert_eq!(found, [candidate(0, 300_000 + 600_000, Some(200_000 + 500_000))]);
}

type Spoil = fn(&mut Bench);

#[test]
fn one_leg_that_is_not_live_keeps_the_whole_set_out() {
    let cases: [(&str, Spoil, Spoil); 5] = [
        ("lost", |b| b.books.frame_lost(ConnIx(2)), |_| {}),
        ("doubted", |b| b.books.distrust(MarketIx(2)), |_| {}),
        (
            "a new epoch",
            |b| b.books.start_epoch(ConnIx(2), 1),
            |b| {
                b.books.restart();
                for market in [0, 1, 2] {
                    b.book(market, Some(100 * 10), Some(2_000));
                }
            },
        ),
        (
            "off its grid",
            |b| {
                b.apply(2, &change(2, "BUY", "0.1001", 5));
            },
            |_| {},
        ),
        (
            "crossed",
            |b| {
                b.apply(2, &change(2, "BUY", "0.5", 5));
            },
            |_| {},
        ),
    ];
    for (what, spoil, repair) in cases {
        let mut bench = Bench::new(3, &[yes(3)], 700_000);
        for market in 0..3 {
            bench.book(market, Some(1_000), Some(2_000));
        }
        assert!(bench.detector.is_checkable(SetIx(0), &bench.books));
        spoil(&mut bench);
        assert!(!bench.detector.is_checkable(SetIx(0), &bench.books), "{what}");
        let touched = bench.apply(1, &change(1, "BUY", "0.11", 5));
        assert_eq!(touched, [], "{what}: legs of others do not make it whole");
        repair(&mut bench);
        let healed = bench.book(2, Some(1_000), Some(2_000));
        assert_eq!(healed.len(), 1, "{what}: its own snapshot does");
    }
}

fn change(market: u32, side: &str, price: &str, size: u32) -> String {
    format!(
        "{{\"event_type\":\"price_change\",\"market\":\"c{market}\",\"timestamp\":\"1791258810641\",\
         \"price_changes\":[{{\"asset_id\":\"y{market}\",\"price\":\"{price}\",\"size\":\"{size}\",\
         \"side\":\"{side}\"}}]}}"
    )
}

#[test]
fn a_leg_without_an_ask_keeps_the_set_out_until_somebody_offers() {
    let mut bench = Bench::new(3, &[yes(3)], 900_000);
    bench.book(0, Some(1_000), Some(2_000));
    bench.book(1, Some(1_000), Some(2_000));
    assert_eq!(bench.book(2, Some(1_000), None), []);
    assert_eq!(bench.detector.sums(SetIx(0)).unwrap().asks_missing, 1);
    let offered = bench.apply(2, &change(2, "SELL", "0.3", 5));
    assert_eq!(offered, [candidate(0, 700_000, Some(300_000))]);
    assert_eq!(bench.apply(2, &change(2, "SELL", "0.3", 0)), []);
    assert_eq!(bench.detector.sums(SetIx(0)), Some(bench.added(0)));
}

#[test]
fn both_tokens_of_one_market_are_an_alarm_below_a_dollar_at_any_screen() {
    for screen in [0, 970_000, 2_000_000] {
        let mut bench = Bench::new(2, &[vec![2, 3]], screen);
        assert_eq!(bench.book(1, Some(4_000), Some(5_000)), [], "a whole spread above a dollar");
        let crossed = bench.book(1, Some(6_000), Some(5_000));
        let alarm =
            Finding::CrossedBook { set: SetIx(0), market: MarketIx(1), sum_ask: Usdc(900_000) };
        assert_eq!(crossed, [alarm], "{screen}");
        assert_eq!(bench.books.counters().crossed, 2, "each view of the frame was crossed");
        assert_eq!(bench.book(1, Some(5_000), Some(5_000)), [], "exactly a dollar is no alarm");
    }
}

#[test]
fn a_set_added_later_is_counted_when_its_markets_are_named() {
    let mut bench = Bench::new(3, &[], 900_000);
    for market in 0..3 {
        bench.book(market, Some(1_000), Some(2_000));
    }
    let later = set(&yes(3));
    assert_eq!(bench.detector.add_set(&later), SetIx(0));
    bench.universe.add_set(later).unwrap();
    assert_eq!(bench.detector.sums(SetIx(0)).unwrap().asks_missing, 3);
    bench.report.touched = vec![MarketIx(0), MarketIx(1), MarketIx(2)];
    assert_eq!(bench.update(), [candidate(0, 600_000, Some(300_000))]);
    // A second set over tokens that are known counts at once.
    assert_eq!(bench.detector.add_set(&set(&[0, 4])), SetIx(1));
    bench.universe.add_set(set(&[0, 4])).unwrap();
    assert_eq!(bench.detector.sums(SetIx(1)), Some(bench.added(1)));
}

#[test]
fn a_market_in_no_set_costs_nothing_and_finds_nothing() {
    let mut bench = Bench::new(9, &[vec![0, 2]], 2_000_000);
    assert_eq!(bench.book(8, Some(100), Some(200)), []);
    assert_eq!(bench.detector.sets_of(MarketIx(8)).count(), 0);
    assert_eq!(bench.detector.sets_of(MarketIx(900)).count(), 0);
    assert_eq!(bench.detector.sums(SetIx(1)), None);
    assert!(!bench.detector.is_checkable(SetIx(1), &bench.books));
}

#[test]
fn the_sets_of_a_market_come_yes_first_in_order_of_definition() {
    let bench = Bench::new(4, &[vec![3, 0], vec![2, 4], vec![2, 3], vec![2, 0]], 0);
    let sets: Vec<u32> = bench.detector.sets_of(MarketIx(1)).map(|set| set.0).collect();
    assert_eq!(sets, [1, 2, 3, 0, 2]);
}

#[test]
fn every_update_leaves_the_sums_a_fresh_addition_and_the_findings_brute_force() {
    let mut found_any = 0;
    for seed in 0..25 {
        let mut rng = Rng::new(seed);
        let sets: Vec<Vec<u32>> = (0..12)
            .map(|_| {
                let mut tokens: Vec<u32> = (0..2 + rng.below(6)).map(|_| rng.below(24)).collect();
                tokens.sort_unstable();
                tokens.dedup();
                if tokens.len() < 2 { vec![0, 2] } else { tokens }
            })
            .collect();
        let mut bench = Bench::new(12, &sets, 1_300_000);
        for step in 0..250 {
            let market = rng.below(12);
            // Multiples of 0.1 are on every grid.
            let (bid, ask) = (rng.below(8), rng.below(9));
            let side = |tenths: u32| (tenths > 0).then_some(tenths * 1_000);
            let found = if rng.chance(80) {
                bench.book(market, side(bid.min(ask.saturating_sub(1))), side(ask))
            } else {
                bench.books.frame_lost(ConnIx(market as u16));
                bench.report.touched = vec![MarketIx(market)];
                bench.update()
            };
            let mut expected = Vec::new();
            for (index, legs) in sets.iter().enumerate() {
                let sums = bench.added(index as u32);
                assert_eq!(bench.detector.sums(SetIx(index as u32)), Some(sums), "{seed} {step}");
                let touched = legs.iter().any(|leg| leg / 2 == market);
                let live = legs.iter().all(|leg| bench.books.is_live(TokenIx(*leg)));
                let one_book = legs.len() == 2 && legs[0] / 2 == legs[1] / 2;
                let cheap = sums.asks_missing == 0 && sums.ask.0 <= 1_300_000;
                if touched && live && cheap && !one_book {
                    let bid = (sums.bids_missing == 0).then_some(sums.bid.0);
                    expected.push(candidate(index as u32, sums.ask.0, bid));
                }
            }
            let mut found = found;
            found.sort_by_key(|finding| match finding {
                Finding::Candidate { set, .. } | Finding::CrossedBook { set, .. } => set.0,
            });
            assert_eq!(found, expected, "{seed} {step}");
            found_any += found.len();
        }
    }
    assert!(found_any > 300, "{found_any}");
}

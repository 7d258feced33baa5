//! Deduplication, retention, bounds and closed windows.

#![expect(clippy::arithmetic_side_effects, reason = "small literals in tests")]

use super::*;

const MS: i64 = 1_000_000;

fn params(rows: TradeRows) -> StoreParams {
    StoreParams { retention_ms: 5_000, max_trades: 4, max_ids: 100, rows }
}

fn store() -> TradeStore {
    TradeStore::new(params(TradeRows::OncePerRun))
}

fn tick(id: u128, at_ms: i64, price: &str, size: &str) -> TradeTick {
    TradeTick {
        token: TokenIx(1),
        price: AttoPrice::parse(price).expect("price"),
        size: AttoShares::parse(size).expect("size"),
        ingest: Nanos(at_ms * MS),
        venue_ts: None,
        side: None,
        id: TradeId(id),
    }
}

#[test]
fn a_print_is_taken_once_per_run_even_after_its_retention() {
    let mut store = store();
    assert_eq!(store.push(1_000, &tick(7, 1_000, "0.5", "1")), Pushed::Stored);
    assert_eq!(store.push(100_000, &tick(7, 100_000, "0.5", "1")), Pushed::Duplicate);
    assert!(store.is_empty());
    assert_eq!((store.counters().expired, store.counters().duplicated), (1, 1));
    assert_eq!(store.dedup_hits_in_window(&[TokenIx(1)], 100_000, 100_000), 1);
    assert_eq!(store.dedup_hits_in_window(&[TokenIx(2)], 0, 200_000), 0);
    assert_eq!(store.dedup_hits_in_window(&[TokenIx(1)], 100_001, 200_000), 0);
}

#[test]
fn rows_as_they_are_count_repeats_and_take_them() {
    let mut store = TradeStore::new(params(TradeRows::AsTheyAre));
    assert_eq!(store.push(1, &tick(7, 1, "0.5", "1")), Pushed::Stored);
    assert_eq!(store.push(1, &tick(7, 1, "-0.5", "-1")), Pushed::Stored);
    assert_eq!((store.len(), store.counters().duplicated), (2, 1));
}

#[test]
fn a_full_id_set_refuses_rather_than_forgets() {
    let mut store = TradeStore::new(StoreParams { max_ids: 1, ..params(TradeRows::OncePerRun) });
    assert_eq!(store.push(1, &tick(1, 1, "0.5", "1")), Pushed::Stored);
    assert_eq!(store.push(2, &tick(2, 2, "0.5", "1")), Pushed::IdsFull);
    assert_eq!(store.push(3, &tick(1, 3, "0.5", "1")), Pushed::Duplicate);
    assert_eq!(store.counters().ids_full, 1);
}

#[test]
fn prints_that_cannot_be_are_refused_and_not_remembered() {
    let mut store = store();
    for bad in [tick(1, 1, "-0.1", "1"), tick(1, 1, "0.5", "0"), tick(1, 0, "0.5", "1")] {
        assert_eq!(store.push(1, &bad), Pushed::Invalid);
    }
    assert_eq!(store.push(1, &tick(1, 1, "0", "1")), Pushed::Stored);
}

#[test]
fn windows_are_closed_on_both_ends() {
    let mut store = store();
    for (id, at) in [(1, 99), (2, 100), (3, 1_100), (4, 1_101)] {
        store.push(at, &tick(id, at, "0.5", "1"));
    }
    let inside: Vec<_> = store.window(100, 1_100).map(|print| print.ingest_ms).collect();
    assert_eq!(inside, [100, 1_100]);
    assert_eq!(store.window(1_100, 100).count(), 0);
}

#[test]
fn volume_counts_prices_up_to_the_limit_exactly() {
    let mut store = store();
    store.push(1, &tick(1, 1, "0.49", "1.5"));
    store.push(1, &tick(2, 1, "0.490000000000000000001", "100"));
    store.push(1, &tick(3, 1, "0.3", "0.000000000000000001"));
    let limit = AttoPrice::parse("0.49").expect("limit");
    let volume = volume_at_or_better(store.prints(), TokenIx(1), limit);
    assert_eq!(volume, Ok(AttoShares(1_500_000_000_000_000_001)));
    assert_eq!(volume_at_or_better(store.prints(), TokenIx(0), limit), Ok(AttoShares(0)));
}

#[test]
fn late_arrivals_are_put_in_time_order_and_expire_with_their_time() {
    let mut store = store();
    for (id, at) in [(1, 2_000), (2, 1_000), (3, 3_000)] {
        store.push(at, &tick(id, at, "0.5", "1"));
    }
    let order: Vec<_> = store.prints().map(|print| print.ingest_ms).collect();
    assert_eq!(
        (order.as_slice(), store.counters().out_of_order),
        ([1_000, 2_000, 3_000].as_slice(), 1)
    );
    store.push(7_000, &tick(4, 7_000, "0.5", "1"));
    assert_eq!(store.prints().next().map(|print| print.ingest_ms), Some(2_000));
}

#[test]
fn the_oldest_print_leaves_when_the_store_is_full_and_its_time_is_kept() {
    let mut store = store();
    for at in 1..=5 {
        store.push(at, &tick(u128::try_from(at).expect("id"), at, "0.5", "1"));
    }
    assert_eq!((store.len(), store.last_evicted_ms(), store.counters().evicted), (4, Some(1), 1));
}

#[test]
fn stats_see_only_the_sets_tokens() {
    let mut store = store();
    store.push(10, &tick(1, 10, "0.5", "2"));
    store.push(20, &TradeTick { token: TokenIx(9), ..tick(2, 20, "1", "900") });
    store.push(40, &tick(3, 40, "0.25", "3"));
    let stats = WindowStats::of(store.prints(), &[TokenIx(0), TokenIx(1)]).expect("stats");
    assert_eq!((stats.count, stats.max_gap_ms), (2, 30));
    assert_eq!(stats.max_size, AttoShares::parse("3").expect("size"));
    assert_eq!(stats.max_notional_atto, 1_000_000_000_000_000_000);
}

#[test]
fn trade_ids_do_not_run_their_parts_together() {
    assert_ne!(TradeId::of_parts(&[b"ab", b"c"]), TradeId::of_parts(&[b"a", b"bc"]));
    assert_eq!(TradeId::of_parts(&[b"ab"]), TradeId::of_parts(&[b"ab"]));
}

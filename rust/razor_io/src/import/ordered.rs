//! Work on all cores, results in order.
//!
//! Owns: [`in_order`]. Items are handed out in order and results are given to the sink in order;
//! what waits in between is bounded by the number of threads, so memory is too, and the sink sees
//! the same sequence on one core as on sixty-four.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use super::ImportError;

/// How far the sink is; workers wait on it so that finished results cannot pile up.
#[derive(Default)]
struct Turn {
    due: Mutex<usize>,
    moved: Condvar,
    stop: AtomicBool,
}

impl Turn {
    /// Waits until `item` is less than `window` ahead of the sink; `false` when all is over.
    fn wait(&self, item: usize, window: usize) -> bool {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        while item >= due.saturating_add(window) && !self.stop.load(Ordering::Relaxed) {
            due = self.moved.wait(due).unwrap_or_else(PoisonError::into_inner);
        }
        !self.stop.load(Ordering::Relaxed)
    }

    fn advance(&self, to: usize) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = to;
        self.moved.notify_all();
    }

    fn end(&self) {
        // Under the lock, so that no worker can be between its test and its wait.
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        self.stop.store(true, Ordering::Relaxed);
        drop(due);
        self.moved.notify_all();
    }
}

/// Runs `work` on `0..items` on all cores and feeds the results to `sink` in order.
///
/// `work` gets its thread's own `state`, made by `fresh`. The first error, in item order, ends it.
pub(super) fn in_order<S, T: Send>(
    items: usize,
    fresh: impl Fn() -> Result<S, ImportError> + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, ImportError> + Sync,
    mut sink: impl FnMut(T) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(16).min(items.max(1));
    let window = threads.saturating_mul(2);
    let next = AtomicUsize::new(0);
    let turn = Turn::default();
    thread::scope(|scope| {
        let (send, receive) = sync_channel(threads);
        for _ in 0..threads {
            let (send, turn, next, fresh, work) = (send.clone(), &turn, &next, &fresh, &work);
            scope.spawn(move || {
                let mut state = fresh();
                loop {
                    let item = next.fetch_add(1, Ordering::Relaxed);
                    if item >= items || !turn.wait(item, window) {
                        return;
                    }
                    let result = match state {
                        Ok(ref mut state) => work(state, item),
                        Err(reason) => {
                            let _ = send.send((item, Err(reason)));
                            return;
                        }
                    };
                    if send.send((item, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let result = deliver(receive.into_iter(), &turn, &mut sink);
        turn.end();
        result
    })
}

/// Feeds results to the sink in the order of their items.
fn deliver<T>(
    results: impl Iterator<Item = (usize, Result<T, ImportError>)>,
    turn: &Turn,
    sink: &mut impl FnMut(T) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut waiting = BTreeMap::new();
    let mut due = 0_usize;
    for (item, result) in results {
        waiting.insert(item, result);
        while let Some(result) = waiting.remove(&due) {
            result.and_then(&mut *sink)?;
            due = due.saturating_add(1);
            turn.advance(due);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_arrive_in_order_whatever_the_threads_do() {
        let mut seen = Vec::new();
        let slow_first = |(): &mut (), item: usize| {
            (0..(200 - item) * 100).for_each(|n| {
                std::hint::black_box(n);
            });
            Ok(item)
        };
        in_order(
            200,
            || Ok(()),
            slow_first,
            |item| {
                seen.push(item);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_in_order_ends_the_work() {
        let mut seen = 0;
        let failing = |(): &mut (), item: usize| {
            if item >= 7 { Err(ImportError::Cancelled) } else { Ok(item) }
        };
        let result = in_order(
            1_000_000,
            || Ok(()),
            failing,
            |_| {
                seen += 1;
                Ok(())
            },
        );
        assert!(matches!(result, Err(ImportError::Cancelled)));
        assert_eq!(seen, 7);
    }
}

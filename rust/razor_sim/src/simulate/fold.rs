//! The fold under test: the desk, its deadlines and the books it was told of.
//!
//! Owns: [`Fold`] and the journal's [`Entry`]. State = fold(journal): a restart rebuilds a fold by
//! taking the same entries again, and D-4 says that the result is the state that was lost.

use razor_core::basket::{Action, Desk, DeskTimer, Input};
use razor_core::order::{OrderIx, Timer};
use razor_core::units::Nanos;

use super::books::{Book, Books};

/// What one line of the journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// A message about one book, and whether it proves all others.
    Book(usize, Book, bool),
    /// An input of the desk.
    Input(Input),
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: Nanos,
    pub(super) fact: Fact,
}

/// Everything that is rebuilt from the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) desk: Desk,
    pub(super) books: Books,
    /// Few at any time: a list is searched faster than a tree.
    timers: Vec<(Nanos, DeskTimer)>,
}

impl Fold {
    /// The state before the first entry.
    pub(super) const fn new(desk: Desk, books: Books) -> Self {
        Self { desk, books, timers: Vec::new() }
    }

    /// Takes one entry; what the desk asks of the shell is appended, deadlines left out.
    pub(super) fn take(&mut self, entry: &Entry, out: &mut Vec<Action>) {
        self.books.now = entry.at;
        match &entry.fact {
            Fact::Book(place, book, is_shared) => {
                self.books.set(*place, *book);
                if *is_shared {
                    self.books.prove(entry.at);
                }
            }
            Fact::Input(input) => {
                if let Input::Elapsed(timer) = input {
                    self.disarm(*timer);
                }
                let from = out.len();
                self.desk.step(entry.at, input.clone(), &self.books, out);
                self.keep_time(entry.at, from, out);
            }
        }
    }

    /// Does what the new actions say of deadlines and takes them out.
    fn keep_time(&mut self, now: Nanos, from: usize, out: &mut Vec<Action>) {
        let timers = &mut self.timers;
        let mut place = 0;
        out.retain(|action| {
            place += 1;
            if place <= from {
                return true;
            }
            match action {
                Action::Arm(timer, after) => {
                    timers.retain(|(_, armed)| armed != timer);
                    timers.push((Nanos(now.0.saturating_add(after.0)), *timer));
                    false
                }
                Action::Disarm(timer) => {
                    timers.retain(|(_, armed)| armed != timer);
                    false
                }
                Action::DisarmOrder(order) => {
                    timers.retain(|(_, armed)| !is_of(*armed, *order));
                    false
                }
                Action::Persist(..)
                | Action::Send(_)
                | Action::Cancel(_)
                | Action::Query(_)
                | Action::Merge(..)
                | Action::Row(_)
                | Action::Sample(_) => true,
            }
        });
    }

    fn disarm(&mut self, timer: DeskTimer) {
        self.timers.retain(|(_, armed)| *armed != timer);
    }

    /// The earliest deadline; of two at one time the lower name.
    pub(super) fn next_deadline(&self) -> Option<(Nanos, DeskTimer)> {
        self.timers.iter().copied().min()
    }
}

fn is_of(timer: DeskTimer, order: OrderIx) -> bool {
    [Timer::Answer, Timer::Poll, Timer::Resolve, Timer::Late]
        .into_iter()
        .any(|of| timer == DeskTimer::Order(order, of))
}

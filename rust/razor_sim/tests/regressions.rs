//! Seeds that once broke a property, each with what was wrong. They run with the plans of today, so
//! a changed generator turns them into ordinary seeds; the scenarios of the core's own tests stay.

use razor_sim::simulate::{Options, run_seed};

/// Seed, and the defect it found.
const SEEDS: &[(u64, &str)] = &[
    (45, "a sale that ended by absence was sold again; both arrived (S-09)"),
    (573, "a claim beyond the trades was asked about without a pause (L-6)"),
    (814, "the same, after an overfilled sale"),
    (1_039, "a stop was cleared while a merge was under way; its proceeds were lost (S-10)"),
    (2_574, "a claim said again put off the deadline of the order for ever (L-2)"),
    (4_115, "a merge that ended after a clear was taken for a stranger's (L-7)"),
    (27_454, "a settle deadline passed in SafeHold and was lost: the set never ended (L-1)"),
    (29_952, "a refused order that rests all the same counted as in flight (checker)"),
    (43_394, "a crash forgot a stop that was not durable (shell)"),
    (61_975, "two sets flattened within one step were taken for one (checker)"),
    (83_405, "a merge took shares that a late sale had promised (S-09)"),
    (1_075_258, "a sale given up by absence was sold again, and both were confirmed (S-10)"),
    (1_166_762, "the same, with two sets of one token"),
    (1_002_986, "a panic sale inherited what was left of the deadline of an earlier wait (L-7)"),
    (1_013_609, "the same, without a mode"),
    (1_131_676, "the same, with a ladder that goes on"),
    (1_160_467, "the same, at the end of the faults"),
    (10_113_094, "a stop was cleared over a sale the ledger could not take (S-22)"),
    (11_423_126, "the same, and more was sold than was held (S-09)"),
    (14_436_672, "a late sale came after the venue had sold its shares in another (checker)"),
    (14_517_230, "the same, both late"),
    (10_445_432, "what a crash took from the journal still counted as told (checker)"),
    (4_439_744, "a chain as fast as the match: its confirmations were not counted (checker)"),
    (7_926_242, "the same"),
    (8_938_761, "the same, of an order in three trades"),
    (9_254_659, "an earlier sale took more while the intent of the next went to disk (S-09)"),
    (1_227_517, "a rescue forgot a panic step without a price and used the next rung twice (S-08)"),
];

#[test]
fn seeds_that_once_failed_hold() {
    for (seed, defect) in SEEDS {
        let outcome = run_seed(*seed, &Options::default());
        assert_eq!(outcome.violations, [], "seed {seed}: {defect}");
    }
}

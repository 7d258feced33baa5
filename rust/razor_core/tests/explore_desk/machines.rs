//! The tables of INVARIANTS §6.3 as `docs/MACHINES.md`, made from the code and compared with it.
//!
//! `RAZOR_UPDATE_GOLDEN=1` writes the document anew; it is read as a diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use razor_core::order::{Action, Event, Evidence, Order, Timer, step};
use razor_core::units::Qty;

use super::cover::{Cover, end_word};

const ORDER_QTY: Qty = Qty(40_000);

fn document() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/MACHINES.md"))
}

/// Every event with its name; quantities as none, half and all of the order, and beyond.
fn events() -> Vec<(&'static str, Vec<Event>)> {
    let some = [Qty(0), Qty(20_000), Qty(40_000)];
    let claimed = some.map(|matched| Event::Claimed { matched }).to_vec();
    let finished = some.map(|matched| Event::Found(Evidence::Finished { matched })).to_vec();
    let filled = [20_000, 40_000].map(|qty| Event::Filled { last_qty: Qty(qty) }).to_vec();
    vec![
        ("Journaled", vec![Event::Journaled]),
        ("Released", vec![Event::Released]),
        ("Withdrawn", vec![Event::Withdrawn]),
        ("Claimed", claimed),
        ("Rested", vec![Event::Rested]),
        ("Deferred", vec![Event::Deferred]),
        ("Refused", vec![Event::Refused]),
        ("Unproven", vec![Event::Unproven]),
        ("Filled", filled),
        ("Found(Finished)", finished),
        ("Found(Open)", vec![Event::Found(Evidence::Open)]),
        ("Found(Absent)", vec![Event::Found(Evidence::Absent)]),
        ("Found(Silent)", vec![Event::Found(Evidence::Silent)]),
        ("Elapsed(Answer)", vec![Event::Elapsed(Timer::Answer)]),
        ("Elapsed(Poll)", vec![Event::Elapsed(Timer::Poll)]),
        ("Elapsed(Resolve)", vec![Event::Elapsed(Timer::Resolve)]),
        ("Elapsed(Late)", vec![Event::Elapsed(Timer::Late)]),
    ]
}

fn word(order: &Order) -> String {
    match order {
        Order::Unknown(doubt) if doubt.is_fenced => "UNKNOWN, fenced".to_owned(),
        Order::Terminal(closed) if closed.is_watched => "TERMINAL, watched".to_owned(),
        _ => order.word().to_owned(),
    }
}

/// Every state that real steps reach with fills up to twice the order.
fn orders() -> BTreeSet<Order> {
    let mut states = BTreeSet::from([Order::plan(ORDER_QTY)]);
    let mut open: Vec<Order> = states.iter().copied().collect();
    while let Some(order) = open.pop() {
        for event in events().into_iter().flat_map(|(_, events)| events) {
            let Ok((next, _)) = step(order, event) else { continue };
            if next.open().cum_qty.0 <= 2 * ORDER_QTY.0 && states.insert(next) {
                open.push(next);
            }
        }
    }
    states
}

const STATES: [&str; 9] = [
    "PLANNED",
    "JOURNALED",
    "SENT",
    "LIVE",
    "DELAYED",
    "UNKNOWN",
    "UNKNOWN, fenced",
    "TERMINAL, watched",
    "TERMINAL",
];

fn action(action: Action) -> String {
    match action {
        Action::Arm(timer) => format!("arm {timer:?}").to_lowercase(),
        _ => format!("{action:?}").to_lowercase(),
    }
}

/// Per state and event: every next state with its actions.
fn order_cells() -> BTreeMap<(String, &'static str), BTreeSet<String>> {
    let mut cells: BTreeMap<(String, &'static str), BTreeSet<String>> = BTreeMap::new();
    for order in orders() {
        for (name, events) in events() {
            for event in events {
                let cell = cells.entry((word(&order), name)).or_default();
                cell.insert(match step(order, event) {
                    Err(_) => "refused".to_owned(),
                    Ok((next, actions)) => {
                        let end = match next {
                            Order::Terminal(closed) if !order.is_terminal() => {
                                format!(" {}", end_word(closed.end))
                            }
                            _ => String::new(),
                        };
                        let actions: Vec<String> = actions.iter().copied().map(action).collect();
                        let actions =
                            if actions.is_empty() { "—".to_owned() } else { actions.join(", ") };
                        format!("**{}{end}**: {actions}", word(&next))
                    }
                });
            }
        }
    }
    cells
}

fn order_table(text: &mut String) {
    let cells = order_cells();
    assert_eq!(cells.len(), STATES.len() * events().len(), "a cell of the table is not reached");
    for state in STATES {
        write!(text, "\n### {state}\n\n| Event | Next state: actions |\n|---|---|\n").unwrap();
        for (event, _) in events() {
            let cell: Vec<String> = cells[&(state.to_owned(), event)].iter().cloned().collect();
            writeln!(text, "| {event} | {} |", cell.join("<br>")).unwrap();
        }
    }
}

fn order_picture(text: &mut String) {
    let name = |word: &str| word.replace(", ", "_");
    let mut arrows: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for order in orders() {
        for (event, several) in events() {
            for one in several {
                if let Ok((next, _)) = step(order, one)
                    && word(&next) != word(&order)
                {
                    let key = (name(&word(&order)), name(&word(&next)));
                    arrows.entry(key).or_default().insert(event);
                }
            }
        }
    }
    text.push_str("```mermaid\nstateDiagram-v2\n    [*] --> PLANNED\n");
    for ((from, to), labels) in arrows {
        let labels: Vec<&str> = labels.into_iter().collect();
        writeln!(text, "    {from} --> {to}: {}", labels.join(" / ")).unwrap();
    }
    text.push_str("    TERMINAL --> [*]\n```\n");
}

fn phase_picture(cover: &Cover, text: &mut String) {
    let mut arrows: BTreeSet<(&str, &str)> = BTreeSet::new();
    for ((phase, _), cell) in &cover.cells {
        arrows.extend(cell.phases.iter().filter(|next| *next != phase).map(|next| (*phase, *next)));
    }
    text.push_str("```mermaid\nstateDiagram-v2\n    [*] --> IDLE\n");
    for (from, to) in arrows {
        writeln!(text, "    {from} --> {to}").unwrap();
    }
    text.push_str("```\n");
}

fn phase_table(cover: &Cover, text: &mut String) {
    let phases: BTreeSet<&str> = cover.cells.keys().map(|(phase, _)| *phase).collect();
    for phase in phases {
        write!(text, "\n### {phase}\n\n| Input | Phases reached | Actions seen |\n|---|---|---|\n")
            .unwrap();
        for ((_, input), cell) in cover.cells.iter().filter(|((of, _), _)| *of == phase) {
            let words = |words: &BTreeSet<&str>| {
                let words: Vec<&str> = words.iter().copied().collect();
                if words.is_empty() { "—".to_owned() } else { words.join(", ") }
            };
            let (phases, actions) = (words(&cell.phases), words(&cell.actions));
            writeln!(text, "| {input} | {phases} | {actions} |").unwrap();
        }
    }
}

/// What a restart makes of each state, and what evidence then does (INVARIANTS §6.4).
fn recovery_table(text: &mut String) {
    text.push_str(
        "| Last durable record | At the restart | Trades with the hash | Rests | Absent, before \
         the fence | Absent, after it |\n|---|---|---|---|---|---|\n",
    );
    let open = ORDER_QTY;
    let (journaled, _) = step(Order::plan(open), Event::Journaled).unwrap();
    let (sent, _) = step(journaled, Event::Released).unwrap();
    let (live, _) = step(sent, Event::Rested).unwrap();
    let (delayed, _) = step(sent, Event::Deferred).unwrap();
    let cases = [
        (Order::plan(open), Some(Event::Withdrawn)),
        (journaled, Some(Event::Unproven)),
        (sent, Some(Event::Unproven)),
        (live, None),
        (delayed, None),
    ];
    let tell = |(next, actions): (Order, &[Action])| {
        let actions: Vec<String> = actions.iter().copied().map(action).collect();
        format!("{}: {}", word(&next), actions.join(", "))
    };
    for (before, event) in cases {
        let after = event.map_or((before, &[Action::Query][..]), |e| step(before, e).unwrap());
        let then = |event| step(after.0, event).map_or("refused".to_owned(), tell);
        let fenced = step(after.0, Event::Elapsed(Timer::Resolve)).map(|(order, _)| order);
        let absent = fenced.and_then(|order| step(order, Event::Found(Evidence::Absent)));
        let is_over = after.0.is_terminal();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            before.word(),
            tell(after),
            then(Event::Filled { last_qty: open }),
            then(Event::Found(Evidence::Open)),
            then(Event::Found(Evidence::Absent)),
            if is_over { "—".to_owned() } else { absent.map_or("refused".to_owned(), tell) },
        )
        .unwrap();
    }
}

fn render(cover: &Cover) -> String {
    let mut text = String::from(
        "# The machines\n\nMade by the test `explore_desk` from the code (INVARIANTS §6.3); \
         `RAZOR_UPDATE_GOLDEN=1` writes it anew.\nThe order machine is walked state by state. The \
         phases are what the explorer reached in the worlds of `make test`:\nwhat is not in a \
         table was not reached there.\n\n## Orders\n\n",
    );
    order_picture(&mut text);
    order_table(&mut text);
    let recovery = "Until every open order is proven the desk stays in SAFE_HOLD.";
    write!(text, "\n## Recovery\n\n{recovery}\n\n").unwrap();
    recovery_table(&mut text);
    text.push_str("\n## Phases\n\n");
    phase_picture(cover, &mut text);
    phase_table(cover, &mut text);
    text
}

/// Compares the document with what the code does, or writes it.
pub fn compare(cover: &Cover) {
    let made = render(cover);
    if std::env::var_os("RAZOR_UPDATE_GOLDEN").is_some() {
        fs::write(document(), made).unwrap();
    } else {
        let kept = fs::read_to_string(document()).unwrap();
        assert!(kept == made, "docs/MACHINES.md is not what the code does; update it");
    }
}

//! Markets and sets of a sweep table: what a slug means.
//!
//! Owns: the numbering of markets, their grouping by slug stem (the slug up to its last `-`) and
//! the rules by which a group is a set.
//!
//! The rules, as the data's README states and its figures confirm:
//! - `atc-<league>-<home>-<away>-<yyyy>-<mm>-<dd>` with nothing after the date and exactly three
//!   legs, one of them `draw`, is exclusive and exhaustive: a set, held to resolution;
//! - `tc-temp-<station>high-<yyyy>-<mm>-<dd>` are temperature brackets: a set whose settlement is
//!   not proven;
//! - every other group is quotes only, because candidates may be missing or overlap.
//!
//! Must never: make a set of a game of which the table does not hold all three legs.

use std::collections::{BTreeMap, BTreeSet};

use razor_core::market::MAX_LEGS;

use crate::capture::{MarketMeta, SetMeta};

/// All markets, numbered by (stem, slug) so that a group is a run of numbers.
pub(super) struct Catalog {
    markets: Vec<Market>,
    labels: BTreeMap<usize, String>,
}

struct Market {
    slug: Box<str>,
    group: u32,
}

/// The slug up to its last `-`; the slug itself when it has none.
fn stem(slug: &str) -> &str {
    slug.rsplit_once('-').map_or(slug, |(stem, _)| stem)
}

fn leg(slug: &str) -> &str {
    slug.rsplit_once('-').map_or("", |(_, leg)| leg)
}

/// What the rules say about a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    ThreeWay,
    Temperature,
    QuotesOnly,
}

fn rule(stem: &str) -> Rule {
    let parts: Vec<&str> = stem.split('-').collect();
    match parts.as_slice() {
        ["atc", league, home, away, date @ ..]
            if is_date(date) && ![league, home, away].iter().any(|part| part.is_empty()) =>
        {
            Rule::ThreeWay
        }
        ["tc", "temp", station, date @ ..] if station.ends_with("high") && is_date(date) => {
            Rule::Temperature
        }
        _ => Rule::QuotesOnly,
    }
}

fn is_date(parts: &[&str]) -> bool {
    let digits =
        |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    matches!(parts, [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

impl Catalog {
    /// Numbers the slugs; `labels` are questions by slug.
    pub(super) fn new(slugs: BTreeSet<Box<str>>, labels: &BTreeMap<Box<str>, String>) -> Self {
        let mut slugs: Vec<Box<str>> = slugs.into_iter().collect();
        slugs.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut markets: Vec<Market> = Vec::with_capacity(slugs.len());
        for slug in slugs {
            let group = match markets.last() {
                Some(last) if stem(&last.slug) == stem(&slug) => last.group,
                Some(last) => last.group.saturating_add(1),
                None => 0,
            };
            markets.push(Market { slug, group });
        }
        let named = |(number, market): (usize, &Market)| {
            labels.get(&market.slug).map(|label| (number, label.clone()))
        };
        let labels = markets.iter().enumerate().filter_map(named).collect();
        Self { markets, labels }
    }

    /// The number of a slug.
    pub(super) fn number(&self, slug: &str) -> Option<u32> {
        let found = self.markets.binary_search_by(|market| order(&market.slug).cmp(&order(slug)));
        u32::try_from(found.ok()?).ok()
    }

    /// The group of a market; groups are numbered in the order of markets.
    pub(super) fn group(&self, market: u32) -> Option<u32> {
        Some(self.markets.get(usize::try_from(market).ok()?)?.group)
    }

    /// The definitions of all markets, in order of their numbers.
    pub(super) fn markets(&self) -> Vec<MarketMeta> {
        let define = |(number, market): (usize, &Market)| {
            let label = self.labels.get(&number).map_or(&*market.slug, String::as_str);
            MarketMeta::quoted(&market.slug, label)
        };
        self.markets.iter().enumerate().map(define).collect()
    }

    /// The sets that the rules prove or name.
    pub(super) fn sets(&self) -> Vec<SetMeta> {
        self.groups().filter_map(set).collect()
    }

    /// Groups that look like a set by name but lack legs (or have too many).
    pub(super) fn refused(&self) -> u64 {
        let refused = self.groups().filter(|group| set(group).is_none() && looks_like_set(group));
        u64::try_from(refused.count()).unwrap_or(u64::MAX)
    }

    fn groups(&self) -> impl Iterator<Item = &[Market]> {
        self.markets.chunk_by(|a, b| a.group == b.group)
    }
}

/// Sort key: stem before slug, because `-` sorts below letters and digits within a stem.
fn order(slug: &str) -> (&str, &str) {
    (stem(slug), leg(slug))
}

fn looks_like_set(group: &[Market]) -> bool {
    group.first().is_some_and(|first| rule(stem(&first.slug)) != Rule::QuotesOnly)
}

fn set(group: &[Market]) -> Option<SetMeta> {
    let key = stem(&group.first()?.slug);
    let settlement = match rule(key) {
        Rule::ThreeWay => {
            let draw = group.iter().any(|market| leg(&market.slug) == "draw");
            (group.len() == 3 && draw).then_some("hold")?
        }
        Rule::Temperature => (2..=MAX_LEGS).contains(&group.len()).then_some("unproven")?,
        Rule::QuotesOnly => return None,
    };
    Some(SetMeta {
        key: key.to_owned(),
        kind: "group".to_owned(),
        legs: group.iter().map(|market| market.slug.to_string()).collect(),
        settlement: settlement.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(slugs: &[&str]) -> Catalog {
        Catalog::new(slugs.iter().map(|&slug| slug.into()).collect(), &BTreeMap::new())
    }

    #[test]
    fn only_whole_games_are_three_way_sets() {
        for (stem, want) in [
            ("atc-par2-ind-dep-2026-07-28", Rule::ThreeWay),
            ("atc-par2-ind-dep-2026-07-28-f5", Rule::QuotesOnly),
            ("atc-par2-ind-2026-07-28", Rule::QuotesOnly),
            ("atc---ind-2026-07-28", Rule::QuotesOnly),
            ("atc-par2-ind-dep-2026-7-28", Rule::QuotesOnly),
            ("tac-par2-ind-dep-2026-07-28", Rule::QuotesOnly),
            ("tc-temp-laxhigh-2026-07-10", Rule::Temperature),
            ("tc-temp-laxlow-2026-07-10", Rule::QuotesOnly),
        ] {
            assert_eq!(rule(stem), want, "{stem}");
        }
    }

    #[test]
    fn a_game_without_its_draw_or_a_leg_is_no_set() {
        let game = |legs: &[&str]| {
            let slugs: Vec<String> =
                legs.iter().map(|leg| format!("atc-l-h-a-2026-01-02-{leg}")).collect();
            let catalog = catalog(&slugs.iter().map(String::as_str).collect::<Vec<_>>());
            (catalog.sets().len(), catalog.refused())
        };
        assert_eq!(game(&["h", "draw", "a"]), (1, 0));
        assert_eq!(game(&["h", "a"]), (0, 1));
        assert_eq!(game(&["h", "a", "x"]), (0, 1));
        assert_eq!(game(&["h", "draw", "a", "x"]), (0, 1));
    }

    #[test]
    fn a_group_is_a_run_of_numbers_even_where_slugs_interleave() {
        let slugs = ["a-b", "a-b-c", "a-b-d", "a-b-c-x", "a-b-c-y", "a-c", "lone"];
        let catalog = catalog(&slugs);
        let groups: Vec<Option<u32>> = (0..7).map(|market| catalog.group(market)).collect();
        assert!(groups.is_sorted());
        for slug in slugs {
            let number = usize::try_from(catalog.number(slug).unwrap()).unwrap();
            assert_eq!(&*catalog.markets[number].slug, slug);
        }
        let of = |slug| catalog.group(catalog.number(slug).unwrap());
        assert_eq!(of("a-b"), of("a-c"));
        assert_eq!(of("a-b-c"), of("a-b-d"));
        assert_ne!(of("a-b-c"), of("a-b-c-x"));
        assert_eq!(catalog.number("a-z"), None);
    }

    #[test]
    fn temperature_sets_are_marked_unproven() {
        let catalog =
            catalog(&["tc-temp-laxhigh-2026-07-10-gte82f", "tc-temp-laxhigh-2026-07-10-lt74f"]);
        let sets = catalog.sets();
        assert_eq!(sets[0].settlement, "unproven");
        assert_eq!((sets[0].key.as_str(), sets[0].legs.len()), ("tc-temp-laxhigh-2026-07-10", 2));
    }
}

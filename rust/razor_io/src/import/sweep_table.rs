//! F3: Parquet quote tables, one row per sweep and market (`ts, slug, bid, ask`), by day.
//!
//! Owns: the import of a day's file or of a directory of them.
//!
//! How: the rows of a file are sorted by slug, a capture by time, so a file is transposed. Pass one
//! reads all slugs (numbers of markets and sets must be known before the first quote). Pass two
//! decodes a file's row groups on all cores into twelve bytes a row, sorts them by sweep, and turns
//! stretches of sweeps into compressed blocks on all cores. Memory is a day of rows.
//!
//! Must never: send a price through float arithmetic (its shortest text is its exact decimal), or
//! form a set that the rules of the source do not prove (see `catalog`).

mod catalog;
mod columns;
mod price;
mod sweeps;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use self::catalog::Catalog;
use self::columns::Table;
use self::price::{Cache, Prices};
use self::sweeps::Day;
use super::input;
use super::ordered::in_order;
use super::{Control, ImportError};
use crate::capture::{CaptureWriter, Source};

/// Facts about such a capture that a reader must know.
const FLAGS: [&str; 6] = [
    "no_sizes",
    "no_trades",
    "quote_only",
    "tick_assumed",
    "min_order_size_assumed",
    "sets_grouped_by_slug_stem",
];

/// Imports the day files below `root`, or the one file `root`.
pub(super) fn import(
    root: &Path,
    writer: &mut CaptureWriter,
    control: &mut Control<'_>,
) -> Result<Source, ImportError> {
    let files = input::find(root, &|name| name.ends_with(".parquet"))?;
    let mut tables = Vec::new();
    for file in &files {
        tables.extend(Table::open(file)?);
    }
    if tables.is_empty() {
        return Err(ImportError::UnknownFormat { path: root.to_path_buf() });
    }
    let rows = tables.iter().fold(0_u64, |sum, table| sum.saturating_add(table.rows()));
    control.begin(rows.saturating_mul(2));
    let mut slugs = BTreeSet::new();
    for table in &tables {
        read_slugs(table, &mut slugs, control)?;
    }
    let catalog = Catalog::new(slugs, &labels(root)?);
    let prices = Prices::default();
    let mut last_ns = None;
    for table in &tables {
        let day = read_day(table, &catalog, &prices)?;
        // A day without rows has no time at which anything could be defined.
        let Some(day_end) = day.last_ns() else { continue };
        if last_ns.is_none() {
            define(&catalog, day.first_ns(), writer)?;
        }
        day.write(&catalog, &prices, last_ns, writer, control)?;
        last_ns = Some(day_end);
    }
    if last_ns.is_none() {
        define(&catalog, 0, writer)?;
    }
    writer.flags(&FLAGS);
    let paths: Vec<PathBuf> = tables.iter().map(|table| table.path().to_path_buf()).collect();
    Ok(Source {
        format: "f3".to_owned(),
        description: "Top-of-book quote table: sweeps of all listed markets, YES side, no sizes"
            .to_owned(),
        licence: licence(root),
        inputs: input::describe(root, &paths)?,
        config: None,
    })
}

fn define(catalog: &Catalog, t: i64, writer: &mut CaptureWriter) -> Result<(), ImportError> {
    writer.defect("stems_refused_as_sets", catalog.refused());
    Ok(writer.define(t, catalog.markets(), catalog.sets())?)
}

fn read_slugs(
    table: &Table,
    slugs: &mut BTreeSet<Box<str>>,
    control: &mut Control<'_>,
) -> Result<(), ImportError> {
    let work = |own: &mut Table, group: usize| Ok((group, own.slugs(group)?));
    in_order(
        table.groups(),
        || table.reopen(),
        work,
        |(group, found)| {
            slugs.extend(found);
            control.advance(table.group_rows(group))
        },
    )
}

fn read_day(table: &Table, catalog: &Catalog, prices: &Prices) -> Result<Day, ImportError> {
    let mut day = Day::new(table.path());
    let fresh = || Ok((table.reopen()?, Cache::new()));
    let work = |(own, cache): &mut (Table, _), group| own.rows_of(group, catalog, prices, cache);
    in_order(table.groups(), fresh, work, |part| day.take(part))?;
    day.sort()?;
    Ok(day)
}

/// Questions by slug from the `markets.parquet` beside the quotes, where there is one.
fn labels(root: &Path) -> Result<BTreeMap<Box<str>, String>, ImportError> {
    let path = root.join("markets.parquet");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    columns::read_labels(&path)
}

/// Attribution and licence kept beside the data or up to three folders above it.
fn licence(root: &Path) -> Option<String> {
    const CAP: u64 = 64 << 10;
    let read = |dir: &Path, name: &str| {
        let path = dir.join(name);
        let small = fs::metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() <= CAP);
        small.then(|| fs::read_to_string(path).ok()).flatten()
    };
    let texts = |dir: &Path| -> Vec<String> {
        ["NOTICE", "LICENSE"].iter().filter_map(|name| read(dir, name)).collect()
    };
    let found = root.ancestors().take(4).map(texts).find(|texts| !texts.is_empty())?;
    Some(found.join("\n"))
}

//! Reading the columns of a sweep table without building rows of objects.
//!
//! Owns: [`Table`], one open file, and [`Rows`], a decoded row group in twelve bytes a row.
//!
//! Must never: trust a row count (groups and files have caps, batches have a fixed size), or accept
//! a null time or slug.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::basic::{LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::super::ImportError;
use super::catalog::Catalog;
use super::price::{Cache, NONE, Prices};

/// Rows decoded at a time.
const BATCH: usize = 8_192;
/// Most rows of a row group; real ones have 122,880.
const GROUP_ROWS: i64 = 16 << 20;
/// Most rows of a file; a real day has 8.7 million.
const FILE_ROWS: i64 = 64 << 20;

/// One row: a market's quote in a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Market number.
    pub(super) market: u32,
    /// Position in [`Rows::times`].
    pub(super) sweep: u16,
    /// Price code of the bid.
    pub(super) bid: u16,
    /// Price code of the ask.
    pub(super) ask: u16,
}

/// A decoded row group.
pub(super) struct Rows {
    /// Rows in the order of the file.
    pub(super) rows: Vec<Row>,
    /// Sweep times in ns, in order of first use.
    pub(super) times: Vec<i64>,
}

/// One open day file.
pub(super) struct Table {
    path: PathBuf,
    file: SerializedFileReader<File>,
    ts: usize,
    slug: usize,
    bid: usize,
    ask: usize,
    ns_per_unit: i64,
}

impl Table {
    /// Opens a file; `None` when it is another table (no `ts, slug, bid, ask` of the right types).
    pub(super) fn open(path: &Path) -> Result<Option<Self>, ImportError> {
        let file = open(path)?;
        let (Some(ts), Some(slug), Some(bid), Some(ask)) = (
            column(&file, "ts", Type::INT64),
            column(&file, "slug", Type::BYTE_ARRAY),
            column(&file, "bid", Type::DOUBLE),
            column(&file, "ask", Type::DOUBLE),
        ) else {
            return Ok(None);
        };
        let Some(ns_per_unit) = ns_per_unit(&file, ts) else { return Ok(None) };
        let rows = file.metadata().file_metadata().num_rows();
        let groups = file.metadata().row_groups();
        if rows > FILE_ROWS || groups.iter().any(|group| group.num_rows() > GROUP_ROWS) {
            let limit = usize::try_from(FILE_ROWS).unwrap_or(usize::MAX);
            return Err(ImportError::TooMany { path: path.to_path_buf(), what: "rows", limit });
        }
        Ok(Some(Self { path: path.to_path_buf(), file, ts, slug, bid, ask, ns_per_unit }))
    }

    /// The same file once more, for another thread: readers of one handle share its position.
    pub(super) fn reopen(&self) -> Result<Self, ImportError> {
        let again = Self::open(&self.path)?;
        again.ok_or_else(|| ImportError::UnknownFormat { path: self.path.clone() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rows(&self) -> u64 {
        u64::try_from(self.file.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    pub(super) fn groups(&self) -> usize {
        self.file.num_row_groups()
    }

    pub(super) fn group_rows(&self, group: usize) -> u64 {
        let facts = self.file.metadata().row_groups().get(group);
        facts.and_then(|facts| u64::try_from(facts.num_rows()).ok()).unwrap_or(0)
    }

    /// The different slugs of a row group.
    pub(super) fn slugs(&self, group: usize) -> Result<BTreeSet<Box<str>>, ImportError> {
        let group = self.file.get_row_group(group).map_err(ImportError::parquet(&self.path))?;
        let mut column = Column::<ByteArrayType>::open(&*group, self.slug)
            .map_err(ImportError::parquet(&self.path))?;
        let mut found = BTreeSet::new();
        let mut last = Vec::new();
        while column.fill().map_err(ImportError::parquet(&self.path))? > 0 {
            for slug in &column.values {
                if slug.data() != last.as_slice() {
                    last.clear();
                    last.extend_from_slice(slug.data());
                    found.insert(self.text(slug)?.into());
                }
            }
        }
        Ok(found)
    }

    /// A row group in compact form.
    pub(super) fn rows_of(
        &self,
        group: usize,
        catalog: &Catalog,
        prices: &Prices,
        cache: &mut Cache,
    ) -> Result<Rows, ImportError> {
        let mut columns = Columns::open(self, group)?;
        let mut out = Rows { rows: Vec::new(), times: Vec::new() };
        let mut sweeps = Sweeps::default();
        let mut market = None;
        loop {
            let count = columns.fill(self)?;
            if count == 0 {
                return Ok(out);
            }
            let keys = columns.slug.values.iter().zip(&columns.ts.values);
            let sides = columns.bid.cells().zip(columns.ask.cells());
            for ((slug, &ts), (bid, ask)) in keys.zip(sides) {
                let mut code = |price: Option<f64>| match price {
                    Some(price) => prices.code(price, cache, &self.path),
                    None => Ok(NONE),
                };
                let (bid, ask) = (code(bid)?, code(ask)?);
                let market = self.market(slug, catalog, &mut market)?;
                let ns = ts.checked_mul(self.ns_per_unit).ok_or_else(|| self.bad("a time"))?;
                let sweep = sweeps.index(ns, &mut out.times).ok_or_else(|| self.many_sweeps())?;
                out.rows.push(Row { market, sweep, bid, ask });
            }
        }
    }

    /// The number of a slug; rows of one slug follow each other, so the last answer mostly holds.
    fn market(
        &self,
        slug: &ByteArray,
        catalog: &Catalog,
        last: &mut Option<(ByteArray, u32)>,
    ) -> Result<u32, ImportError> {
        if let Some((known, number)) = last
            && known.data() == slug.data()
        {
            return Ok(*number);
        }
        let number = catalog.number(self.text(slug)?).ok_or_else(|| self.bad("a slug"))?;
        *last = Some((slug.clone(), number));
        Ok(number)
    }

    fn text<'a>(&self, slug: &'a ByteArray) -> Result<&'a str, ImportError> {
        let text = std::str::from_utf8(slug.data()).ok();
        // A slug becomes a token id: it must be short, printable text.
        let usable =
            |text: &&str| (1..=256).contains(&text.len()) && !text.contains(char::is_control);
        text.filter(usable).ok_or_else(|| self.bad("a slug"))
    }

    fn bad(&self, field: &'static str) -> ImportError {
        ImportError::row(&self.path, 0, field)
    }

    fn many_sweeps(&self) -> ImportError {
        too_many_sweeps(&self.path)
    }
}

pub(super) fn too_many_sweeps(path: &Path) -> ImportError {
    let limit = usize::from(u16::MAX);
    ImportError::TooMany { path: path.to_path_buf(), what: "sweeps in a file", limit }
}

/// Positions of sweep times within a row group.
#[derive(Default)]
struct Sweeps {
    known: BTreeMap<i64, u16>,
    next: u16,
}

impl Sweeps {
    /// The position of a time; rows of one market are in time order, so the guess "the one after
    /// the last" is right for nearly all rows. `None` when there are too many.
    fn index(&mut self, ns: i64, times: &mut Vec<i64>) -> Option<u16> {
        let guess = self.next;
        let found = if times.get(usize::from(guess)) == Some(&ns) {
            guess
        } else if let Some(&known) = self.known.get(&ns) {
            known
        } else {
            let new = u16::try_from(times.len()).ok().filter(|&at| at < u16::MAX)?;
            times.push(ns);
            self.known.insert(ns, new);
            new
        };
        self.next = found.saturating_add(1);
        Some(found)
    }
}

/// The four columns of a row group, read in step.
struct Columns {
    ts: Column<Int64Type>,
    slug: Column<ByteArrayType>,
    bid: Column<DoubleType>,
    ask: Column<DoubleType>,
}

impl Columns {
    fn open(table: &Table, group: usize) -> Result<Self, ImportError> {
        let open = || -> Result<Self, ParquetError> {
            let group = table.file.get_row_group(group)?;
            Ok(Self {
                ts: Column::open(&*group, table.ts)?,
                slug: Column::open(&*group, table.slug)?,
                bid: Column::open(&*group, table.bid)?,
                ask: Column::open(&*group, table.ask)?,
            })
        };
        open().map_err(ImportError::parquet(&table.path))
    }

    /// Reads the next batch and gives its rows; 0 at the end.
    fn fill(&mut self, table: &Table) -> Result<usize, ImportError> {
        let mut read =
            || Ok([self.ts.fill()?, self.slug.fill()?, self.bid.fill()?, self.ask.fill()?]);
        let counts: [usize; 4] = read().map_err(ImportError::parquet(&table.path))?;
        let rows = counts[0];
        if counts.iter().any(|&count| count != rows) {
            return Err(table.bad("a column (of another length than the others)"));
        }
        if self.ts.values.len() != rows || self.slug.values.len() != rows {
            return Err(table.bad("a time or slug (absent)"));
        }
        Ok(rows)
    }
}

/// One column, a batch at a time.
struct Column<T: DataType> {
    reader: ColumnReaderImpl<T>,
    optional: bool,
    levels: Vec<i16>,
    values: Vec<T::T>,
    rows: usize,
}

impl<T: DataType> Column<T> {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        let reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
        let optional = group.metadata().column(column).column_descr().max_def_level() > 0;
        let (levels, values) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        Ok(Self { reader, optional, levels, values, rows: 0 })
    }

    fn fill(&mut self) -> Result<usize, ParquetError> {
        self.levels.clear();
        self.values.clear();
        let levels = Some(&mut self.levels);
        (self.rows, _, _) = self.reader.read_records(BATCH, levels, None, &mut self.values)?;
        Ok(self.rows)
    }

    /// The values of the batch, with `None` where there is none.
    fn cells(&self) -> impl Iterator<Item = Option<T::T>> {
        let mut values = self.values.iter();
        (0..self.rows).map(move |row| {
            let there = !self.optional || self.levels.get(row) == Some(&1);
            if there { values.next().cloned() } else { None }
        })
    }
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, ImportError> {
    let file = File::open(path).map_err(ImportError::io(path))?;
    SerializedFileReader::new(file).map_err(ImportError::parquet(path))
}

fn column(file: &SerializedFileReader<File>, name: &str, kind: Type) -> Option<usize> {
    let schema = file.metadata().file_metadata().schema_descr();
    let right = |column: &parquet::schema::types::ColumnDescPtr| {
        column.path().string() == name
            && column.physical_type() == kind
            && column.max_rep_level() == 0
            && column.max_def_level() <= 1
    };
    schema.columns().iter().position(right)
}

fn ns_per_unit(file: &SerializedFileReader<File>, column: usize) -> Option<i64> {
    let schema = file.metadata().file_metadata().schema_descr();
    match schema.column(column).logical_type_ref() {
        Some(LogicalType::Timestamp(unit)) => Some(match unit.unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1_000,
            TimeUnit::NANOS => 1,
        }),
        Some(_) | None => None,
    }
}

/// Questions by slug.
pub(super) fn read_labels(path: &Path) -> Result<BTreeMap<Box<str>, String>, ImportError> {
    let file = open(path)?;
    let mut labels = BTreeMap::new();
    let slug = column(&file, "slug", Type::BYTE_ARRAY);
    let question = column(&file, "question", Type::BYTE_ARRAY);
    let (Some(slug), Some(question)) = (slug, question) else { return Ok(labels) };
    let mut read = || -> Result<(), ParquetError> {
        for group in 0..file.num_row_groups() {
            let group = file.get_row_group(group)?;
            let mut slugs = Column::<ByteArrayType>::open(&*group, slug)?;
            let mut questions = Column::<ByteArrayType>::open(&*group, question)?;
            while slugs.fill()? > 0 && questions.fill()? > 0 {
                labels.extend(slugs.cells().zip(questions.cells()).filter_map(label));
            }
        }
        Ok(())
    };
    read().map_err(ImportError::parquet(path))?;
    Ok(labels)
}

fn label((slug, question): (Option<ByteArray>, Option<ByteArray>)) -> Option<(Box<str>, String)> {
    let (slug, question) = (slug?, question?);
    let question = String::from_utf8(question.data().to_vec()).ok()?;
    Some((std::str::from_utf8(slug.data()).ok()?.into(), question))
}

//! Lines of `shadow_log.csv` from the cells a test cares about, and the report over them.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use razor_core::shadow::day14::{Facts, day14_json};
use razor_core::shadow::rows::{SHADOW_LOG_HEADER, SHADOW_SETS_HEADER};
use serde_json::Value;

/// One row: the cells of a complete one, changed by name.
#[derive(Clone)]
pub struct Row {
    cells: Vec<String>,
}

impl Row {
    /// The worked example of the frozen rules in the run `r`.
    pub fn example() -> Self {
        let line = "r,1.3.2a,1,1000,100,1100,m,binary,thin,111,10,2,6,\
111,0.49,0.48,30,10,222,0.48,0.47,12,6,,0,0,0,0,\
5.9364,5.994,0.0576,-0.21168,-0.15408,8,0.75,0.5,0.05,";
        Self { cells: line.split(',').map(str::to_owned).collect() }
    }

    /// The same row with another cell.
    pub fn with(&self, column: &str, cell: &str) -> Self {
        let place = SHADOW_LOG_HEADER.split(',').position(|name| name == column).expect("column");
        let mut row = self.clone();
        cell.clone_into(&mut row.cells[place]);
        row
    }

    pub fn cell(&self, column: &str) -> &str {
        let place = SHADOW_LOG_HEADER.split(',').position(|name| name == column).expect("column");
        &self.cells[place]
    }

    /// The line with quotes where a comma asks for them.
    pub fn line(&self) -> String {
        let quoted: Vec<String> = self
            .cells
            .iter()
            .map(|cell| if cell.contains(',') { format!("\"{cell}\"") } else { cell.clone() })
            .collect();
        quoted.join(",") + "\n"
    }
}

/// The table of some rows.
pub fn table(rows: &[Row]) -> String {
    let lines: String = rows.iter().map(Row::line).collect();
    format!("{SHADOW_LOG_HEADER}\n{lines}")
}

/// One line of `shadow_sets.csv` from named cells; the others are blank.
pub fn sets_line(cells: &[(&str, &str)]) -> String {
    let cell =
        |name: &str| cells.iter().find(|(column, _)| *column == name).map_or("", |(_, text)| *text);
    let line: Vec<&str> = SHADOW_SETS_HEADER.split(',').map(cell).collect();
    line.join(",") + "\n"
}

pub fn report(rows: &[Row], facts: &Facts) -> Value {
    report_of(&table(rows), None, facts)
}

pub fn report_of(log: &str, sets: Option<&str>, facts: &Facts) -> Value {
    let sets = sets.map(str::as_bytes);
    let json = day14_json(Some(log.as_bytes()), sets, facts).expect("report");
    serde_json::from_str(&json).expect("json")
}

/// The run `r`, named.
pub fn facts() -> Facts {
    Facts { run_id: Some("r".to_owned()), ..Facts::default() }
}

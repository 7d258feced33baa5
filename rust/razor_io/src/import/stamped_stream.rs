//! F6: lines `<receive time ns> <JSON>`, usually gzip: a reference feed, recorded and never
//! evaluated.
//!
//! Owns: the import of one such file into `ref` records. The JSON is not decoded: the text after
//! the first blank is the payload, byte for byte. Times are those of the source, in its order.

use std::path::Path;

use super::{Control, ImportError, input};
use crate::capture::{CaptureWriter, Kind, Record, Source};

/// Imports one file.
pub(super) fn import(
    path: &Path,
    writer: &mut CaptureWriter,
    control: &mut Control<'_>,
) -> Result<Source, ImportError> {
    control.begin(input::size(path)?);
    let mut lines = input::open(path)?.lines();
    let mut done = 0_u64;
    while let Some((number, line)) = lines.next_line()? {
        let (stamp, json) =
            line.split_once(' ').ok_or_else(|| ImportError::row(path, number, "the line"))?;
        let t = stamp.parse().map_err(|_| ImportError::row(path, number, "the receive time"))?;
        let payload = json.as_bytes();
        writer.write(&Record { kind: Kind::Ref, t, conn: "ref-0", epoch: 0, payload })?;
        if number.is_multiple_of(1_024) {
            control.advance(lines.file_bytes().saturating_sub(done))?;
            done = lines.file_bytes();
        }
    }
    writer.flags(&["reference_only"]);
    Ok(Source {
        format: "f6".to_owned(),
        description: "Reference exchange stream with receive times in ns".to_owned(),
        licence: None,
        inputs: input::describe(path, &[path.to_path_buf()])?,
        config: None,
    })
}

//! The tables of the Huawei trace of 2025: which files hold requests and which cold starts.

use std::path::{Path, PathBuf};

use frostline_models::trace::Trace;
use frostline_models::trace::huawei2025::{ColdStarts, Kind, Reader};

use super::{Unpacking, first_line, one_table, tables_in};

/// Reads all tables of a folder, or one of requests.
pub(super) fn read(path: &Path, unpacking: &Unpacking) -> Result<Trace, String> {
    let (mut requests, mut cold_starts) = (Vec::<PathBuf>::new(), Vec::new());
    if path.is_dir() {
        for table in tables_in(path)? {
            match Kind::of_header(&first_line(&table, unpacking)?) {
                Some(Kind::Requests) => requests.push(table),
                Some(Kind::ColdStarts) => cold_starts.push(table),
                None => {}
            }
        }
        if requests.is_empty() {
            let cold = cold_starts.len();
            return Err(format!(
                "no table of requests in {} but {cold} of cold starts, which do not say how many requests \
                 were served warm; expected one whose header names time_worker, requestID and totalCost_worker",
                path.display()
            ));
        }
    } else {
        if Kind::of_header(&first_line(path, unpacking)?) == Some(Kind::ColdStarts) {
            return Err(format!(
                "{} holds cold starts, which do not say how many requests were served warm; expected a table \
                 of requests, or a folder with both",
                path.display()
            ));
        }
        requests.push(path.to_owned());
    }
    let mut known = ColdStarts::default();
    for table in &cold_starts {
        one_table(table, unpacking, |lines| known.read(lines))?;
    }
    let mut reader = Reader::new(known);
    for table in &requests {
        one_table(table, unpacking, |lines| reader.requests(lines))?;
    }
    let folder = path.display().to_string();
    reader.finish(&folder).map_err(|error| error.to_string())
}

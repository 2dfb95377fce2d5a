//! The inputs of a calibration: measurements and logs, opened and read.

use std::io::BufRead;
use std::path::Path;

use frostline_models::invocation_log::{self, InvocationLog};
use frostline_models::measurement::{self, Measurements};
use frostline_report::calibration::Samples;

use super::{Calibrate, Common, refused};
use crate::exit::Failure;
use crate::resources::{self, Unpacking};

/// The largest file of measurements that is read, in bytes: a run has about 1 kB.
const LARGEST_MEASUREMENT: u64 = 64 << 20;

/// The samples of all inputs together: logs as one, then measurements.
pub(super) fn samples(arguments: &Calibrate, common: &Common) -> Result<Samples, Failure> {
    let (filter, columns) = (arguments.filter()?, arguments.columns()?);
    let options = arguments.options(common);
    let mut log: Option<InvocationLog> = None;
    let mut samples = None;
    for path in &arguments.inputs {
        let name = path.display().to_string();
        let mut reader = open(path, &arguments.unpacking)?;
        if is_measurement(&mut *reader) {
            let measured = measurements(path, reader, &arguments.unpacking)?;
            let title = format!("frostline measure {}", measured.header.target.label);
            let found = Samples::of_measurements(&title, &measured, arguments.condition, &options);
            samples = Some(Calibrate::joined(
                samples,
                found.map_err(|error| refused(&error))?,
            ));
            continue;
        }
        let read = invocation_log::read_with(&name, &mut *reader, arguments.format_in, &columns);
        let read = read.map_err(|error| {
            let help = arguments.unpacking.help().unwrap_or_else(|| help(&error));
            Failure::usage(error.to_string(), help)
        })?;
        match &mut log {
            Some(log) => log.join(read),
            None => log = Some(read),
        }
    }
    if let Some(log) = log {
        let format = log.format.map_or("logs", invocation_log::Format::name);
        let title = format!("{} of {} records", format, log.records);
        let found = Samples::of_log(&title, &log, &filter).map_err(|error| refused(&error))?;
        samples = Some(Calibrate::joined(samples, found));
    }
    samples.ok_or_else(|| Failure::usage("no input", "frostline calibrate INPUT"))
}

fn open(path: &Path, unpacking: &Unpacking) -> Result<Box<dyn BufRead>, Failure> {
    let help = "give a file of measurements (`frostline measure`) or a log";
    unpacking
        .open(path)
        .map_err(|why| Failure::usage(why, help))
}

/// Whether a file begins with the header of a measurement.
fn is_measurement(reader: &mut dyn BufRead) -> bool {
    let Ok(start) = reader.fill_buf() else {
        return false;
    };
    let start = String::from_utf8_lossy(&start[..start.len().min(4096)]).into_owned();
    start.trim_start().starts_with('{') && start.contains(measurement::SCHEMA)
}

fn measurements(
    path: &Path,
    reader: Box<dyn BufRead>,
    unpacking: &Unpacking,
) -> Result<Measurements, Failure> {
    let refused = |what: String| {
        let help = || "measure again, or remove the line".to_owned();
        Failure::usage(what, unpacking.help().unwrap_or_else(help))
    };
    let text = resources::text_of(path, reader, LARGEST_MEASUREMENT).map_err(refused)?;
    Measurements::parse(&text).map_err(|error| {
        let (line, found) = (error.line, error.found);
        let expected = error.expected;
        refused(format!(
            "{}:{line}: found {found}, expected {expected}",
            path.display()
        ))
    })
}

fn help(error: &invocation_log::LogError) -> String {
    let kinds = invocation_log::Format::ALL
        .map(invocation_log::Format::name)
        .join(", ");
    if error.line.is_some() {
        format!("name the format if it is another: --format-in with one of {kinds}")
    } else {
        format!("known formats: {kinds}; name the columns of a table with --column init=NAME")
    }
}

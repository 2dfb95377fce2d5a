//! Every importer: as many requests as the trace holds, in text, JSON, CSV and Parquet, whole and by
//! function.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::hostile::inputs::INPUTS;
use crate::{frostline, stdout};

/// A trace: its folder, the arguments that simulate it, and the requests that it holds.
struct Sample {
    folder: TempDir,
    arguments: Vec<String>,
    requests: u64,
}

/// The rows of `INPUTS` that are traces, what `trace convert` makes of each, and a folder of synthetic
/// days, of which one is chosen.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for input in &INPUTS {
        let Some(requests) = input.requests else {
            continue;
        };
        let folder = tempdir().unwrap();
        fs::write(folder.path().join(input.file), input.text).unwrap();
        let mut arguments: Vec<String> = input.arguments[..3]
            .iter()
            .map(ToString::to_string)
            .collect();
        let mut columns = Vec::new();
        for column in input.arguments.iter().filter(|a| a.starts_with("trace.")) {
            arguments.extend(["--set".to_owned(), (*column).to_owned()]);
            let name = column.trim_start_matches("trace.request-log.");
            columns.extend(["--column", name]);
        }
        let mut convert = vec!["trace", "convert", input.arguments[2]];
        convert.extend(columns);
        convert.extend(["--out", "converted/day.fltrace"]);
        frostline(folder.path(), &convert).code(0);
        let converted = tempdir().unwrap();
        let file = "day.fltrace";
        fs::rename(
            folder.path().join("converted").join(file),
            converted.path().join(file),
        )
        .unwrap();
        samples.push(Sample {
            folder,
            arguments,
            requests,
        });
        samples.push(Sample {
            folder: converted,
            arguments: ["simulate", "--trace", "frostline=day.fltrace"]
                .map(str::to_owned)
                .to_vec(),
            requests,
        });
    }
    let folder = tempdir().unwrap();
    let synth = [
        "trace",
        "synth",
        "--functions",
        "40",
        "--invocations",
        "12_345",
        "--days",
        "2",
        "--out",
        "azure",
    ];
    frostline(folder.path(), &synth).code(0);
    let table = "azure/invocations_per_function_md.anon.d02.csv";
    let table = fs::read_to_string(folder.path().join(table)).unwrap();
    let cells = table.lines().skip(1).flat_map(|row| row.split(',').skip(4));
    samples.push(Sample {
        requests: cells.map(|cell| cell.parse::<u64>().unwrap()).sum(),
        arguments: [
            "simulate",
            "--trace",
            "azure-functions-2019=azure",
            "--set",
            "trace.azure-functions-2019.day=2",
        ]
        .map(str::to_owned)
        .to_vec(),
        folder,
    });
    samples
}

/// The numbers of a column of a Parquet file, summed up.
fn summed(file: &Path, column: &str) -> u64 {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema();
    let place = schema
        .get_fields()
        .iter()
        .position(|field| field.name() == column);
    let place = place.unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    let sum: i64 = rows.map(|row| row.unwrap().get_long(place).unwrap()).sum();
    u64::try_from(sum).unwrap()
}

fn rows(file: &Path) -> u64 {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap()
}

#[test]
fn every_request_of_a_trace_stands_in_every_output() {
    for sample in samples() {
        let requests = sample.requests;
        let folder = sample.folder.path();
        let mut arguments: Vec<&str> = sample.arguments.iter().map(String::as_str).collect();
        let case = sample.arguments.join(" ");
        arguments.extend(["--records=all", "--out", "out"]);
        let text = stdout(&frostline(folder, &arguments).code(0));
        let grouped = grouped(requests);
        assert!(text.contains(&grouped), "{case}: {grouped} in {text}");

        let summary = fs::read_to_string(folder.join("out/summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        let totals = &summary["totals"];
        assert_eq!(totals["requests"], requests, "{case}");
        for count in [
            "requests",
            "invocations",
            "cold_starts",
            "throttles",
            "dropped",
        ] {
            let functions = summary["functions"].as_array().unwrap();
            let of_functions = functions
                .iter()
                .map(|function| function[count].as_u64().unwrap());
            assert_eq!(totals[count], of_functions.sum::<u64>(), "{case}: {count}");
        }
        let timeline = folder.join("out/timeline.parquet");
        for (column, count) in [
            ("requests", "requests"),
            ("Invocations", "invocations"),
            ("Throttles", "throttles"),
            ("cold_starts", "cold_starts"),
        ] {
            assert_eq!(totals[count], summed(&timeline, column), "{case}: {column}");
        }
        assert_eq!(
            rows(&folder.join("out/invocations.parquet")),
            requests,
            "{case}"
        );

        arguments.extend(["--tables", "csv", "--format", "json"]);
        let json: Value =
            serde_json::from_str(&stdout(&frostline(folder, &arguments).code(0))).unwrap();
        assert_eq!(&json["totals"], totals, "{case}");
        let records = fs::read_to_string(folder.join("out/invocations.csv")).unwrap();
        assert_eq!(
            records.lines().count() - 1,
            usize::try_from(requests).unwrap()
        );
    }
}

/// A count as people read it: `12,345`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

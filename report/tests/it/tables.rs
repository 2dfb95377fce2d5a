//! Tables: their documentation, and that the same rows are the same bytes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use frostline_models::arrival::Arrivals;
use frostline_models::init::Phase;
use frostline_models::law::Law;
use frostline_models::record::{Invocation, Outcome, ThrottleReason};
use frostline_models::scenario::{Function, Scenario};
use frostline_models::units::{Rate, SimDuration, SimTime};
use frostline_report::summary::Manifest;
use frostline_report::tables::{Format, INVOCATIONS, Invocations, Layout, TIMELINE, Timeline};
use frostline_stats::timeline::Minute;

fn documented(layout: &Layout) -> String {
    let head = "| column | type | unit | meaning |\n|---|---|---|---|\n";
    let rows = layout.columns.iter().map(|column| {
        let null = if column.is_optional { ", nullable" } else { "" };
        let kind = column.kind.name();
        format!(
            "| `{}` | {kind}{null} | {} | {} |\n",
            column.name, column.unit, column.meaning
        )
    });
    head.to_owned() + &rows.collect::<String>()
}

#[test]
fn every_column_is_documented() {
    let text = include_str!("../../../docs/outputs.md");
    for layout in [&TIMELINE, &INVOCATIONS] {
        let table = documented(layout);
        assert!(text.contains(&table), "docs/outputs.md lacks:\n{table}");
    }
}

fn scenario() -> Scenario {
    let arrivals = Arrivals::Poisson(Rate::per_second(1.0).unwrap());
    let mut function = Function::new("a \"quoted\", name", arrivals, Law::ZERO);
    function.provisioned.instances = 4;
    Scenario::new(vec![function], SimDuration::from_secs(60), 1)
}

fn manifest() -> Manifest {
    Manifest {
        version: "0.0.0".to_owned(),
        scenario: "sha256:0".to_owned(),
        seed: 7,
    }
}

fn timeline(format: Format, rows: u64) -> Vec<u8> {
    let mut file = Vec::new();
    let mut table = Timeline::new(&scenario(), format, &manifest(), &mut file).unwrap();
    for number in 0..rows {
        let mut minute = Minute {
            number,
            span_ns: 60_000_000_000,
            provisioned_max: 3,
            alive_ns: 90_000_000_000,
            ..Minute::default()
        };
        minute.counts.requests = number % 3;
        minute.counts.invocations = number % 3;
        minute.duration.sum_ns = u128::from(number % 3) * 1_500_000;
        table.push(0, 0, &minute).unwrap();
    }
    assert_eq!(table.finish().unwrap(), rows);
    file
}

#[test]
fn minutes_are_lines_with_empty_cells_where_nothing_ran() {
    let text = String::from_utf8(timeline(Format::Csv, 2)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("function,replication,minute,span_s,requests,Invocations"));
    assert!(
        lines[1].starts_with("\"a \"\"quoted\"\", name\",0,0,60,0,0,0,0,0,,,,,,,0,0,3,0,0,0.75,")
    );
    assert!(lines[2].starts_with("\"a \"\"quoted\"\", name\",0,1,60,1,1,0,0,1.5,1.5,0,0,0,0,0,"));
    let commas = |line: &str| line.matches(',').count();
    assert_eq!(commas(lines[1]), commas(lines[0]) + 1);
}

#[test]
fn many_row_groups_make_one_file_of_the_same_bytes() {
    let rows = 2 * 122_880 + 1;
    let [one, two] = [(); 2].map(|()| timeline(Format::Parquet, rows));
    assert!(one == two);
    assert!(one.starts_with(b"PAR1") && one.ends_with(b"PAR1"));
    assert!(
        timeline(Format::Parquet, 0).ends_with(b"PAR1"),
        "no rows are a file too"
    );
}

#[test]
fn who_was_refused_has_no_duration() {
    let mut file = Vec::new();
    let mut table = Invocations::new(&scenario(), Format::Csv, &manifest(), &mut file).unwrap();
    let cold = Invocation {
        function: 0,
        request: 5,
        parent: None,
        attempt: 0,
        arrival: SimTime(9),
        outcome: Outcome::Cold,
        spillover: true,
        timed_out: false,
        queue: SimDuration(1),
        init: SimDuration(30),
        phases: vec![
            (Phase::Runtime, SimDuration(10)),
            (Phase::Runtime, SimDuration(20)),
        ],
        duration: SimDuration(100),
    };
    let refused = Invocation {
        outcome: Outcome::Throttled(ThrottleReason::ScaleUpLimitExceeded),
        phases: Vec::new(),
        ..cold.clone()
    };
    table.push(2, &cold).unwrap();
    table.push(2, &refused).unwrap();
    assert_eq!(table.finish().unwrap(), 2);
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].ends_with(",2,5,0,,9,cold,,true,true,false,1,30,,,,,30,,,,100,131"));
    assert!(lines[2].contains(",throttled,ScaleUpLimitExceeded,false,true,false,1,,,,,,,,,,,"));
}

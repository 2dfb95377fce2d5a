//! `growth`: what a day of 50,000 functions costs, from 10⁶ to 10⁹ invocations.

mod figure;

use std::fmt::Write;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use frostline_models::units::significant;

use super::OutputFile;

/// The largest day that is simulated unless told otherwise.
const LARGEST: &str = "1e9";

/// What a day cost.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Day {
    /// A power of ten.
    invocations: f64,
    /// User and system, of all threads.
    cpu_s: f64,
    /// The largest resident set.
    peak_mib: f64,
}

/// Simulates the days and describes what they cost.
pub(super) fn growth() -> Result<Vec<OutputFile>> {
    up_to(LARGEST)
}

/// The same up to so many invocations: a short form.
pub(super) fn up_to(largest: &str) -> Result<Vec<OutputFile>> {
    let build = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "frostline-cli",
    ];
    let status = Command::new("cargo").args(build).status();
    ensure!(
        status.context("cannot run cargo")?.success(),
        "cargo failed"
    );
    let program = ["target/release/frostline", largest];
    let script = "benches/growth/run.py";
    let output = Command::new(script).args(program).output();
    let output = output.with_context(|| format!("cannot run {script}"))?;
    ensure!(
        output.status.success(),
        "{script} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let days = read(&String::from_utf8(output.stdout)?)?;
    Ok(vec![
        OutputFile {
            name: "README.md",
            text: describe(&days, &machine())?,
        },
        OutputFile {
            name: "growth.svg",
            text: figure::draw(&days)?,
        },
    ])
}

/// Reads the lines that the script prints.
fn read(lines: &str) -> Result<Vec<Day>> {
    let day = |line: &str| -> Result<Day> {
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        let numbers = numbers.with_context(|| format!("no numbers: {line}"))?;
        let &[invocations, cpu_s, peak_mib] = numbers.as_slice() else {
            anyhow::bail!("not invocations, CPU seconds and memory: {line}");
        };
        Ok(Day {
            invocations,
            cpu_s,
            peak_mib,
        })
    };
    let days: Vec<Day> = lines.lines().map(day).collect::<Result<_>>()?;
    ensure!(days.len() > 1, "growth takes two days at the least");
    Ok(days)
}

/// The machine by its class.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or(std::env::consts::ARCH, |name| {
        name.trim_start_matches([' ', '\t', ':'])
    });
    format!("{cores} cores ({model})")
}

fn describe(days: &[Day], machine: &str) -> Result<String> {
    let mut text = format!(
        "# What a day of 50,000 functions costs

One day over 50,000 functions, made as Azure's trace of 2019 is and simulated from its CSV files to the
summary, on {machine}:

```sh
frostline trace synth --like azure-2019 --functions 50000 --invocations 1e9 --days 1 --out day
frostline simulate --trace azure-functions-2019=day
```

CPU seconds are those of the whole second command, user and system, on all threads; memory is its
largest resident set. Others may use the machine, which costs CPU time too.

| invocations | CPU s | invocations a CPU second | peak memory MiB |
|---:|---:|---:|---:|
"
    );
    for day in days {
        writeln!(
            text,
            "| 10{} | {} | {:.2} M | {:.0} |",
            figure::superscript(day.invocations.log10()),
            significant(day.cpu_s),
            day.invocations / day.cpu_s / 1e6,
            day.peak_mib,
        )?;
    }
    let (first, last) = (days[0], days[days.len() - 1]);
    let before = days[days.len() - 2];
    let more_ns = (last.cpu_s - before.cpu_s) / (last.invocations - before.invocations) * 1e9;
    write!(
        text,
        "
![CPU seconds and memory over the invocations of the day, both axes logarithmic](growth.svg)

{:.0} times the invocations cost {} times the CPU time and {} times the memory. What does not grow with
the invocations is reading the files and summing up 50,000 functions, about {} s here; from
10{} to 10{} a further invocation costs {} ns.
",
        last.invocations / first.invocations,
        significant(last.cpu_s / first.cpu_s),
        significant(last.peak_mib / first.peak_mib),
        significant(first.cpu_s),
        figure::superscript(before.invocations.log10()),
        figure::superscript(last.invocations.log10()),
        significant(more_ns),
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "1000000 3.000 200.0\n10000000 4.000 205.0\n100000000 6.700 210.2\n";

    #[test]
    fn days_are_described_and_drawn() {
        let days = read(LINES).unwrap();
        let text = describe(&days, "2 cores").unwrap();
        assert!(text.contains("| 10⁸ | 6.7 | 14.93 M | 210 |"), "{text}");
        assert!(
            text.contains("100 times the invocations cost 2.23 times the CPU time and 1.05 times")
        );
        assert!(
            text.contains("10⁷ to 10⁸ a further invocation costs 30 ns"),
            "{text}"
        );
        let figure = figure::draw(&days).unwrap();
        assert_eq!(figure.matches("<circle").count(), 6, "{figure}");
        assert!(figure.ends_with("</svg>\n"));
    }

    #[test]
    fn a_line_that_is_no_day_is_refused() {
        for lines in ["", "1000000 3.0 200.0\n", "1 2 3\n1 2\n", "1 2 3\na b c\n"] {
            read(lines).unwrap_err();
        }
    }
}

//! The curve as a chart of characters: traffic to the right, cost upwards, both as logarithms.

use super::CostReport;
use crate::text::number::number;
use crate::text::table::wrapped;

/// Columns of the chart itself.
const COLUMNS: usize = 61;
/// Rows of the chart itself.
const ROWS: usize = 12;
/// One mark a side: the serverless one, then the hosts.
const MARKS: [char; 7] = ['s', 'a', 'b', 'c', 'd', 'e', 'f'];

/// The chart with its axes and the meaning of its marks; empty when nothing costs anything.
pub(super) fn chart(report: &CostReport, width: usize) -> String {
    let sides = 1 + report.crossover.len().min(MARKS.len() - 1);
    let costs = |side: usize| {
        report.curve.iter().map(move |point| match side {
            0 => point.serverless_usd,
            host => point.hosts_usd[host - 1],
        })
    };
    let logs = (0..sides)
        .flat_map(costs)
        .filter(|usd| *usd > 0.0)
        .map(f64::log10);
    let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
        (low.min(log), high.max(log))
    });
    if low > high {
        return String::new();
    }
    let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
    let mut grid = [[' '; ROWS]; COLUMNS];
    for side in (0..sides).rev() {
        let line: Vec<f64> = costs(side).collect();
        for (column, cells) in grid.iter_mut().enumerate() {
            let usd = between(&line, column);
            if usd > 0.0 {
                let share = (usd.log10() - low) / (high - low);
                cells[nearest_index(1.0 - share, ROWS)] = MARKS[side];
            }
        }
    }
    let mut text = String::from("USD a month\n");
    for row in 0..ROWS {
        let label = match row {
            0 => number(10_f64.powf(high)),
            last if last == ROWS - 1 => number(10_f64.powf(low)),
            _ => String::new(),
        };
        let cells: String = grid.iter().map(|column| column[row]).collect();
        text.push_str(format!("{label:>10} |{cells}").trim_end());
        text.push('\n');
    }
    text.extend([format!("{:>10} +{}\n", "", "-".repeat(COLUMNS))]);
    let ticks = ["100,000", "1 M", "10 M", "100 M", "1,000 M"];
    text.extend([format!(
        "{:12}{:<15}{:<15}{:<15}{:<9}{:>7}\n",
        "", ticks[0], ticks[1], ticks[2], ticks[3], ticks[4]
    )]);
    let mut legend = format!("{:12}requests a month; s serverless", "");
    for (mark, entry) in MARKS[1..].iter().zip(&report.crossover) {
        legend.extend([format!(", {mark} {}", entry.against)]);
    }
    text.push_str(&wrapped(&legend, 12, width));
    text
}

/// The curve at a column: straight between its points in the logarithm of traffic and cost.
fn between(line: &[f64], column: usize) -> f64 {
    // The points are evenly spaced, so columns divide evenly among them.
    let each = (COLUMNS - 1) / (line.len() - 1);
    let (point, within) = (column / each, column % each);
    let (left, right) = (line[point], line[(point + 1).min(line.len() - 1)]);
    if within == 0 || left <= 0.0 || right <= 0.0 {
        return left;
    }
    let share =
        frostline_models::math::count_to_f64(within) / frostline_models::math::count_to_f64(each);
    left.powf(1.0 - share) * right.powf(share)
}

/// The index among `count` that is nearest to a share of the way.
fn nearest_index(share: f64, count: usize) -> usize {
    let most = frostline_models::math::count_to_f64(count - 1);
    let index = frostline_models::math::round_to_u64(share.clamp(0.0, 1.0) * most);
    frostline_models::math::wide_index(index).min(count - 1)
}

//! The figure: CPU time and memory over the invocations of the day, in two panels.

use std::fmt::Write;

use anyhow::Result;
use frostline_models::units::significant;

use super::Day;

/// Size of a panel in pixels, and the space around it.
const PANEL: (f64, f64) = (300.0, 260.0);
const LEFT: f64 = 62.0;
const TOP: f64 = 44.0;
const GAP: f64 = 86.0;

/// A panel: its title, the value of each day, and the decades that its upright axis spans.
struct Panel<'a> {
    title: &'a str,
    left: f64,
    days: &'a [Day],
    value: fn(&Day) -> f64,
    decades: (f64, f64),
}

pub(super) fn draw(days: &[Day]) -> Result<String> {
    let width = LEFT + 2.0 * PANEL.0 + GAP + 36.0;
    let height = TOP + PANEL.1 + 58.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let time = Panel::new("CPU seconds", LEFT, days, |day| day.cpu_s);
    time.axes(&mut svg)?;
    time.proportion(&mut svg)?;
    time.line(&mut svg, "#1f5fa8")?;
    let memory = Panel::new("Peak memory, MiB", LEFT + PANEL.0 + GAP, days, |day| {
        day.peak_mib
    });
    memory.axes(&mut svg)?;
    memory.line(&mut svg, "#a8531f")?;
    svg.push_str("</svg>\n");
    Ok(svg)
}

impl<'a> Panel<'a> {
    fn new(title: &'a str, left: f64, days: &'a [Day], value: fn(&Day) -> f64) -> Self {
        let values = || days.iter().map(value);
        let low = values().fold(f64::INFINITY, f64::min).log10().floor();
        let high = values().fold(0.0, f64::max).log10().ceil();
        Self {
            title,
            left,
            days,
            value,
            decades: (low, high.max(low + 1.0)),
        }
    }

    /// Pixels from the left, half a decade of room on both sides.
    fn x(&self, invocations: f64) -> f64 {
        let (low, high) = (
            self.days[0].invocations,
            self.days[self.days.len() - 1].invocations,
        );
        let span = high.log10() - low.log10() + 0.6;
        self.left + PANEL.0 * (invocations.log10() - low.log10() + 0.3) / span
    }

    /// Pixels from the top.
    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.decades;
        TOP + PANEL.1 * (high - value.log10()) / (high - low)
    }

    fn axes(&self, svg: &mut String) -> Result<()> {
        let (left, right, bottom) = (self.left, self.left + PANEL.0, TOP + PANEL.1);
        writeln!(
            svg,
            "<text x=\"{left:.1}\" y=\"{:.1}\" font-weight=\"bold\">{}</text>",
            TOP - 18.0,
            self.title
        )?;
        let mut decade = self.decades.0;
        while decade <= self.decades.1 {
            let y = self.y(10_f64.powf(decade));
            writeln!(
                svg,
                "<line x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" \
                 stroke=\"#d0d0d0\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                y + 4.5,
                10_f64.powf(decade),
            )?;
            decade += 1.0;
        }
        for day in self.days {
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">10{}</text>",
                self.x(day.invocations),
                bottom + 20.0,
                superscript(day.invocations.log10()),
            )?;
        }
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">invocations of the day</text>",
            f64::midpoint(left, right),
            bottom + 42.0
        )?;
        Ok(())
    }

    /// The days, joined by a line, each with its value.
    fn line(&self, svg: &mut String, colour: &str) -> Result<()> {
        let place = |day: &Day| (self.x(day.invocations), self.y((self.value)(day)));
        let points: Vec<String> = self
            .days
            .iter()
            .map(|day| {
                let (x, y) = place(day);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        )?;
        for day in self.days {
            let (x, y) = place(day);
            writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{colour}\">{}</text>",
                y - 11.0,
                significant((self.value)(day)),
            )?;
        }
        Ok(())
    }

    /// A cost in proportion to the invocations, through the largest day, down to the axis.
    fn proportion(&self, svg: &mut String) -> Result<()> {
        let last = &self.days[self.days.len() - 1];
        let invocations = |value: f64| last.invocations * value / (self.value)(last);
        let lowest = 10_f64
            .powf(self.decades.0)
            .max((self.value)(last) * self.days[0].invocations / last.invocations);
        writeln!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#808080\" \
             stroke-dasharray=\"5 4\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#606060\">in proportion</text>",
            self.x(invocations(lowest)),
            self.y(lowest),
            self.x(last.invocations),
            self.y((self.value)(last)),
            self.left + PANEL.0 - 6.0,
            TOP + PANEL.1 - 10.0,
        )?;
        Ok(())
    }
}

/// A whole number as a power.
pub(super) fn superscript(number: f64) -> String {
    let raised = |digit| match digit {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(0x2070 + u32::from(digit) - u32::from('0')).unwrap_or(digit),
        other => other,
    };
    format!("{number:.0}").chars().map(raised).collect()
}

//! The cost for people: plain text, made for 80 columns.

use super::{CostReport, CrossoverEntry, Traffic, chart::chart};
use crate::text::number::{count, number, with_interval};
use crate::text::table::{lay_out, wrapped};
use frostline_models::math::round_to_u64;

impl CostReport {
    /// The report for people, in lines of at most `width` characters.
    pub fn to_text(&self, width: usize) -> String {
        let mut text = wrapped(&self.request_line(), 14, width);
        if let Some(traffic) = &self.traffic {
            text.push_str(&wrapped(&traffic_line(traffic), 14, width));
        }
        for entry in &self.crossover {
            text.push_str(&wrapped(&crossover_line(entry), 14, width));
        }
        text.push_str(&wrapped(
            &format!(
                "Provisioned   concurrency is cheaper than on demand for instances that are busy more \
                 than {} % of the time",
                number(100.0 * self.provisioned_break_even)
            ),
            14,
            width,
        ));
        text.push('\n');
        text.push_str(&self.bill_table(width));
        if !self.crossover.is_empty() {
            text.push('\n');
            text.push_str(&self.changed_table(width));
            text.push('\n');
            text.push_str(&chart(self, width));
        }
        text.push('\n');
        for sentence in &self.assumptions {
            text.push_str(&wrapped(&format!("assumed: {sentence}"), 9, width));
        }
        for source in &self.sources {
            let line = format!(
                "prices: {}: {} ({})",
                source.prices, source.source, source.as_of
            );
            text.push_str(&wrapped(&line, 8, width));
        }
        text.push('\n');
        text.push_str(&wrapped(&self.next(), 6, width));
        text
    }

    fn request_line(&self) -> String {
        let request = &self.request;
        let mut parts = vec![
            format!(
                "compute {} for {} GB-s",
                usd(request.compute_usd),
                number(request.gb_seconds)
            ),
            format!("request fee {}", usd(request.fee_usd)),
        ];
        for (name, amount) in [
            ("gateway", request.gateway_usd),
            ("egress", request.egress_usd),
        ] {
            if amount > 0.0 {
                parts.push(format!("{name} {}", usd(amount)));
            }
        }
        format!(
            "One request   of {}: {} USD ({})",
            self.name,
            usd(request.total_usd),
            parts.join(", ")
        )
    }

    fn bill_table(&self, width: usize) -> String {
        let requests = count(round_to_u64(self.requests_per_month));
        let mut rows = vec![
            [
                format!("A month of {requests} requests"),
                "quantity".to_owned(),
                String::new(),
                "USD".to_owned(),
            ]
            .to_vec(),
        ];
        let mut side = String::new();
        for line in &self.bill {
            if line.side != side {
                side.clone_from(&line.side);
                rows.push(vec![side.clone()]);
            }
            let is_total = line.item == "total";
            let quantity = if is_total {
                String::new()
            } else if line.quantity >= 1e4 {
                count(round_to_u64(line.quantity))
            } else {
                number(line.quantity)
            };
            let unit = if is_total { "" } else { line.unit };
            rows.push(vec![
                format!("  {}", line.item),
                quantity,
                unit.to_owned(),
                format!("{:.2}", line.usd_month),
            ]);
        }
        lay_out(&rows, width)
    }

    fn changed_table(&self, width: usize) -> String {
        let mut head = vec!["Requests a month at which both sides cost the same".to_owned()];
        let mut rows = Vec::new();
        head.extend(
            self.crossover
                .iter()
                .map(|entry| shown_host(&entry.against)),
        );
        let mut asked = vec!["as asked".to_owned()];
        asked.extend(
            self.crossover
                .iter()
                .map(|entry| millions(entry.requests_per_month)),
        );
        rows.push(head);
        rows.push(asked);
        let first = self
            .crossover
            .first()
            .map_or(&[][..], |entry| &entry.changed);
        for change in first {
            let mut row = vec![change.assumption.to_owned()];
            row.extend(self.crossover.iter().map(|entry| {
                let same = entry
                    .changed
                    .iter()
                    .find(|other| other.assumption == change.assumption);
                millions(same.and_then(|same| same.requests_per_month))
            }));
            rows.push(row);
        }
        lay_out(&rows, width)
    }

    fn next(&self) -> String {
        if self.crossover.is_empty() {
            return "next: --against aws-ec2:t4g.small (or aws-fargate:0.25,'512 MiB') compares with \
                    hosts that run all the time"
                .to_owned();
        }
        "next: --peak-to-mean, --redundancy, --gateway, --load-balancer, --public-ipv4 and --disk \
         make the comparison yours"
            .to_owned()
            + if self.traffic.is_some() {
                ""
            } else {
                "; a scenario instead of --memory and --duration brings its own peaks and cold starts"
            }
    }
}

fn traffic_line(traffic: &Traffic) -> String {
    format!(
        "Traffic       {} requests a month, {} at once on average, {} in the busiest minute ({} times \
         the mean); {} % are cold starts",
        count(round_to_u64(traffic.requests_per_month.point)),
        with_interval(&traffic.mean_concurrency),
        with_interval(&traffic.busiest_minute_concurrency),
        number(traffic.peak_to_mean),
        number(100.0 * traffic.cold_ratio),
    )
}

fn crossover_line(entry: &CrossoverEntry) -> String {
    let Some(requests) = entry.requests_per_month else {
        return format!(
            "Crossover     never: with these assumptions {} is dearer at any traffic",
            entry.against
        );
    };
    if requests < 1.0 {
        return format!("Crossover     {} is cheaper at any traffic", entry.against);
    }
    let rate = entry.requests_per_second.map_or_else(String::new, number);
    let hosts = match entry.hosts {
        1 => String::new(),
        several => format!(" ({several} hosts)"),
    };
    let mut line = format!(
        "Crossover     {} requests a month ({rate} /s on average): {}{hosts} is cheaper above, \
         serverless below",
        millions(Some(requests)),
        entry.against,
    );
    match entry.stays_from {
        Some(stays) if stays > requests * 1.001 => line.extend([format!(
            "; each further host makes serverless cheaper again for a while, the last time below {}",
            millions(Some(stays))
        )]),
        None => line.push_str("; with further hosts serverless is cheaper again"),
        _ => {}
    }
    line
}

/// `30.0 M`, `never`.
fn millions(requests: Option<f64>) -> String {
    match requests {
        None => "never".to_owned(),
        Some(requests) if requests < 1.0 => "always".to_owned(),
        Some(requests) if requests < 1e5 => number(requests),
        Some(requests) => format!("{} M", number(requests / 1e6)),
    }
}

/// A host without the vendor's name, so that columns stay narrow.
fn shown_host(name: &str) -> String {
    name.split_once(':')
        .map_or(name, |(_, rest)| rest)
        .to_owned()
}

/// Money of one request: three digits, never in scientific notation.
fn usd(amount: f64) -> String {
    number(amount)
}

//! What others did to the machine meanwhile.

use std::fs;

use frostline_models::math::to_f64;
use frostline_models::measurement::Noise;

use crate::clock;

/// Nanoseconds of a tick of `/proc/stat`: the kernel counts there in hundredths of a second on every
/// machine (Linux, `USER_HZ` = 100).
const TICK_NS: u64 = 10_000_000;

/// The counters at one instant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    at: u64,
    busy_ns: u64,
    stolen_ns: u64,
    total_ns: u64,
    cpu_pressure_ns: Option<u64>,
    io_pressure_ns: Option<u64>,
}

impl Counters {
    /// Reads the counters; what the system does not tell stays unknown.
    pub(crate) fn read() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let mut counters = Self::of_stat(&stat);
        counters.at = clock::now();
        counters.cpu_pressure_ns = pressure("cpu");
        counters.io_pressure_ns = pressure("io");
        counters
    }

    /// The first line: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest nice; the
    /// guests' time is part of user and nice.
    fn of_stat(text: &str) -> Self {
        let line = text.lines().next().unwrap_or_default();
        let numbers: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|word| word.parse().ok())
            .collect();
        let sum = |at: &[usize]| {
            let ticks = at.iter().filter_map(|&index| numbers.get(index));
            ticks.sum::<u64>() * TICK_NS
        };
        Self {
            busy_ns: sum(&[0, 1, 2, 5, 6]),
            stolen_ns: sum(&[7]),
            total_ns: sum(&[0, 1, 2, 3, 4, 5, 6, 7]),
            ..Self::default()
        }
    }

    /// What happened between two readings, apart from `own_ns` of processor time.
    pub(crate) fn until(&self, later: &Self, own_ns: u64) -> Noise {
        let wall = clock::since(self.at, later.at);
        if wall == 0 {
            return Noise::default();
        }
        let share = |part: u64, whole: u64| (whole > 0).then(|| to_f64(part) / to_f64(whole));
        let between = |from: Option<u64>, to: Option<u64>| {
            let span = to?.saturating_sub(from?);
            share(span.min(wall), wall)
        };
        let total = later.total_ns.saturating_sub(self.total_ns);
        let busy = later.busy_ns.saturating_sub(self.busy_ns);
        Noise {
            steal_share: share(later.stolen_ns.saturating_sub(self.stolen_ns), total),
            others_busy: share(busy.saturating_sub(own_ns), wall),
            cpu_pressure: between(self.cpu_pressure_ns, later.cpu_pressure_ns),
            io_pressure: between(self.io_pressure_ns, later.io_pressure_ns),
        }
    }
}

/// Nanoseconds for which some task has waited for a resource.
fn pressure(resource: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/pressure/{resource}")).ok()?;
    let total = text.lines().next()?.rsplit_once("total=")?.1;
    total.trim().parse::<u64>().ok().map(|micros| micros * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_what_is_left_of_the_busy_time() {
        let before = Counters::of_stat("cpu  100 0 50 1000 0 0 0 10 0 0\n");
        let mut after = Counters::of_stat("cpu  160 0 70 1100 0 0 0 30 0 0\n");
        after.at = 1_000_000_000;
        let noise = before.until(&after, 300_000_000);
        assert_eq!(noise.steal_share, Some(0.1));
        assert_eq!(noise.others_busy, Some(0.5));
        assert_eq!(noise.cpu_pressure, None);
        assert_eq!(before.until(&before, 0), Noise::default());
    }
}

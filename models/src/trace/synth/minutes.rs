//! In which minutes the invocations of a function fall, with their exact sum.

use rand::Rng;

use super::published::{
    AMPLITUDES, COMES_AND_GOES, FOLLOWS_THE_DAY, NOISE, OFF_LEVEL, ON_MINUTES, ON_SHARE,
    ONE_BY_ONE, PEAK_MINUTE, REGULAR, SESSION_GAP_MINUTES, SESSION_SIZE, WEEKEND,
};
use super::{MINUTES_A_DAY, log_uniform};
use crate::math::{
    StandardExponential, StandardNormal, below, count_to_f64, exp, ln, round_to_u64, slot, to_f64,
    unit, wide_index, word,
};

/// Functions with fewer invocations a minute than this are placed one by one.
const FEW_A_MINUTE: f64 = 2.0;

/// Above this mean a Poisson count is drawn as a rounded normal one.
const POISSON_BY_NORMAL: f64 = 16.0;

/// How the rate of a function changes over the day and the week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Daily {
    amplitude: f64,
    peak_minute: u32,
    weekend: f64,
}

/// How requests come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pattern {
    /// At even intervals; the first after this part of one.
    Regular(f64),
    /// In sessions of this mean size, with this mean time between requests in minutes.
    Sessions { size: f64, gap: f64 },
    /// A Poisson process whose rate has this CV from minute to minute.
    Steady { noise: f64 },
    /// The same, on for this share of the minutes.
    ComesAndGoes { noise: f64, on: f64 },
}

/// A function that is no timer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minutes {
    daily: Daily,
    pattern: Pattern,
}

/// What all functions share: the cosine of the day, and room for weights.
#[derive(Debug, Clone)]
pub(super) struct Room {
    cosine: Vec<f64>,
    weights: Vec<f64>,
}

impl Room {
    pub(super) fn new() -> Self {
        let angle =
            |minute: u32| std::f64::consts::TAU * f64::from(minute) / f64::from(MINUTES_A_DAY);
        Self {
            cosine: (0..MINUTES_A_DAY)
                .map(|minute| libm::cos(angle(minute)))
                .collect(),
            weights: Vec::new(),
        }
    }
}

impl Daily {
    fn draw<R: Rng>(rng: &mut R) -> Self {
        let follows = unit(rng.next_u64()) < FOLLOWS_THE_DAY;
        let amplitude = AMPLITUDES.0 + (AMPLITUDES.1 - AMPLITUDES.0) * unit(rng.next_u64());
        let day = f64::from(MINUTES_A_DAY);
        let peak = PEAK_MINUTE.0 + PEAK_MINUTE.1 * StandardNormal::default().draw(rng);
        let peak = peak - day * libm::floor(peak / day);
        Self {
            amplitude: if follows { amplitude } else { 0.0 },
            peak_minute: slot(wide_index(round_to_u64(peak))) % MINUTES_A_DAY,
            weekend: if follows { WEEKEND } else { 1.0 },
        }
    }

    /// The weight of a minute of the span, 1 on average over a weekday.
    fn weight(self, cosine: &[f64], minute: usize) -> f64 {
        let day = cosine.len();
        let shifted = (minute + day - crate::math::index(self.peak_minute)) % day;
        let is_weekend = (minute / day) % 7 >= 5;
        let week = if is_weekend { self.weekend } else { 1.0 };
        week * (1.0 + self.amplitude * cosine[shifted])
    }
}

impl Minutes {
    /// Draws how a function with this mean count a minute is called.
    pub(super) fn draw<R: Rng>(per_minute: f64, rng: &mut R) -> Self {
        let daily = Daily::draw(rng);
        let (kind, within) = (unit(rng.next_u64()), unit(rng.next_u64()));
        let pattern = if kind < REGULAR {
            Pattern::Regular(within)
        } else if per_minute < FEW_A_MINUTE {
            let one_by_one = within < ONE_BY_ONE;
            let size = log_uniform(SESSION_SIZE, rng);
            Pattern::Sessions {
                size: if one_by_one { 1.0 } else { size },
                gap: log_uniform(SESSION_GAP_MINUTES, rng),
            }
        } else {
            let often = if per_minute < 10.0 {
                COMES_AND_GOES.0
            } else {
                COMES_AND_GOES.1
            };
            let noise = log_uniform(NOISE, rng);
            if within < often {
                let on = log_uniform(ON_SHARE, rng);
                Pattern::ComesAndGoes { noise, on }
            } else {
                Pattern::Steady { noise }
            }
        };
        Self { daily, pattern }
    }

    /// Adds `count` invocations to the minutes of the span.
    pub(super) fn fill<R: Rng>(&self, count: u64, cells: &mut [u32], room: &mut Room, rng: &mut R) {
        match self.pattern {
            Pattern::Regular(phase) => evenly(count, phase, cells),
            Pattern::Sessions { size, gap } => {
                self.weigh(cells.len(), room);
                sessions(count, (size, gap), cells, &room.weights, rng);
            }
            Pattern::Steady { noise } => {
                self.weigh(cells.len(), room);
                roughen(noise, &mut room.weights, rng);
                poisson(count, cells, &room.weights, rng);
            }
            Pattern::ComesAndGoes { noise, on } => {
                self.weigh(cells.len(), room);
                roughen(noise, &mut room.weights, rng);
                interrupt(on, &mut room.weights, rng);
                poisson(count, cells, &room.weights, rng);
            }
        }
    }

    fn weigh(&self, minutes: usize, room: &mut Room) {
        room.weights.clear();
        let weights = (0..minutes).map(|minute| self.daily.weight(&room.cosine, minute));
        room.weights.extend(weights);
    }
}

/// The j-th invocation falls at (j + phase)/count of the span.
fn evenly(count: u64, phase: f64, cells: &mut [u32]) {
    let minutes = count_to_f64(cells.len());
    let last = cells.len().saturating_sub(1);
    let mut before = 0;
    for (minute, cell) in cells.iter_mut().enumerate() {
        let share = count_to_f64(minute + 1) / minutes;
        let until = if minute == last {
            count
        } else {
            round_to_u64(libm::ceil(share * to_f64(count) - phase)).clamp(before, count)
        };
        *cell += saturated(until - before);
        before = until;
    }
}

fn sessions<R: Rng>(
    count: u64,
    (size, gap): (f64, f64),
    cells: &mut [u32],
    weights: &[f64],
    rng: &mut R,
) {
    let between = StandardExponential::default();
    let highest = weights.iter().copied().fold(0.0, f64::max);
    let minutes = count_to_f64(cells.len());
    // A geometric number of further requests has the mean size − 1.
    let goes_on = 1.0 - 1.0 / size;
    let mut left = count;
    while left > 0 {
        let mut at = count_to_f64(by_weight(weights, highest, rng)) + unit(rng.next_u64());
        loop {
            let minute = at - minutes * libm::floor(at / minutes);
            let minute = wide_index(round_to_u64(libm::floor(minute)));
            cells[minute.min(cells.len() - 1)] += 1;
            left -= 1;
            if left == 0 || unit(rng.next_u64()) >= goes_on {
                break;
            }
            at += gap * between.draw(rng);
        }
    }
}

/// Independent Poisson counts by weight, then single invocations are added or taken until the sum is
/// right: some √count of them.
fn poisson<R: Rng>(count: u64, cells: &mut [u32], weights: &[f64], rng: &mut R) {
    let sum: f64 = weights.iter().sum();
    let highest = weights.iter().copied().fold(0.0, f64::max);
    let mut placed = 0_u64;
    for (cell, weight) in cells.iter_mut().zip(weights) {
        let drawn = poisson_count(to_f64(count) * (weight / sum), rng);
        *cell = saturated(drawn);
        placed += u64::from(*cell);
    }
    while placed != count {
        let cell = &mut cells[by_weight(weights, highest, rng)];
        if placed < count {
            *cell = cell.saturating_add(1);
            placed += 1;
        } else if *cell > 0 {
            *cell -= 1;
            placed -= 1;
        }
    }
}

fn poisson_count<R: Rng>(mean: f64, rng: &mut R) -> u64 {
    if mean > POISSON_BY_NORMAL {
        let normal = StandardNormal::default().draw(rng);
        return round_to_u64(mean + libm::sqrt(mean) * normal);
    }
    let floor = exp(-mean);
    let mut product = unit(rng.next_u64());
    let mut count = 0;
    while product > floor {
        product *= unit(rng.next_u64());
        count += 1;
    }
    count
}

/// Multiplies each weight by a log-normal factor of mean 1 with this CV.
fn roughen<R: Rng>(noise: f64, weights: &mut [f64], rng: &mut R) {
    let normal = StandardNormal::default();
    let variance = ln(1.0 + noise * noise);
    let sigma = libm::sqrt(variance);
    for weight in weights {
        *weight *= exp(sigma * normal.draw(rng) - 0.5 * variance);
    }
}

/// Lowers the weights of the minutes in which a two-state chain is off.
fn interrupt<R: Rng>(on: f64, weights: &mut [f64], rng: &mut R) {
    let leaves_on = 1.0 / ON_MINUTES;
    let leaves_off = (leaves_on * on / (1.0 - on)).min(1.0);
    let mut is_on = unit(rng.next_u64()) < on;
    for weight in weights {
        if !is_on {
            *weight *= OFF_LEVEL;
        }
        let leaves = if is_on { leaves_on } else { leaves_off };
        is_on ^= unit(rng.next_u64()) < leaves;
    }
}

/// A minute with probability proportional to its weight, by rejection.
fn by_weight<R: Rng>(weights: &[f64], highest: f64, rng: &mut R) -> usize {
    loop {
        let minute = wide_index(below(rng.next_u64(), word(weights.len())));
        if unit(rng.next_u64()) * highest < weights[minute] {
            return minute;
        }
    }
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn every_pattern_places_every_invocation() {
        let key = StreamKey::new(3, 0, 0, Purpose::Synthesis);
        let mut room = Room::new();
        for function in 0..400_u32 {
            let mut rng = key.block(u64::from(function));
            let count = round_to_u64(exp(f64::from(function % 20))) + u64::from(function);
            let minutes = Minutes::draw(to_f64(count) / 2880.0, &mut rng);
            let mut cells = vec![0; 2880];
            minutes.fill(count, &mut cells, &mut room, &mut rng);
            let placed: u64 = cells.iter().map(|cell| u64::from(*cell)).sum();
            assert_eq!(placed, count, "{minutes:?}");
        }
    }

    #[test]
    fn poisson_counts_have_their_mean_and_variance() {
        let mut rng = StreamKey::new(4, 0, 0, Purpose::Synthesis).block(0);
        for mean in [0.1, 3.0, 15.0, 40.0] {
            let draws: Vec<f64> = (0..40_000)
                .map(|_| to_f64(poisson_count(mean, &mut rng)))
                .collect();
            let average = draws.iter().sum::<f64>() / 40_000.0;
            let variance = draws
                .iter()
                .map(|draw| (draw - average) * (draw - average))
                .sum::<f64>()
                / 40_000.0;
            // Five standard errors of either: a false alarm in about 10⁶ seeds.
            let error = libm::sqrt(mean / 40_000.0);
            assert!((average - mean).abs() < 5.0 * error, "{average} for {mean}");
            let error = libm::sqrt((mean + 2.0 * mean * mean) / 40_000.0);
            assert!(
                (variance - mean).abs() < 5.0 * error,
                "{variance} for {mean}"
            );
        }
    }

    #[test]
    fn a_weekend_is_quieter_for_those_who_follow_the_day() {
        let room = Room::new();
        let daily = Daily {
            amplitude: 0.5,
            peak_minute: 900,
            weekend: WEEKEND,
        };
        let at = |day: usize, minute: usize| daily.weight(&room.cosine, day * 1440 + minute);
        assert!((at(0, 900) - 1.5).abs() < 1e-12 && (at(4, 180) - 0.5).abs() < 1e-12);
        assert!((at(5, 900) - 1.05).abs() < 1e-12 && (at(7, 900) - 1.5).abs() < 1e-12);
    }
}

//! Rows of the three tables, in the layout of the released trace.

use super::minutes::Room;
use super::published::{LONGEST_S, TRIGGERS};
use super::{App, Calls, Draw, Function, MINUTES_A_DAY, Synthesis};
use crate::math::{exp, index, normal_quantile, round_to_u64, to_f64, word};
use crate::random::StreamKey;

/// Measurements of an app's memory a minute: one every 5 s (the trace's description, note 9).
const SAMPLES_A_MINUTE: u64 = 12;

/// Minutes for which an app is taken to stay loaded after a request; the keep-alive of Azure Functions
/// in 2019 (Shahrad et al. 2020, section 2).
const LOADED_MINUTES: u64 = 20;

/// Probabilities of the columns between the minimum and the maximum duration.
const DURATION_POINTS: [f64; 5] = [0.01, 0.25, 0.5, 0.75, 0.99];

/// Probabilities of the columns of memory.
const MEMORY_POINTS: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// Rows to append to the three tables of one day; all end in a line break.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// `invocations_per_function_md.anon.dNN.csv`
    pub invocations: Vec<u8>,
    /// `function_durations_percentiles.anon.dNN.csv`
    pub durations: Vec<u8>,
    /// `app_memory_percentiles.anon.dNN.csv`
    pub memory: Vec<u8>,
}

/// Prints a synthetic trace, one function after the other.
#[derive(Debug, Clone)]
pub struct Printer<'a> {
    synthesis: &'a Synthesis,
    room: Room,
    cells: Vec<u32>,
    /// Invocations a day of the app that is being printed.
    app_counts: Vec<u64>,
    next: usize,
}

impl Tables {
    /// The official names of the three files of a day, counted from 1.
    pub fn names(day: u32) -> [String; 3] {
        [
            format!("invocations_per_function_md.anon.d{day:02}.csv"),
            format!("function_durations_percentiles.anon.d{day:02}.csv"),
            format!("app_memory_percentiles.anon.d{day:02}.csv"),
        ]
    }

    /// The header lines.
    pub fn headers() -> Self {
        let mut invocations = b"HashOwner,HashApp,HashFunction,Trigger".to_vec();
        for minute in 1..=u64::from(MINUTES_A_DAY) {
            invocations.push(b',');
            number(&mut invocations, minute);
        }
        invocations.push(b'\n');
        let durations = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,\
            percentile_Average_0,percentile_Average_1,percentile_Average_25,percentile_Average_50,\
            percentile_Average_75,percentile_Average_99,percentile_Average_100\n";
        let memory = "HashOwner,HashApp,SampleCount,AverageAllocatedMb,AverageAllocatedMb_pct1,\
            AverageAllocatedMb_pct5,AverageAllocatedMb_pct25,AverageAllocatedMb_pct50,\
            AverageAllocatedMb_pct75,AverageAllocatedMb_pct95,AverageAllocatedMb_pct99,\
            AverageAllocatedMb_pct100\n";
        Self {
            invocations,
            durations: durations.as_bytes().to_vec(),
            memory: memory.as_bytes().to_vec(),
        }
    }

    /// Empties the three, keeping their room.
    pub fn clear(&mut self) {
        self.invocations.clear();
        self.durations.clear();
        self.memory.clear();
    }
}

impl<'a> Printer<'a> {
    pub(super) fn new(synthesis: &'a Synthesis) -> Self {
        let days = index(synthesis.recipe.days);
        Self {
            synthesis,
            room: Room::new(),
            cells: vec![0; days * index(MINUTES_A_DAY)],
            app_counts: vec![0; days],
            next: 0,
        }
    }

    /// The invocations of a function in each minute of all days; empty where there is no such function.
    pub fn cells(&mut self, function: usize) -> &[u32] {
        self.cells.fill(0);
        let Some(decided) = self.synthesis.functions.get(function) else {
            return &[];
        };
        let mut rng = self.synthesis.streams.of(Draw::Minutes, function);
        match decided.calls {
            Calls::Timer(timer) => timer.fill(&mut self.cells, &mut rng),
            Calls::Minutes(minutes) => {
                minutes.fill(decided.count, &mut self.cells, &mut self.room, &mut rng);
            }
        }
        &self.cells
    }

    /// Appends the next function to the tables of each day; `false` when there is none.
    ///
    /// # Panics
    /// When there are fewer tables than days.
    pub fn print(&mut self, days: &mut [Tables]) -> bool {
        let place = self.next;
        let Some(function) = self.synthesis.functions.get(place).copied() else {
            return false;
        };
        self.next += 1;
        self.cells(place);
        let app = self.synthesis.apps[index(function.app)];
        let key = |draw: Draw, entity: u64| self.synthesis.streams.key(draw).at(entity);
        let owner = name(key(Draw::OwnerName, u64::from(app.owner)));
        let app_name = name(key(Draw::AppName, u64::from(function.app)));
        let own = name(key(Draw::FunctionName, word(place)));
        let is_last = place + 1 == index(app.functions.1);
        let minutes = self.cells.chunks(index(MINUTES_A_DAY));
        for ((tables, minutes), of_app) in days.iter_mut().zip(minutes).zip(&mut self.app_counts) {
            let count: u64 = minutes.iter().map(|cell| u64::from(*cell)).sum();
            if count > 0 {
                let head = format!("{owner},{app_name},{own},");
                tables.invocations.extend_from_slice(head.as_bytes());
                let trigger = TRIGGERS[function.trigger].name;
                tables.invocations.extend_from_slice(trigger.as_bytes());
                counts(&mut tables.invocations, minutes);
                tables.durations.extend_from_slice(head.as_bytes());
                durations(&mut tables.durations, &function, count);
            }
            *of_app += count;
            if is_last {
                if *of_app > 0 {
                    let head = format!("{owner},{app_name},");
                    tables.memory.extend_from_slice(head.as_bytes());
                    memory(&mut tables.memory, &app, *of_app);
                }
                *of_app = 0;
            }
        }
        true
    }
}

/// 64 hexadecimal digits, as the hashes of the released trace.
fn name(key: StreamKey) -> String {
    let [a, b, c, d] = [0, 1, 2, 3].map(|part| key.word(part));
    format!("{a:016x}{b:016x}{c:016x}{d:016x}")
}

fn counts(row: &mut Vec<u8>, minutes: &[u32]) {
    for count in minutes {
        if *count == 0 {
            row.extend_from_slice(b",0");
        } else {
            row.push(b',');
            number(row, u64::from(*count));
        }
    }
    row.push(b'\n');
}

/// Whole milliseconds: mean, count, extremes, and quantiles that `count` draws would have.
fn durations(row: &mut Vec<u8>, function: &Function, count: u64) {
    // Blom's plotting position of the smallest and largest of `count` draws.
    let extreme = normal_quantile((to_f64(count) - 0.375) / (to_f64(count) + 0.25));
    let mu = function.mean_ms.max(1e-3);
    let spread = function.spread;
    let at = |z: f64| {
        let z = z.clamp(-extreme, extreme);
        let value = mu * exp(spread * z - 0.5 * spread * spread);
        round_to_u64(value.min(1e3 * LONGEST_S.1))
    };
    let (least, most) = (at(-extreme), at(extreme));
    let mean = round_to_u64(mu).clamp(least, most);
    for value in [mean, count] {
        number(row, value);
        row.push(b',');
    }
    for value in [least, most] {
        number(row, value);
        row.extend_from_slice(b".0,");
    }
    number(row, least);
    for probability in DURATION_POINTS {
        row.push(b',');
        number(row, at(normal_quantile(probability)));
    }
    row.push(b',');
    number(row, most);
    row.push(b'\n');
}

/// MB to two decimals: mean, quantiles and maximum over the day.
fn memory(row: &mut Vec<u8>, app: &App, invocations: u64) {
    let loaded = invocations
        .saturating_mul(LOADED_MINUTES)
        .min(u64::from(MINUTES_A_DAY));
    let samples = loaded * SAMPLES_A_MINUTE;
    number(row, samples);
    let extreme = normal_quantile((to_f64(loaded) - 0.375) / (to_f64(loaded) + 0.25));
    let quantiles = MEMORY_POINTS.map(normal_quantile);
    for z in std::iter::once(0.0).chain(quantiles).chain([extreme]) {
        let hundredths = round_to_u64(100.0 * app.mean_mb * exp(app.spread * z));
        row.push(b',');
        number(row, hundredths / 100);
        row.extend_from_slice(format!(".{:02}", hundredths % 100).as_bytes());
    }
    row.push(b'\n');
}

/// Appends a number in decimal; a trace has some hundred million of them.
fn number(row: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = value;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    row.extend_from_slice(&digits[at..]);
}

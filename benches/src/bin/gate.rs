//! Prints how often the gate's verdicts are wrong over models of noise, as Markdown. The first
//! argument is the number of gates a row, 2,000 by default.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use frostline_benches::gate::{Noise, Plan, share, upper_bound};
use rayon::prelude::*;

const GATES: u32 = 2_000;

const TOLERANCE: f64 = 0.03;
const ERROR: f64 = 0.01;
const PAIRS_MAX: u32 = 300;

fn main() {
    let asked = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let gates: u32 = asked.unwrap_or(GATES);
    println!(
        "\
# The gate's verdicts over models of noise

{gates} gates a row, each on random streams of its own, with the defaults of `frostline gate run`: a
tolerance of {:.0} %, an error of {:.0} %, {PAIRS_MAX} pairs at most, a look after every pair. The nominal
error is the most that may be wrong; the bound is what the wrong ones prove at 95 % (Clopper and
Pearson, one-sided). An effect at the very edge of the tolerance, + 3 %, is the hardest: nothing but
*slower* and *faster* is wrong there, and any false alarm is one. `benches/src/gate.rs` has the models.

| noise | true effect | slower | same | faster | unclear | pairs, mean | wrong | at most | nominal |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        100.0 * TOLERANCE,
        100.0 * ERROR
    );
    let effects = [0.0, 0.02, 0.03, 0.05, 0.1, -0.05];
    let plans: Vec<Plan> = Noise::ALL
        .into_iter()
        .flat_map(|noise| effects.map(|effect| plan(noise, effect)))
        .collect();
    let rows: Vec<String> = plans
        .par_iter()
        .map(|plan| {
            let rates = plan.rates(gates);
            let wrong = rates.wrong(plan);
            let percent = |part: u32| format!("{:.2} %", 100.0 * share(part, gates));
            format!(
                "| {} | {:+.0} % | {} | {} | {} | {} | {:.0} | {} | {:.2} % | {:.0} % |",
                plan.noise.name(),
                100.0 * plan.effect,
                percent(rates.slower),
                percent(rates.same),
                percent(rates.faster),
                percent(rates.unclear()),
                rates.mean_pairs(),
                percent(wrong),
                100.0 * upper_bound(wrong, gates),
                100.0 * ERROR
            )
        })
        .collect();
    println!("{}", rows.join("\n"));
    println!(
        "
## What it avoids

The same machines, identical programs: how often a 95 % t interval that one looks at after every
fifth pair, up to {PAIRS_MAX}, leaves out no effect at all. *Paired* in random order as the gate, and *one
after the other*: first every run of the base, then every run of the change.

| noise | paired, peeking | one after the other, peeking | the gate: slower or faster |
|---|---:|---:|---:|"
    );
    let fewer = gates.div_ceil(4);
    let rows: Vec<String> = Noise::ALL
        .par_iter()
        .map(|noise| {
            let plan = plan(*noise, 0.0);
            let rates = plan.rates(fewer);
            format!(
                "| {} | {:.1} % | {:.1} % | {:.1} % |",
                noise.name(),
                100.0 * plan.naive(fewer, true),
                100.0 * plan.naive(fewer, false),
                100.0 * share(rates.slower + rates.faster, fewer)
            )
        })
        .collect();
    println!("{}", rows.join("\n"));
}

fn plan(noise: Noise, effect: f64) -> Plan {
    Plan {
        noise,
        effect,
        tolerance: TOLERANCE,
        error: ERROR,
        pairs_max: PAIRS_MAX,
    }
}

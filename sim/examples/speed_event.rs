//! scratch
use frostline_models::arrival::Arrivals;
use frostline_models::init::Init;
use frostline_models::keepalive::*;
use frostline_models::law::Law;
use frostline_models::scenario::*;
use frostline_models::units::*;
use frostline_sim::*;
fn main() {
    let rho = 10.0;
    let mut f = Function::new(
        "f",
        Arrivals::Poisson(Rate::per_second(rho).unwrap()),
        Law::exponential(SimDuration::from_secs(1)).unwrap(),
    );
    f.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(60));
    f.init = Init::total(Law::exponential(SimDuration::from_millis(500)).unwrap());
    let n: f64 = std::env::args()
        .nth(1)
        .map(|s| s.parse().unwrap())
        .unwrap_or(1e8);
    let secs = n / rho;
    let mut s = Scenario::new(vec![f], SimDuration::from_secs(secs as u64), 1);
    s.run.warm_up = WarmUp::Fixed(SimDuration::from_secs((secs / 100.0) as u64));
    let o = simulate(
        &s,
        Options {
            seed: 1,
            kernels: Kernels::EventOnly,
            observer: &Unobserved,
        },
    )
    .unwrap();
    println!("{}", o.functions[0].replications[0].counts.requests);
}

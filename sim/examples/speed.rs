//! scratch
use frostline_models::arrival::Arrivals;
use frostline_models::init::Init;
use frostline_models::keepalive::*;
use frostline_models::law::Law;
use frostline_models::scenario::*;
use frostline_models::units::*;
use frostline_sim::*;
fn main() {
    for rho in [1.0, 10.0, 100.0, 1000.0, 10000.0] {
        for (name, kernels, c) in [
            ("batch", Kernels::Fastest, 1),
            ("event", Kernels::EventOnly, 1),
            ("event c=4", Kernels::Fastest, 4),
        ] {
            let mut f = Function::new(
                "f",
                Arrivals::Poisson(Rate::per_second(rho).unwrap()),
                Law::exponential(SimDuration::from_secs(1)).unwrap(),
            );
            f.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(60));
            f.init = Init::total(Law::exponential(SimDuration::from_millis(500)).unwrap());
            f.concurrency = c;
            let n = 2e7;
            let secs = n / rho;
            let mut s = Scenario::new(vec![f], SimDuration::from_secs(secs as u64), 1);
            s.run.warm_up = WarmUp::Fixed(SimDuration::from_secs((secs / 100.0) as u64));
            let t = std::time::Instant::now();
            let o = simulate(
                &s,
                Options {
                    seed: 1,
                    kernels,
                    observer: &Unobserved,
                },
            )
            .unwrap();
            let e = t.elapsed().as_secs_f64();
            let c = o.functions[0].replications[0].counts;
            println!(
                "rho {rho} {name}: {:.1} M/s  cold {:.5}",
                c.requests as f64 / e / 1e6,
                c.cold_starts as f64 / c.requests as f64
            );
        }
    }
}

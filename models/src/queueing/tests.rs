use super::gap::GapLaw;
use super::*;

fn close(found: f64, expected: f64, relative: f64) {
    assert!(
        (found / expected - 1.0).abs() < relative,
        "{found} is not {expected}"
    );
}

/// Constants: the definitions evaluated with mpmath 1.4.1 at 40 digits.
#[test]
fn erlang_formulas_agree_with_forty_digit_arithmetic() {
    close(erlang_b(1_000, 2_016.0), 0.504_454_581_898_883_7, 1e-12);
    close(erlang_b(10, 2.0), 3.819_016_794_126_352e-5, 1e-13);
    close(erlang_b(200, 180.0), 0.010_324_995_204_982_297, 1e-12);
    close(erlang_c(10, 8.0), 0.409_180_150_796_443_5, 1e-13);
    close(erlang_c(100, 90.0), 0.216_940_480_906_366_4, 1e-12);
    close(erlang_c(2, 2.0), 1.0, 1e-15);
}

/// Constants: exponential of the generator of the busy count on 0…n, started in n, summed over the
/// Poisson law of n, with mpmath 1.4.1 at 40 digits; independent of the spectral formula.
#[test]
fn cold_probability_agrees_with_the_matrix_exponential() {
    for (lambda, service_s, keep_alive_s, expected) in [
        (0.9, 1.991, 600.0, 0.001_329_306_649_182_750_4),
        (5.0, 1.0, 60.0, 0.003_956_759_901_808_989),
        (1.0, 1.0, 10.0, 0.077_373_826_895_642_41),
        (0.1, 1.0, 30.0, 0.114_335_899_656_699_23),
    ] {
        let law = GapLaw::unlimited(lambda, service_s).unwrap();
        close(law.cold_probability(keep_alive_s), expected, 1e-10);
        close(law.cold_probability(0.0), 1.0, 1e-12);
    }
}

#[test]
fn large_loads_stay_a_falling_probability() {
    let law = GapLaw::unlimited(200.0, 1.0).unwrap();
    close(law.cold_probability(0.0), 1.0, 1e-10);
    let mut before = 1.0;
    for keep_alive_s in [0.01, 0.1, 1.0, 10.0, 60.0, 600.0] {
        let cold = law.cold_probability(keep_alive_s);
        assert!(cold > 0.0 && cold < before, "{cold} at {keep_alive_s} s");
        before = cold;
    }
    assert!(law.hazard_per_second(60.0) < law.hazard_per_second(1.0));
}

#[test]
fn short_services_are_light_traffic_and_idle_time_is_the_integral() {
    let law = GapLaw::unlimited(0.5, 1e-6).unwrap();
    close(law.cold_probability(4.0), light_traffic(0.5, 4.0), 1e-5);
    let law = GapLaw::unlimited(5.0, 1.0).unwrap();
    // Midpoint rule over 60 s in steps of 1 ms.
    let sum: f64 = (0..60_000)
        .map(|i| law.cold_probability((f64::from(i) + 0.5) * 1e-3))
        .sum();
    close(law.mean_idle_s(60.0), sum * 1e-3, 1e-6);
    assert_eq!(GapLaw::unlimited(0.0, 1.0), None);
    assert_eq!(GapLaw::unlimited(1e6, 1.0), None);
}

#[test]
fn single_instances_by_hand() {
    let loss = single_instance(1.0, 1.0, 0.0, 0.0);
    close(loss.throttled, 0.5, 1e-15);
    let service = Moments {
        mean_s: 0.5,
        square_s2: 0.5,
    };
    let none = Moments {
        mean_s: 0.0,
        square_s2: 0.0,
    };
    // M/M/1 with ρ = ½: P(idle) = ½, mean wait = ρ/(μ − λ) = ½ s.
    let queue = single_queue(1.0, service, none, 0.0).unwrap();
    close(queue.cold, 0.5, 1e-15);
    close(queue.mean_wait_s, 0.5, 1e-15);
    assert_eq!(single_queue(2.0, service, none, 0.0), None);
}

#[test]
fn ordered_servers_share_the_load() {
    let carried: f64 = (1..=5).map(|rank| load_of_server(rank, 3.0)).sum();
    close(carried, 3.0 * (1.0 - erlang_b(5, 3.0)), 1e-14);
    let best = provisioned_instances(3.0, 0.4, 100);
    assert!(load_of_server(best, 3.0) >= 0.4 && load_of_server(best + 1, 3.0) < 0.4);
}

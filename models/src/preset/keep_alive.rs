//! Keep-alive presets: what people measured, or what a platform's source says, about how long an
//! idle instance is kept, platform by platform and date by date.
//!
//! No vendor promises an idle lifetime; each of these was true of what somebody measured at the
//! time. `docs/keep-alive.md` tells them apart. A plain platform name stands for its newest entry.

use crate::keepalive::KeepAlive;
use crate::units::SimDuration;

use super::{Certainty, Known, known};

/// How long a platform's instances lived at a date.
#[derive(Debug, Clone, PartialEq)]
pub struct KeepAlivePreset {
    /// The dated name, `platform@date`; of software with a source, `platform@commit`.
    pub name: &'static str,
    /// How long an idle instance is kept.
    pub keep_alive: Known<KeepAlive>,
    /// How old an instance becomes, however busy: the youngest and the oldest age, evenly between.
    /// `None` where nothing is known.
    pub maximum_age: Option<Known<(SimDuration, SimDuration)>>,
}

/// A preset of which only the idle lifetime is known.
const fn idle(name: &'static str, keep_alive: Known<KeepAlive>) -> KeepAlivePreset {
    KeepAlivePreset {
        name,
        keep_alive,
        maximum_age: None,
    }
}

const fn minutes(count: u64) -> SimDuration {
    SimDuration::from_secs(60 * count)
}

const fn uniform_minutes(low: u64, high: u64) -> KeepAlive {
    KeepAlive::Uniform {
        low: minutes(low),
        high: minutes(high),
    }
}

const TEN_MINUTES_POST: &str = "M. Shilkov, AWS Lambda Cold Starts After 10 Minutes, mikhail.io/2019/08/aws-lambda-cold-starts-after-10-minutes";
const BIG_THREE_POST: &str = "M. Shilkov, Comparison of Cold Starts in Serverless Functions across AWS, Azure, and GCP, mikhail.io/serverless/coldstarts/big3";
const GOOGLE_POST: &str = "M. Shilkov, Less Frequent Cold Starts in Google Cloud Functions, mikhail.io/2019/04/less-frequent-cold-starts-in-google-cloud-functions";

pub(super) const AWS_2019_06: KeepAlivePreset = idle(
    "aws-lambda@2019-06",
    known(
        uniform_minutes(25, 60),
        "idle instances are kept for 25 to 60 min",
        TEN_MINUTES_POST,
        "2019-06",
        Certainty::Sourced,
    ),
);

pub(super) const AWS_2019_08: KeepAlivePreset = idle(
    "aws-lambda@2019-08",
    known(
        KeepAlive::Fixed(minutes(10)),
        "idle instances are kept for 10 min",
        TEN_MINUTES_POST,
        "2019-08",
        Certainty::Sourced,
    ),
);

/// The eviction model that a benchmark suite fitted to many idle instances at once: each period of
/// 380 s halves them.
const AWS_2020_12: KeepAlivePreset = idle(
    "aws-lambda@2020-12",
    known(
        KeepAlive::Halving(SimDuration::from_secs(380)),
        "half of the idle instances are gone after each 380 s",
        "M. Copik et al., SeBS, ACM Middleware 2021, doi:10.1145/3464298.3476133",
        "2020-12",
        Certainty::Unverified,
    ),
);

pub(super) const AWS_2021_01: KeepAlivePreset = idle(
    "aws-lambda@2021-01",
    known(
        uniform_minutes(5, 7),
        "idle instances are kept for 5 to 7 min",
        BIG_THREE_POST,
        "2021-01",
        Certainty::Sourced,
    ),
);

const AZURE_2019_08: KeepAlivePreset = idle(
    "azure-functions@2019-08",
    known(
        KeepAlive::Fixed(minutes(20)),
        "idle instances of the Consumption plan are kept for 20 min",
        TEN_MINUTES_POST,
        "2019-08",
        Certainty::Sourced,
    ),
);

/// The source adds that a few end before 10 min and a few live beyond 50.
const AZURE_2021_01: KeepAlivePreset = idle(
    "azure-functions@2021-01",
    known(
        uniform_minutes(20, 30),
        "idle instances of the Consumption plan are kept mostly for 20 to 30 min",
        BIG_THREE_POST,
        "2021-01",
        Certainty::Sourced,
    ),
);

/// The source: an instance could end after 5 min, and 15 % lived for 5 h. The straight line through
/// both ends at 5 h 52 min.
const GOOGLE_2019_02: KeepAlivePreset = idle(
    "google-cloud-functions@2019-02",
    known(
        uniform_minutes(5, 352),
        "idle instances are kept for 5 min to 5 h 52 min: 15 % for longer than 5 h, the shape \
         assumed",
        GOOGLE_POST,
        "2019-02",
        Certainty::Unverified,
    ),
);

/// The source: 85 % lived for 5 h. The straight line from zero through that ends at 33 h 20 min.
const GOOGLE_2019_04: KeepAlivePreset = idle(
    "google-cloud-functions@2019-04",
    known(
        uniform_minutes(0, 2000),
        "idle instances are kept for up to 33 h 20 min: 85 % for longer than 5 h, the shape assumed",
        GOOGLE_POST,
        "2019-04",
        Certainty::Unverified,
    ),
);

const GOOGLE_2021_01: KeepAlivePreset = idle(
    "google-cloud-functions@2021-01",
    known(
        KeepAlive::Fixed(minutes(15)),
        "idle instances of the first generation are kept for 15 min",
        BIG_THREE_POST,
        "2021-01",
        Certainty::Sourced,
    ),
);

const CLOUD_RUN_2026: KeepAlivePreset = idle(
    "google-cloud-run@2026",
    known(
        KeepAlive::Fixed(minutes(15)),
        "idle instances are kept for 15 min, which the vendor names as the most and does not promise",
        "Google Cloud, About instance autoscaling, as quoted by third parties",
        "2026",
        Certainty::Unverified,
    ),
);

/// Ready for `pause-grace`, then paused for `idle-container`; both count, for a paused container
/// still takes an invocation without a cold start. Before `pause-grace` was raised it was 50 ms.
const OPENWHISK: KeepAlivePreset = idle(
    "openwhisk@1fae641",
    known(
        KeepAlive::Fixed(SimDuration::from_secs(10 + 600)),
        "idle containers are kept for 10 s ready and 10 min paused",
        "apache/openwhisk, core/invoker/src/main/resources/application.conf, container-proxy.timeouts",
        "commit 1fae641",
        Certainty::Sourced,
    ),
);

/// The presets, platform by platform, each oldest first.
static PRESETS: [KeepAlivePreset; 11] = [
    AWS_2019_06,
    AWS_2019_08,
    AWS_2020_12,
    AWS_2021_01,
    AZURE_2019_08,
    AZURE_2021_01,
    GOOGLE_2019_02,
    GOOGLE_2019_04,
    GOOGLE_2021_01,
    CLOUD_RUN_2026,
    OPENWHISK,
];

impl KeepAlivePreset {
    /// All presets, platform by platform, each oldest first.
    pub fn all() -> &'static [Self] {
        &PRESETS
    }

    /// The preset of a name; a name without a date is the newest of its platform.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS
            .iter()
            .rev()
            .find(|preset| preset.name == name || super::platform_of(preset.name) == name)
    }

    /// The unverified constants of this preset, in one sentence each; the maximum age counts only
    /// where it is used.
    pub(crate) fn doubts(&self, with_age: bool) -> Vec<String> {
        let age = self.maximum_age.as_ref().filter(|_| with_age);
        let age = age.and_then(Known::doubt);
        self.keep_alive.doubt().into_iter().chain(age).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Law;

    #[test]
    fn every_preset_has_a_dated_name_of_its_own_and_a_sound_law() {
        let mut names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        assert!(names.iter().all(|name| name.split_once('@').is_some()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PRESETS.len());
        for preset in &PRESETS {
            let known = &preset.keep_alive;
            assert!(!known.source.is_empty() && !known.date.is_empty());
            if let KeepAlive::Uniform { low, high } = known.value {
                assert!(low < high, "{}", preset.name);
            }
            let ages = preset.maximum_age.as_ref().map(|known| known.value);
            assert!(ages.is_none_or(|(low, high)| Law::uniform(low, high).is_ok()));
        }
    }

    #[test]
    fn a_name_without_a_date_is_the_newest() {
        let name = |asked| KeepAlivePreset::named(asked).map(|preset| preset.name);
        assert_eq!(name("aws-lambda"), Some("aws-lambda@2021-01"));
        assert_eq!(name("azure-functions"), Some("azure-functions@2021-01"));
        assert_eq!(name("openwhisk"), Some("openwhisk@1fae641"));
        assert_eq!(name("aws-lambda@2019-06"), Some("aws-lambda@2019-06"));
        assert_eq!(name("aws-lambda@2019"), None);
    }

    #[test]
    fn the_assumed_shapes_hold_what_their_source_says() {
        let survives_five_hours = |name| {
            let keep = KeepAlivePreset::named(name).unwrap().keep_alive.value;
            let KeepAlive::Uniform { low, high } = keep else {
                panic!("{name} is uniform");
            };
            let (low, high) = (low.as_secs_f64(), high.as_secs_f64());
            (high - 5.0 * 3600.0) / (high - low)
        };
        assert!((survives_five_hours("google-cloud-functions@2019-02") - 0.15).abs() < 0.001);
        assert!((survives_five_hours("google-cloud-functions@2019-04") - 0.85).abs() < 1e-12);
    }

    #[test]
    fn unverified_presets_say_so() {
        let doubts = |name| KeepAlivePreset::named(name).unwrap().doubts(true).len();
        assert_eq!(doubts("aws-lambda@2020-12"), 1);
        assert_eq!(doubts("google-cloud-run"), 1);
        assert_eq!(doubts("aws-lambda@2019-08"), 0);
    }
}

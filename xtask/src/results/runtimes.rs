//! `init-by-runtime`: median and 99th percentile of the init of each built-in runtime.

use std::fmt::Write;

use anyhow::Result;
use frostline_models::init::Phase;
use frostline_models::profile::{builtin, builtin_names};
use frostline_models::scenario::Architecture::{Arm64, X86_64};
use frostline_models::scenario::PackageKind::{Image, Zip};
use frostline_models::units::significant;

use super::OutputFile;

const HEADER: &str = "\
# Init by runtime

Init Duration of hello-world functions on AWS Lambda in ms, median / 99th percentile, from the
built-in profiles. Source: maxday/lambda-perf (Apache-2.0), 90 days to 2026-08-22, about 3,000 cold
starts in each cell. A dash: not measured.

| runtime | zip x86_64 | zip arm64 | image x86_64 | image arm64 |
|---|---:|---:|---:|---:|
";

pub(super) fn make() -> Result<Vec<OutputFile>> {
    let mut text = String::from(HEADER);
    for name in builtin_names() {
        write!(text, "| `{name}` |")?;
        for (package, architecture) in
            [(Zip, X86_64), (Zip, Arm64), (Image, X86_64), (Image, Arm64)]
        {
            let profile = builtin(name, package, architecture).ok();
            let law = profile
                .as_ref()
                .and_then(|p| p.measured().get(&Phase::Runtime));
            let Some(measured) = law else {
                text.push_str(" – |");
                continue;
            };
            let ms =
                |above: f64| significant(measured.law.law().exceeded_with(above).as_millis_f64());
            write!(text, " {} / {} |", ms(0.5), ms(0.01))?;
        }
        text.push('\n');
    }
    Ok(vec![OutputFile {
        name: "table.md",
        text,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_is_what_the_profiles_give() {
        let committed = include_str!("../../../results/init-by-runtime/table.md");
        let made = make().unwrap();
        assert_eq!(made[0].text, committed, "run `cargo xtask results`");
    }
}

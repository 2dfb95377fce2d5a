//! The `[platform]` table over its preset.

use crate::diagnostic::Diagnostic;
use crate::keepalive::{KeepAlive, Reuse};
use crate::law::Law;
use crate::preset::{self, KeepAlivePreset, Preset};
use crate::price::{PriceBook, PriceSettings};
use crate::scenario::{Platform, Provisioning};
use crate::suggest::nearest;
use crate::units::{Quota, SimDuration};

use super::check::listed;
use super::settle::Settling;
use super::tree::Node;
use super::{laws, read};

/// The platform's settings that a function may override.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    /// How long an idle instance is kept.
    pub(crate) keep_alive: KeepAlive,
    /// Which instance takes an invocation.
    pub(crate) reuse: Reuse,
    /// How old an instance may become.
    pub(crate) maximum_age: Option<Law>,
}

/// Provisioned concurrency is charged for at least five minutes ("AWS Lambda Pricing", provisioned
/// concurrency, read 2026-09; a minimum of the price list, certain).
const PROVISIONED_MINIMUM: SimDuration = SimDuration::from_secs(300);

impl Default for Defaults {
    fn default() -> Self {
        let preset = Preset::newest();
        Self {
            keep_alive: preset.keep_alive.value,
            reuse: preset.reuse.value,
            maximum_age: None,
        }
    }
}

impl Settling<'_> {
    /// The platform, and with it the defaults of all functions.
    pub(crate) fn platform(&mut self, node: Option<&Node>) -> Platform {
        let get = |key: &str| node.and_then(|node| node.get(key));
        let inner = |table: &str, key: &str| get(table).and_then(|node| node.get(key));
        if let Some(name) = get("preset") {
            self.choose_preset(name);
        }
        let preset = self.preset;
        let (keep_alive, maximum_age) =
            self.lifetime(get("keep-alive"), inner("instances", "max-age"));
        self.defaults = Defaults {
            keep_alive: keep_alive.unwrap_or(preset.keep_alive.value),
            reuse: inner("instances", "reuse")
                .and_then(laws::reuse)
                .unwrap_or(preset.reuse.value),
            maximum_age,
        };
        let account = match inner("limits", "account") {
            Some(node) => read::count(node),
            None => Some(preset.account_concurrency.value),
        };
        let scale_up = match inner("limits", "scale-up") {
            Some(node) => read::quota(node),
            None => Some(preset.scale_up.value),
        };
        // An account without a limit has none on its rate either.
        let rate = match inner("limits", "rate") {
            Some(node) => read::quota(node),
            None => account.map(|account| Quota {
                count: (account * preset.requests_per_concurrency.value).max(1),
                per: SimDuration::from_secs(1),
            }),
        };
        let provisioning = Provisioning {
            delay: inner("provisioning", "delay")
                .and_then(read::duration)
                .unwrap_or(preset.provisioning_delay.value),
            pace: inner("provisioning", "pace")
                .and_then(read::quota)
                .unwrap_or(preset.provisioning_pace.value),
            all_or_nothing: inner("provisioning", "visible").and_then(Node::text)
                == Some("together"),
            minimum: inner("provisioning", "minimum")
                .and_then(read::duration)
                .unwrap_or(PROVISIONED_MINIMUM),
        };
        let region = inner("price", "region");
        if let Some(region) = region {
            self.check_region(region);
        }
        Platform {
            preset: preset.name.to_owned(),
            account_concurrency: account,
            scale_up,
            request_rate: rate,
            provisioning,
            price: PriceSettings {
                region: region
                    .and_then(Node::text)
                    .unwrap_or("us-east-1")
                    .to_owned(),
                free_tier: inner("price", "free-tier")
                    .and_then(read::flag)
                    .unwrap_or(false),
                managed_init_billed: preset.managed_init_billed.value,
            },
        }
    }

    /// How long an idle instance is kept and how old one becomes, out of the two keys of the
    /// platform or of a function. A keep-alive preset brings its maximum age where it is known and
    /// the other key does not say otherwise; without either, the default in force stays.
    pub(crate) fn lifetime(
        &mut self,
        keep_alive: Option<&Node>,
        max_age: Option<&Node>,
    ) -> (Option<KeepAlive>, Option<Law>) {
        let named = keep_alive.and_then(|node| node.get("preset"));
        let preset = named.and_then(|node| self.keep_alive_preset(node));
        let measured_age = preset.and_then(|preset| preset.maximum_age.as_ref());
        let maximum_age = match (max_age, measured_age) {
            (Some(node), _) if node.text() == Some("none") => None,
            (Some(node), _) => laws::law(node, &mut self.errors),
            // The presets' constants make valid laws.
            (None, Some(age)) => Law::uniform(age.value.0, age.value.1).ok(),
            (None, None) => self.defaults.maximum_age.clone(),
        };
        let Some(preset) = preset else {
            let own = keep_alive.and_then(|node| laws::keep_alive(node, &mut self.errors));
            return (own, maximum_age);
        };
        self.unverified.extend(preset.doubts(max_age.is_none()));
        (Some(preset.keep_alive.value), maximum_age)
    }

    fn keep_alive_preset(&mut self, node: &Node) -> Option<&'static KeepAlivePreset> {
        let name = node.text()?;
        let preset = KeepAlivePreset::named(name);
        if preset.is_none() {
            let names = KeepAlivePreset::all().iter().map(|preset| preset.name);
            let names: Vec<&str> = names.collect();
            self.errors
                .push(unknown_preset(node, name, "keep-alive preset", &names));
        }
        preset
    }

    fn choose_preset(&mut self, node: &Node) {
        let Some(name) = node.text() else {
            return;
        };
        if let Some(preset) = Preset::named(name) {
            self.preset = preset;
            return;
        }
        let names: Vec<&str> = preset::names().collect();
        let error = unknown_preset(node, name, "preset", &names);
        // Somebody who asks for another platform can have what is known about it.
        self.errors.push(match KeepAlivePreset::named(name) {
            Some(known) => error.help(format!(
                "of this platform only the keep-alive is known: write `keep-alive.preset = \"{}\"`",
                known.name
            )),
            None => error,
        });
    }

    fn check_region(&mut self, node: &Node) {
        let Some(name) = node.text() else {
            return;
        };
        let regions: Vec<&str> = PriceBook::builtin().regions().collect();
        if regions.contains(&name) {
            return;
        }
        let title = format!(
            "there are no prices for the region `{}`",
            node.value.shown()
        );
        let error = node.span.error("scenario::unknown-region", title);
        self.errors
            .push(match nearest(name, regions.iter().copied()) {
                Some(near) => error.help(format!("did you mean \"{near}\"?")),
                None => error.help(format!("there is {}", listed(&regions))),
            });
    }
}

/// A name that is none of the presets: the one that was probably meant, and all there are.
fn unknown_preset(node: &Node, name: &str, what: &str, names: &[&str]) -> Diagnostic {
    let title = format!("there is no {what} `{}`", node.value.shown());
    let error = node.span.error("scenario::unknown-preset", title);
    let error = match nearest(name, names.iter().copied()) {
        Some(near) => error.help(format!("did you mean \"{near}\"?")),
        None => error,
    };
    error.help(format!("there are {}", listed(names)))
}

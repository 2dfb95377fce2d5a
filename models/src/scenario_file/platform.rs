//! The `[platform]` table over its preset.

use crate::keepalive::{KeepAlive, Reuse};
use crate::law::Law;
use crate::preset::{self, Preset};
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
        let keep_alive =
            get("keep-alive").and_then(|node| laws::keep_alive(node, &mut self.errors));
        let age = inner("instances", "max-age");
        self.defaults = Defaults {
            keep_alive: keep_alive.unwrap_or(preset.keep_alive.value),
            reuse: inner("instances", "reuse")
                .and_then(laws::reuse)
                .unwrap_or(preset.reuse.value),
            maximum_age: age.and_then(|node| laws::law(node, &mut self.errors)),
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

    fn choose_preset(&mut self, node: &Node) {
        let Some(name) = node.text() else {
            return;
        };
        if let Some(preset) = Preset::named(name) {
            self.preset = preset;
            return;
        }
        let names: Vec<&str> = preset::names().collect();
        let title = format!("there is no preset `{}`", node.value.shown());
        let error = node.span.error("scenario::unknown-preset", title);
        self.errors
            .push(match nearest(name, names.iter().copied()) {
                Some(near) => error.help(format!("did you mean \"{near}\"?")),
                None => error.help(format!("there are {}", listed(&names))),
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

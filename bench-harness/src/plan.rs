//! The plan: conditions crossed with one another, in an order that is drawn.

use frostline_models::measurement::{Cache, Condition, Isolation, Resources};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use crate::package::{Package, PackageError};

/// What is varied; every value of one is crossed with every value of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// States of the page cache.
    pub caches: Vec<Cache>,
    /// Limits of reading, in bytes a second; `None` is no limit.
    pub disks: Vec<Option<u64>>,
    /// Memory and processor time.
    pub resources: Vec<Resources>,
    /// Packages; none is one that lies where the command finds it.
    pub packages: Vec<Option<Package>>,
    /// Bytes of padding.
    pub paddings: Vec<u64>,
    /// Modules that are added and loaded.
    pub modules: Vec<u32>,
    /// Levels of isolation.
    pub isolations: Vec<Isolation>,
    /// Instances started at once.
    pub concurrents: Vec<u32>,
}

impl Default for Factors {
    fn default() -> Self {
        Self {
            caches: vec![Cache::Warm],
            disks: vec![None],
            resources: vec![Resources::Unlimited],
            packages: vec![None],
            paddings: vec![0],
            modules: vec![0],
            isolations: vec![Isolation::Namespaces],
            concurrents: vec![1],
        }
    }
}

/// A condition with the package that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The condition.
    pub condition: Condition,
    /// The package, without padding.
    pub package: Option<Package>,
}

impl Factors {
    /// Every combination, in the order of the lists, the last factor fastest.
    ///
    /// # Errors
    /// When a package cannot be read.
    pub fn cross(&self) -> Result<Vec<Cell>, PackageError> {
        let mut cells = vec![Cell {
            condition: Condition::default(),
            package: None,
        }];
        let named = self.packages.len() > 1;
        let mut packages = Vec::new();
        for package in &self.packages {
            let bytes = package.as_ref().map(Package::bytes).transpose()?;
            packages.push((package, bytes));
        }
        cells = crossed(&cells, &packages, |cell, (package, bytes)| {
            let path = package.as_ref().map(Package::path);
            let name = path.and_then(|path| path.file_name());
            cell.condition.package = name
                .filter(|_| named)
                .map(|name| name.to_string_lossy().into_owned());
            cell.condition.package_bytes = *bytes;
            cell.package.clone_from(package);
        });
        cells = crossed(&cells, &self.paddings, |cell, padding| {
            cell.condition.padding_bytes = Some(*padding).filter(|bytes| *bytes > 0);
        });
        cells = crossed(&cells, &self.modules, |cell, modules| {
            cell.condition.modules = Some(*modules).filter(|count| *count > 0);
        });
        cells = crossed(&cells, &self.isolations, |cell, isolation| {
            cell.condition.isolation = *isolation;
        });
        cells = crossed(&cells, &self.resources, |cell, resources| {
            cell.condition.resources = *resources;
        });
        cells = crossed(&cells, &self.disks, |cell, disk| {
            cell.condition.disk_bytes_per_second = *disk;
        });
        cells = crossed(&cells, &self.caches, |cell, cache| {
            cell.condition.cache = *cache;
        });
        Ok(crossed(&cells, &self.concurrents, |cell, concurrent| {
            cell.condition.concurrent = *concurrent;
        }))
    }
}

fn crossed<T>(cells: &[Cell], values: &[T], set: impl Fn(&mut Cell, &T)) -> Vec<Cell> {
    let with = |cell: &Cell, value: &T| {
        let mut cell = cell.clone();
        set(&mut cell, value);
        cell
    };
    let pairs = cells
        .iter()
        .flat_map(|cell| values.iter().map(move |value| (cell, value)));
    pairs.map(|(cell, value)| with(cell, value)).collect()
}

/// The order of one round: every position from 0 to `count` once. A function of seed and round, so
/// that a measurement that goes on keeps its order.
pub(crate) fn order_of(seed: u64, round: u32, count: usize) -> Vec<usize> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(&round.to_le_bytes());
    key[12..20].copy_from_slice(b"rounds/1");
    let mut random = Xoshiro256PlusPlus::from_seed(key);
    // The generator's first words still resemble its key.
    for _ in 0..16 {
        random.next_u64();
    }
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let bound = frostline_models::math::word(last + 1);
        let drawn = frostline_models::math::below(random.next_u64(), bound);
        order.swap(last, frostline_models::math::wide_index(drawn));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_meets_every_other() {
        let factors = Factors {
            caches: vec![Cache::Warm, Cache::Evicted],
            resources: vec![Resources::Unlimited, Resources::Lambda { mib: 512 }],
            paddings: vec![0, 7],
            ..Factors::default()
        };
        let cells = factors.cross().unwrap();
        assert_eq!(cells.len(), 8);
        let mut seen: Vec<String> = cells.iter().map(|cell| format!("{cell:?}")).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 8);
        assert_eq!(cells[0].condition.cache, Cache::Warm);
        assert_eq!(cells[1].condition.cache, Cache::Evicted);
        assert_eq!(cells[0].condition.padding_bytes, None);
    }

    #[test]
    fn orders_are_permutations_that_differ_and_repeat() {
        let orders: Vec<_> = (0..200).map(|round| order_of(7, round, 5)).collect();
        for order in &orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
        }
        assert_eq!(order_of(7, 3, 5), orders[3]);
        assert_ne!(order_of(8, 3, 9), order_of(7, 3, 9));
        // Each of 5 comes first in a fifth of 200 rounds: 40 ± 5.7; three deviations.
        for first in 0..5 {
            let times = orders.iter().filter(|order| order[0] == first).count();
            assert!(
                (23..=57).contains(&times),
                "{first} came first {times} times"
            );
        }
    }
}

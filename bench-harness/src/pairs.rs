//! Two targets that take turns: pairs of starts, in an order that is drawn for each pair.
//!
//! ```text
//!  warm-up    base, change                 what do they open, do they start at all?
//!  pair 0     change, base   ─► Pair       a coin for each pair says who goes first
//!  pair 1     base, change   ─► Pair
//!  …          for as long as the caller asks
//! ```
//!
//! Both of a pair meet nearly the same disturbances, and what is left has no preference for either,
//! because the coin knows nothing of it.

use std::io;

use frostline_models::measurement::{Header, Run};

use crate::host::Host;
use crate::measure::{Listener, MeasureError, Measurement, Method};
use crate::plan::{Cell, order_of};
use crate::target::Target;

/// One of the two that are compared.
#[derive(Clone, Copy)]
pub struct Arm<'a> {
    /// What is started.
    pub target: &'a dyn Target,
    /// Its conditions; as many as the other's, and alike but for the package.
    pub cells: &'a [Cell],
}

/// Two targets, compared pair by pair.
pub struct Pairs<'a> {
    base: Measurement<'a>,
    change: Measurement<'a>,
    conditions: usize,
    seed: u64,
}

/// The runs of one pair. There are several a side where instances start at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Runs of the base.
    pub base: Vec<Run>,
    /// Runs of the change.
    pub change: Vec<Run>,
}

impl<'a> Pairs<'a> {
    /// A comparison that has not begun.
    ///
    /// # Panics
    /// When the two have different numbers of conditions.
    pub fn new(host: &'a Host, base: Arm<'a>, change: Arm<'a>, method: &'a Method) -> Self {
        assert_eq!(
            base.cells.len(),
            change.cells.len(),
            "both are compared under the same conditions"
        );
        let side = |arm: Arm<'a>| Measurement::new(host, arm.target, arm.cells, method, Vec::new());
        Self {
            base: side(base),
            change: side(change),
            conditions: base.cells.len(),
            seed: method.seed,
        }
    }

    /// Prepares both, and makes the runs that are discarded: those of base and change, which tell
    /// whether they can be started at all.
    ///
    /// # Errors
    /// [`MeasureError`].
    pub fn begin(&mut self) -> Result<Pair, MeasureError> {
        let (mut base, mut change) = (Kept::default(), Kept::default());
        self.base.begin(&mut base)?;
        self.change.begin(&mut change)?;
        Ok(Pair {
            base: base.0,
            change: change.0,
        })
    }

    /// The pair `round` of a condition.
    ///
    /// # Errors
    /// [`MeasureError`]; what a target does wrong is part of its runs.
    ///
    /// # Panics
    /// When there is no such condition.
    pub fn pair(&mut self, condition: usize, round: u32) -> Result<Pair, MeasureError> {
        assert!(condition < self.conditions, "no condition {condition}");
        let (mut base, mut change) = (Kept::default(), Kept::default());
        // A coin of its own for each condition: the word is not that of the rounds of `measure`.
        let coin = self.seed ^ frostline_models::math::word(condition + 1).rotate_left(40);
        for side in order_of(coin, round, 2) {
            if side == 0 {
                self.base.once(condition, round, &mut base)?;
            } else {
                self.change.once(condition, round, &mut change)?;
            }
        }
        Ok(Pair {
            base: base.0,
            change: change.0,
        })
    }

    /// The base's plan with the machine; see [`Measurement::header`].
    pub fn base_header(&self, programs: &[&std::ffi::OsStr]) -> Header {
        self.base.header(programs)
    }

    /// The change's plan, without what takes time to find out.
    pub fn change_plan(&self) -> Header {
        self.change.plan()
    }
}

/// Runs that were made.
#[derive(Debug, Default)]
struct Kept(Vec<Run>);

impl Listener for Kept {
    fn header(&mut self, _: &Header) -> io::Result<()> {
        Ok(())
    }

    fn runs(&mut self, runs: &[Run]) -> io::Result<()> {
        self.0.extend_from_slice(runs);
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) {}
}

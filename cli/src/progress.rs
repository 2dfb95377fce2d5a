//! What the engine tells while it works, and how it is stopped.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use anyhow::Context;
use frostline_sim::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::SIGINT;

/// Runs shorter than this show no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether Ctrl-C was pressed.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C: the first asks the run to stop, the second ends the process.
    ///
    /// # Errors
    /// When the system refuses the handler.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let pressed = Arc::new(AtomicBool::new(false));
        let code = i32::from(crate::exit::INTERRUPTED);
        signal_hook::flag::register_conditional_shutdown(SIGINT, code, Arc::clone(&pressed))
            .and_then(|_| signal_hook::flag::register(SIGINT, Arc::clone(&pressed)))
            .context("cannot listen for Ctrl-C")?;
        Ok(Self(pressed))
    }

    /// The same for the request to end that other programs send.
    ///
    /// # Errors
    /// When the system refuses the handler.
    #[cfg(target_os = "linux")]
    pub(crate) fn listen_to_termination(&self) -> anyhow::Result<()> {
        signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&self.0))
            .context("cannot listen for the request to end")?;
        Ok(())
    }

    /// The flag itself.
    #[cfg(target_os = "linux")]
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    pub(crate) fn is_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The engine's observer: a bar on a terminal for runs over a second.
pub(crate) struct Progress {
    bar: ProgressBar,
    shown: Once,
    may_show: bool,
    started: Instant,
    done: AtomicU64,
    expected: AtomicU64,
    interrupt: Interrupt,
}

impl Progress {
    pub(crate) fn new(quiet: bool, interrupt: Interrupt) -> Self {
        Self::named("simulating", quiet, interrupt)
    }

    /// A bar that says what is going on.
    pub(crate) fn named(verb: &str, quiet: bool, interrupt: Interrupt) -> Self {
        let template = format!("{verb} {{bar:32}} {{percent:>3}} %  {{eta}} left");
        let style = ProgressStyle::with_template(&template);
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self {
            bar: match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            },
            shown: Once::new(),
            may_show: !quiet && std::io::stderr().is_terminal(),
            started: Instant::now(),
            done: AtomicU64::new(0),
            expected: AtomicU64::new(0),
            interrupt,
        }
    }

    /// Requests done and expected, as told last.
    pub(crate) fn reached(&self) -> (u64, u64) {
        (
            self.done.load(Ordering::Relaxed),
            self.expected.load(Ordering::Relaxed),
        )
    }

    /// Removes the bar, so that results stand alone.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress {
    /// Shows how far it is.
    pub(crate) fn show(&self, done: u64, of: u64) {
        self.done.fetch_max(done, Ordering::Relaxed);
        self.expected.store(of, Ordering::Relaxed);
        if !self.may_show || self.started.elapsed() < PATIENCE {
            return;
        }
        self.shown
            .call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        self.bar.set_length(of.max(done));
        self.bar.set_position(done);
    }
}

impl Observer for Progress {
    fn progress(&self, done: u64, of: u64) {
        self.show(done, of);
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.is_pressed()
    }
}

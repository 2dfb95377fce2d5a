//! A trace in, bytes out.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};

use super::super::{LONGEST_NAME, MOST_FUNCTIONS, MOST_REQUESTS, Trace, TraceFunction};
use super::blocks::BlockWriter;
use super::laws::LawWriter;
use super::{
    COLD, DURATION, DURATIONS, INIT, LONGEST_ASSUMPTION, MEMORY, MOST_ASSUMPTIONS, MOST_CELLS,
    RECORDED, REPLAYED, TRIGGER,
};
use crate::arrival::{Arrivals, Counts, Placement, Recorded};
use crate::init::{Init, Phase};
use crate::math::word;

/// Writes a trace, block by block: no copy of it is made.
///
/// # Errors
/// Those of the sink; and [`ErrorKind::InvalidInput`] when the trace exceeds a limit of
/// [the reader](super::read), or its arrivals are no recording.
pub fn write(trace: &Trace, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer {
        blocks: BlockWriter::new(sink)?,
        triggers: BTreeMap::new(),
        laws: LawWriter::default(),
        cells: 0,
        requests: 0,
    };
    writer.text(&trace.format, LONGEST_NAME)?;
    writer.blocks.number(trace.duration.0)?;
    let assumptions = word(trace.assumptions.len());
    within(assumptions, MOST_ASSUMPTIONS, "assumptions")?;
    writer.blocks.number(assumptions)?;
    for assumption in &trace.assumptions {
        writer.text(assumption, LONGEST_ASSUMPTION)?;
    }
    let functions = word(trace.functions.len());
    within(functions, word(MOST_FUNCTIONS), "functions")?;
    writer.blocks.number(functions)?;
    for function in &trace.functions {
        writer.function(function)?;
    }
    writer.blocks.number(trace.requests())?;
    writer.blocks.finish()
}

struct Writer<'a> {
    blocks: BlockWriter<'a>,
    triggers: BTreeMap<String, u64>,
    laws: LawWriter,
    cells: u64,
    requests: u64,
}

impl Writer<'_> {
    fn function(&mut self, function: &TraceFunction) -> io::Result<()> {
        self.text(&function.name, LONGEST_NAME)?;
        let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        self.blocks.byte(
            flag(function.trigger.is_some(), TRIGGER)
                | flag(function.duration.is_some(), DURATION)
                | flag(function.memory.is_some(), MEMORY)
                | flag(function.init.is_some(), INIT)
                | flag(matches!(function.arrivals, Arrivals::Recorded(_)), RECORDED),
        )?;
        if let Some(trigger) = &function.trigger {
            self.trigger(trigger)?;
        }
        if let Some(duration) = &function.duration {
            self.laws.write(&mut self.blocks, duration)?;
        }
        if let Some(memory) = function.memory {
            self.blocks.number(u64::from(memory.0))?;
        }
        if let Some(init) = &function.init {
            self.init(init)?;
        }
        match &function.arrivals {
            Arrivals::Counts(counts) => self.counts(counts),
            Arrivals::Recorded(recorded) => self.recorded(recorded),
            _ => Err(unfit("arrivals that are no recording")),
        }
    }

    fn trigger(&mut self, trigger: &str) -> io::Result<()> {
        let next = word(self.triggers.len());
        if let Some(number) = self.triggers.get(trigger) {
            return self.blocks.number(*number);
        }
        self.triggers.insert(trigger.to_owned(), next);
        self.blocks.number(next)?;
        self.text(trigger, LONGEST_NAME)
    }

    fn init(&mut self, init: &Init) -> io::Result<()> {
        self.blocks.number(word(init.phases().len()))?;
        for (phase, law) in init.phases() {
            let place = Phase::ALL.iter().position(|other| other == phase);
            self.blocks.number(place.map_or(0, word))?;
            self.laws.write(&mut self.blocks, law)?;
        }
        Ok(())
    }

    fn counts(&mut self, counts: &Counts) -> io::Result<()> {
        let cells = word(counts.cells().count());
        self.cells += cells;
        within(self.cells, MOST_CELLS, "counts")?;
        self.blocks.number(counts.interval.0)?;
        self.blocks.byte(match counts.placement {
            Placement::Uniform => 0,
            Placement::Equidistant => 1,
            Placement::MinuteStart => 2,
        })?;
        self.blocks.number(cells)?;
        let mut due = 0;
        for (interval, count) in counts.cells() {
            let skipped = interval - due;
            let head = 2 * u64::from(count - 1);
            if skipped > 0 {
                self.blocks.number(head + 1)?;
                self.blocks.number(u64::from(skipped - 1))?;
            } else {
                self.blocks.number(head)?;
            }
            due = interval.saturating_add(1);
        }
        Ok(())
    }

    fn recorded(&mut self, recorded: &Recorded) -> io::Result<()> {
        self.requests += recorded.total();
        within(self.requests, MOST_REQUESTS, "single requests")?;
        self.blocks.number(recorded.total())?;
        let durations = recorded.durations();
        let replayed = recorded.replayed_durations();
        self.blocks.byte(
            durations.map_or(0, |_| DURATIONS)
                | replayed.map_or(0, |_| REPLAYED)
                | recorded.cold().map_or(0, |_| COLD),
        )?;
        let mut before = 0;
        for time in recorded.times().iter() {
            self.blocks.number(time.0 - before)?;
            before = time.0;
        }
        for duration in durations.into_iter().flat_map(|all| all.iter()) {
            self.blocks.number(duration.0)?;
        }
        if let Some(cold) = recorded.cold() {
            for first in (0..recorded.total()).step_by(8) {
                let bits = (0..8).filter(|bit| cold.is_cold(first + bit));
                self.blocks
                    .byte(bits.fold(0, |byte, bit| byte | 1 << bit))?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, longest: usize) -> io::Result<()> {
        within(word(text.len()), word(longest), "bytes of a text")?;
        if text.contains(char::is_control) {
            return Err(unfit("a text with control characters"));
        }
        self.blocks.text(text)
    }
}

fn within(found: u64, most: u64, what: &str) -> io::Result<()> {
    if found <= most {
        return Ok(());
    }
    Err(unfit(&format!("{found} {what}, expected at most {most}")))
}

/// What the compact form cannot hold.
pub(super) fn unfit(what: &str) -> io::Error {
    let why = format!("the trace does not fit the compact form: {what}");
    io::Error::new(ErrorKind::InvalidInput, why)
}

//! Bytes in, a trace out.

use std::collections::BTreeSet;

use super::super::{LONGEST_NAME, MOST_FUNCTIONS, MOST_REQUESTS, Table, Trace, TraceFunction};
use super::blocks::BlockReader;
use super::laws::LawReader;
use super::{
    COLD, CompactError, DURATION, DURATIONS, INIT, LONGEST_ASSUMPTION, MEMORY, MOST_ASSUMPTIONS,
    MOST_CELLS, MOST_PHASES, RECORDED, REPLAYED, TRIGGER,
};
use crate::arrival::{Arrivals, ColdFlags, Counts, Placement, Recorded};
use crate::init::{Init, Phase};
use crate::math::{wide_index, word};
use crate::units::{Memory, SimDuration, SimTime};

/// Reads a trace; its format and assumptions are those of the recording that was converted.
///
/// # Errors
/// [`CompactError`] when the file is something else, of another version, cut short or damaged; when
/// a value is none that a trace can have, or two functions have the same name; when there is more
/// than the limits of [the readers](crate::trace), [`MOST_CELLS`] or [`super::MOST_POINTS`].
pub fn read(table: Table<'_>) -> Result<Trace, CompactError> {
    let Table { name, lines } = table;
    let mut blocks = BlockReader::new(name, lines)?;
    let format = blocks.text(LONGEST_NAME, "a name")?;
    let duration = SimDuration(blocks.number_up_to(SimDuration::MAX.0, "nanoseconds")?);
    if duration == SimDuration::ZERO {
        return Err(blocks.error("a span of no time", "one of a nanosecond at least"));
    }
    let mut assumptions = Vec::new();
    for _ in 0..blocks.number_up_to(MOST_ASSUMPTIONS, "assumptions")? {
        assumptions.push(blocks.text(LONGEST_ASSUMPTION, "an assumption")?);
    }
    let count = blocks.number_up_to(word(MOST_FUNCTIONS), "functions")?;
    if count == 0 {
        return Err(blocks.error("no function", "at least one"));
    }
    let mut reader = Reader {
        blocks,
        triggers: Vec::new(),
        laws: LawReader::new(),
        cells_left: MOST_CELLS,
        requests_left: MOST_REQUESTS,
    };
    let mut functions = Vec::new();
    let mut names = BTreeSet::new();
    for _ in 0..count {
        let function = reader.function()?;
        if !names.insert(function.name.clone()) {
            let what = format!("the function `{}` a second time", function.name);
            return Err(reader.blocks.error(&what, "names that differ"));
        }
        functions.push(function);
    }
    let trace = Trace {
        format,
        duration,
        functions,
        assumptions,
    };
    let (told, found) = (reader.blocks.number()?, trace.requests());
    if told != found {
        let what = format!("{told} requests in all");
        return Err(reader.blocks.error(&what, &format!("{found}, their sum")));
    }
    reader.blocks.finish()?;
    Ok(trace)
}

struct Reader<'a> {
    blocks: BlockReader<'a>,
    triggers: Vec<String>,
    laws: LawReader,
    cells_left: u64,
    requests_left: u64,
}

impl Reader<'_> {
    fn function(&mut self) -> Result<TraceFunction, CompactError> {
        let name = self.blocks.text(LONGEST_NAME, "a name")?;
        let there = self.flags(TRIGGER | DURATION | MEMORY | INIT | RECORDED)?;
        let has = |flag: u8| there & flag != 0;
        Ok(TraceFunction {
            name,
            trigger: has(TRIGGER).then(|| self.trigger()).transpose()?,
            duration: if has(DURATION) {
                Some(self.laws.read(&mut self.blocks)?)
            } else {
                None
            },
            memory: has(MEMORY).then(|| self.memory()).transpose()?,
            init: has(INIT).then(|| self.init()).transpose()?,
            arrivals: if has(RECORDED) {
                Arrivals::Recorded(self.recorded()?)
            } else {
                Arrivals::Counts(self.counts()?)
            },
        })
    }

    fn flags(&mut self, known: u8) -> Result<u8, CompactError> {
        let flags = self.blocks.byte()?;
        if flags & !known == 0 {
            return Ok(flags);
        }
        let what = format!("the flags {flags:#04x}");
        Err(self
            .blocks
            .error(&what, &format!("none beside {known:#04x}")))
    }

    fn trigger(&mut self) -> Result<String, CompactError> {
        let known = word(self.triggers.len());
        let number = self.blocks.number_up_to(known, "as a trigger")?;
        if number == known {
            let trigger = self.blocks.text(LONGEST_NAME, "a trigger")?;
            self.triggers.push(trigger);
        }
        Ok(self.triggers[wide_index(number)].clone())
    }

    fn memory(&mut self) -> Result<Memory, CompactError> {
        let mib = self.blocks.number_up_to(u64::from(u32::MAX), "MiB")?;
        match u32::try_from(mib) {
            Ok(mib) if mib > 0 => Ok(Memory(mib)),
            _ => Err(self.blocks.error("no memory", "at least 1 MiB")),
        }
    }

    fn init(&mut self) -> Result<Init, CompactError> {
        let mut phases = Vec::new();
        for _ in 0..self.blocks.number_up_to(MOST_PHASES, "phases")? {
            let last = word(Phase::ALL.len() - 1);
            let place = self.blocks.number_up_to(last, "as a phase")?;
            let law = self.laws.read(&mut self.blocks)?;
            phases.push((Phase::ALL[wide_index(place)], law));
        }
        Ok(Init::new(phases))
    }

    fn counts(&mut self) -> Result<Counts, CompactError> {
        let most = SimDuration::MAX.0;
        let interval = self.blocks.number_up_to(most, "nanoseconds")?;
        if interval == 0 {
            let what = "intervals of no time";
            return Err(self.blocks.error(what, "a nanosecond at least"));
        }
        let placement = match self.blocks.byte()? {
            0 => Placement::Uniform,
            1 => Placement::Equidistant,
            2 => Placement::MinuteStart,
            other => {
                let what = format!("the placement {other}");
                return Err(self.blocks.error(&what, "0, 1 or 2"));
            }
        };
        let cells = self.blocks.number_up_to(self.cells_left, "counts")?;
        self.cells_left -= cells;
        // The cells that the clock and the index have room for.
        let room = (most / interval).min(u64::from(u32::MAX));
        let (mut left, mut due) = (cells, 0_u64);
        let mut failure = None;
        let blocks = &mut self.blocks;
        let cells = std::iter::from_fn(|| {
            left = left.checked_sub(1)?;
            match cell(blocks, &mut due, room) {
                Ok(cell) => Some(cell),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        let counts = Counts::new(SimDuration(interval), placement, cells);
        failure.map_or(Ok(counts), Err)
    }

    fn recorded(&mut self) -> Result<Recorded, CompactError> {
        let count = self.blocks.number_up_to(self.requests_left, "requests")?;
        self.requests_left -= count;
        let there = self.flags(DURATIONS | REPLAYED | COLD)?;
        let mut times = Vec::new();
        let mut time = 0;
        for _ in 0..count {
            time += self
                .blocks
                .number_up_to(SimDuration::MAX.0 - time, "further nanoseconds")?;
            times.push(SimTime(time));
        }
        let unfit = |blocks: &BlockReader<'_>, error: crate::arrival::RecordedError| {
            blocks.error(&error.to_string(), "requests in order")
        };
        let mut recorded = Recorded::at(times).map_err(|error| unfit(&self.blocks, error))?;
        if there & DURATIONS != 0 {
            let mut durations = Vec::new();
            for _ in 0..count {
                let span = self
                    .blocks
                    .number_up_to(SimDuration::MAX.0, "nanoseconds")?;
                durations.push(SimDuration(span));
            }
            let with = recorded.with_durations(durations);
            recorded = with.map_err(|error| unfit(&self.blocks, error))?;
            if there & REPLAYED == 0 {
                recorded = recorded.with_drawn_durations();
            }
        } else if there & REPLAYED != 0 {
            let what = "durations that are replayed and not there";
            return Err(self.blocks.error(what, "both or none"));
        }
        if there & COLD != 0 {
            let with = recorded.with_cold(self.cold(count)?);
            recorded = with.map_err(|error| unfit(&self.blocks, error))?;
        }
        Ok(recorded)
    }

    fn cold(&mut self, count: u64) -> Result<ColdFlags, CompactError> {
        let mut failure = None;
        let (mut byte, mut place) = (0, 0);
        let blocks = &mut self.blocks;
        let flags = std::iter::from_fn(|| {
            if place == count {
                return None;
            }
            if place % 8 == 0 {
                match blocks.byte() {
                    Ok(next) => byte = next,
                    Err(error) => {
                        failure = Some(error);
                        return None;
                    }
                }
            }
            place += 1;
            let flag = byte & 1 == 1;
            byte >>= 1;
            Some(flag)
        });
        let flags: ColdFlags = flags.collect();
        if failure.is_none() && byte != 0 {
            let what = "a cold start of no request";
            return Err(self.blocks.error(what, "bits of zero behind the last"));
        }
        failure.map_or(Ok(flags), Err)
    }
}

/// A cell; `due` is the interval behind the one before, and moves on.
#[inline]
fn cell(
    blocks: &mut BlockReader<'_>,
    due: &mut u64,
    room: u64,
) -> Result<(u32, u32), CompactError> {
    let head = blocks.number()?;
    if head % 2 == 1 {
        let skipped = blocks.number()?;
        *due = due.saturating_add(skipped).saturating_add(1);
    }
    let place = u32::try_from(*due).ok().filter(|_| *due < room);
    let (Some(place), Ok(count)) = (place, u32::try_from(head / 2 + 1)) else {
        let what = format!("the count {} in interval {due}", head / 2 + 1);
        let expected = format!("at most {} before interval {room}", u32::MAX);
        return Err(blocks.error(&what, &expected));
    };
    *due += 1;
    Ok((place, count))
}

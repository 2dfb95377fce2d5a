//! The compact form: what is written comes back, and nothing that was damaged does.

use std::io::{ErrorKind, Read};

use frostline_models::arrival::{Arrivals, Counts, Placement, Recorded};
use frostline_models::init::{Init, Phase};
use frostline_models::law::Law;
use frostline_models::math::slot;
use frostline_models::trace::compact::{CompactError, MARK, VERSION, read, write};
use frostline_models::trace::{Table, Trace, TraceFunction};
use frostline_models::units::{Memory, Rate, SimDuration, SimTime};
use proptest::prelude::*;

fn written(trace: &Trace) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(trace, &mut bytes).unwrap();
    bytes
}

fn reread(mut bytes: &[u8]) -> Result<Trace, CompactError> {
    read(Table {
        name: "day",
        lines: &mut bytes,
    })
}

fn refusal(bytes: &[u8]) -> String {
    match reread(bytes) {
        Ok(trace) => panic!("{bytes:02x?} was read as {trace:?}"),
        Err(error) => error.to_string(),
    }
}

/// CRC-32, bit by bit: another way than the reader's.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut state = u32::MAX;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = if state & 1 == 1 { 0xedb8_8320 } else { 0 };
            state = (state >> 1) ^ mask;
        }
    }
    (!state).to_le_bytes()
}

/// A file with this content in one block whose checksum is right.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut checked = MARK.to_vec();
    checked.push(VERSION);
    let mut file = checked.clone();
    checked.extend(content);
    file.extend(slot(content.len()).to_le_bytes());
    file.extend(content);
    file.extend(checksum(&checked));
    file.extend([0; 4]);
    file.extend(checksum(&checked));
    file
}

fn ms(milliseconds: u64) -> SimDuration {
    SimDuration::from_millis(milliseconds)
}

fn function(name: &str, arrivals: Arrivals) -> TraceFunction {
    TraceFunction {
        name: name.to_owned(),
        trigger: None,
        arrivals,
        duration: None,
        memory: None,
        init: None,
    }
}

fn trace(functions: Vec<TraceFunction>) -> Trace {
    Trace {
        format: "azure-functions-2019".to_owned(),
        duration: SimDuration::from_secs(86_400),
        functions,
        assumptions: vec!["nothing is known.".to_owned(), "∞ is assumed.".to_owned()],
    }
}

/// A trace with everything that one can have.
fn everything() -> Trace {
    let cells = [(0, 1), (1, 300), (5, u32::MAX), (1439, 2)];
    let minute = SimDuration::from_secs(60);
    let counts = |placement| Arrivals::Counts(Counts::new(minute, placement, cells));
    let times: Vec<_> = (0..20)
        .map(|number| SimTime(number / 2 * 1_000_003))
        .collect();
    let at = Recorded::at(times).unwrap();
    let lasting = at.clone().with_durations(vec![ms(80); 20]).unwrap();
    let cold = (0..20).map(|number| number % 7 == 0).collect();
    let quantiles = |median| Law::empirical(&[(0.0, ms(1)), (0.5, ms(median)), (1.0, ms(90))]);
    let mixture = vec![
        (0.3, quantiles(9).unwrap()),
        (0.7, Law::log_normal(ms(80), ms(400)).unwrap()),
    ];
    trace(vec![
        TraceFunction {
            trigger: Some("http".to_owned()),
            duration: quantiles(20).ok(),
            memory: Some(Memory(170)),
            ..function("a", counts(Placement::Uniform))
        },
        TraceFunction {
            trigger: Some("timer".to_owned()),
            duration: quantiles(30).ok(),
            ..function("b, \"the second\"", counts(Placement::Equidistant))
        },
        TraceFunction {
            trigger: Some("http".to_owned()),
            duration: Law::mixture(mixture).ok(),
            init: Some(Init::new(vec![
                (Phase::Sandbox, Law::Constant(ms(125))),
                (Phase::Code, Law::gamma(2.0, ms(300)).unwrap()),
            ])),
            ..function("c", counts(Placement::MinuteStart))
        },
        function("at", Arrivals::Recorded(at.clone())),
        function("cold", Arrivals::Recorded(at.with_cold(cold).unwrap())),
        function("lasting", Arrivals::Recorded(lasting.clone())),
        function("drawn", Arrivals::Recorded(lasting.with_drawn_durations())),
    ])
}

#[test]
fn everything_that_a_trace_holds_comes_back() {
    let trace = everything();
    assert_eq!(reread(&written(&trace)), Ok(trace));
}

#[test]
fn a_file_that_was_cut_changed_or_prolonged_anywhere_is_refused() {
    let bytes = written(&everything());
    for length in 0..bytes.len() {
        let told = refusal(&bytes[..length]);
        assert!(told.starts_with("day, byte "), "{told}");
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            refusal(&damaged);
        }
    }
    let length = bytes.len();
    let told = refusal(&[&bytes[..], b"\n"].concat());
    assert_eq!(
        told,
        format!("day, byte {length}: more bytes, expected the end of the file")
    );
}

#[test]
fn long_content_takes_several_blocks_that_keep_their_order() {
    let times: Vec<_> = (0..60_000).map(|number| SimTime(number * 40_000)).collect();
    let recorded = Recorded::at(times).unwrap();
    let trace = trace(vec![function("f", Arrivals::Recorded(recorded))]);
    let bytes = written(&trace);
    let block = 4 + (1 << 16) + 4;
    assert!(bytes.len() > 9 + 2 * block);
    assert_eq!(reread(&bytes), Ok(trace));
    let (first, second) = (9..9 + block, 9 + block..9 + 2 * block);
    let swapped = [
        &bytes[..9],
        &bytes[second.clone()],
        &bytes[first.clone()],
        &bytes[second.end..],
    ]
    .concat();
    for damaged in [
        swapped,
        [&bytes[..first.end], &bytes[second.end..]].concat(),
    ] {
        let told = refusal(&damaged);
        assert!(told.contains("the file is damaged"), "{told}");
    }
}

#[test]
fn what_is_no_compact_trace_is_told_with_its_place() {
    for (bytes, message) in [
        (
            &b"HashOwner,HashApp\n"[..],
            "day, byte 0: something else than a compact trace, expected a file of `frostline trace convert`",
        ),
        (
            b"",
            "day, byte 0: something else than a compact trace, expected a file of `frostline trace convert`",
        ),
        (
            b"\x89FLTR\r\n\x1a\x02",
            "day, byte 8: version 2 of the compact form, expected version 1",
        ),
        (
            b"\x89FLTR\r\n\x1a\x01\x00\x00\x01",
            "day, byte 12: the end of the file, expected more: it was cut short",
        ),
        (
            b"\x89FLTR\r\n\x1a\x01\x01\x00\x01\x00",
            "day, byte 9: a block of 65537 bytes, expected at most 65536",
        ),
    ] {
        assert_eq!(refusal(bytes), message);
    }
    let mut bytes = written(&everything());
    bytes[20] ^= 4;
    let told = refusal(&bytes);
    assert!(told.contains("content with the checksum"), "{told}");
}

/// Content that says `x` for the format, 1 ns, no assumptions, one function `f` without anything
/// else.
const HEAD: [u8; 7] = [1, b'x', 1, 0, 1, 1, b'f'];

#[test]
fn sound_checksums_do_not_make_sound_content() {
    let huge = [0xff_u8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    // The lowest bit of a count says that intervals lie before it.
    let even = [&[0xfe][..], &huge[1..]].concat();
    let with = |more: &[&[u8]]| sealed(&[&HEAD[..], &more.concat()].concat());
    assert_eq!(
        reread(&with(&[&[0, 60, 0, 1, 2, 2]])).unwrap().requests(),
        2
    );
    for (bytes, message) in [
        (sealed(&[1, b'x', 0]), "a span of no time"),
        (sealed(&[2, 0xc3, 0x28]), "a name that is no text"),
        (sealed(&[2, b'a', 0x1b]), "a name that is no text"),
        (sealed(&huge), "1152921504606846975 bytes of a name"),
        (
            sealed(&[&[1, b'x', 1], &huge[..]].concat()),
            "assumptions, expected at most 1000",
        ),
        (sealed(&[1, b'x', 1, 0, 0]), "no function"),
        (
            sealed(&[&[1, b'x', 1, 0], &huge[..]].concat()),
            "functions, expected at most 1000000",
        ),
        (with(&[&[0x20]]), "the flags 0x20"),
        (with(&[&[1, 1]]), "1 as a trigger, expected at most 0"),
        (with(&[&[2, 77]]), "a law of kind 77"),
        (with(&[&[2, 1], &[0xff; 8]]), "parameters that are no law's"),
        (with(&[&[2, 9, 0], &huge]), "further points of laws"),
        (with(&[&[2, 9, 0, 0]]), "needs at least two points"),
        (
            with(&[&[2], &[10, 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f].repeat(9)]),
            "a law of kind 10",
        ),
        (with(&[&[4, 0]]), "no memory"),
        (with(&[&[8, 65]]), "65 phases"),
        (with(&[&[0, 0]]), "intervals of no time"),
        (with(&[&[0, 60, 3]]), "the placement 3"),
        (
            with(&[&[0, 60, 0], &huge]),
            "counts, expected at most 1440000000",
        ),
        (with(&[&[0, 60, 0, 1, 1], &huge]), "the count 1 in interval"),
        (
            with(&[&[0, 60, 0, 1], &even]),
            "in interval 0, expected at most 4294967295",
        ),
        (
            with(&[&[16], &huge]),
            "requests, expected at most 200000000",
        ),
        (with(&[&[16, 1, 2, 1]]), "replayed and not there"),
        // More is announced than is there: memory is taken as requests come.
        (
            with(&[&[16, 0x80, 0x80, 0x80, 0x20, 0]]),
            "the end of the content, expected more of it",
        ),
        (
            with(&[&[16, 4, 0, 1], &huge, &huge, &huge]),
            "further nanoseconds",
        ),
        (with(&[&[16, 1, 4, 1, 2, 1]]), "a cold start of no request"),
        (
            with(&[&[0, 60, 0, 1, 2, 3]]),
            "3 requests in all, expected 2, their sum",
        ),
        (
            with(&[&[0, 60, 0, 1, 2, 2, 0]]),
            "more content, expected the end of it",
        ),
        (
            with(&[&[0, 60, 0, 1, 2], &[0xff; 10]]),
            "a number of more than 64 bits",
        ),
        (
            sealed(&[1, b'x', 1, 0, 2, 1, b'f', 0, 60, 0, 0, 1, b'f', 0, 60, 0, 0]),
            "the function `f` a second time",
        ),
    ] {
        let told = refusal(&bytes);
        assert!(told.contains(message), "{told} for {message}");
    }
}

#[test]
fn a_file_without_an_end_is_refused_at_once() {
    let mut endless = std::io::BufReader::new(std::io::repeat(0xff).take(1 << 40));
    let table = Table {
        name: "endless",
        lines: &mut endless,
    };
    assert!(read(table).is_err());
}

#[test]
fn what_is_no_recording_cannot_be_written() {
    let poisson = Arrivals::Poisson(Rate::per_second(1.0).unwrap());
    let lines = Arrivals::Recorded(Recorded::at(Vec::new()).unwrap());
    for unfit in [
        function("f", poisson),
        function(&"f".repeat(1_001), lines.clone()),
        function("two\nlines", lines),
    ] {
        let error = write(&trace(vec![unfit]), &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error
                .to_string()
                .starts_with("the trace does not fit the compact form: ")
        );
    }
}

fn counted() -> impl Strategy<Value = Arrivals> {
    let count = prop_oneof![6 => Just(0_u32), 2 => 1_u32..100, 1 => any::<u32>()];
    prop::collection::vec(count, 0..60).prop_map(|row| {
        let cells = (0_u32..).zip(row);
        Arrivals::Counts(Counts::new(
            SimDuration::from_secs(60),
            Placement::Uniform,
            cells,
        ))
    })
}

fn single() -> impl Strategy<Value = Arrivals> {
    let request = (0_u64..1 << 50, 0_u64..1 << 61, any::<bool>());
    let rows = prop::collection::vec(request, 0..60);
    (rows, any::<[bool; 3]>()).prop_map(|(rows, [durations, replayed, cold])| {
        let mut time = 0;
        let times: Vec<_> = rows
            .iter()
            .map(|row| {
                time += row.0;
                SimTime(time)
            })
            .collect();
        let mut recorded = Recorded::at(times).unwrap();
        if durations {
            let spans: Vec<_> = rows.iter().map(|row| SimDuration(row.1)).collect();
            recorded = recorded.with_durations(spans).unwrap();
            if !replayed {
                recorded = recorded.with_drawn_durations();
            }
        }
        if cold {
            let flags = rows.iter().map(|row| row.2).collect();
            recorded = recorded.with_cold(flags).unwrap();
        }
        Arrivals::Recorded(recorded)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_trace_comes_back(
        arrivals in prop::collection::vec(prop_oneof![counted(), single()], 1..8),
        memory in prop::option::of(1_u32..1 << 20),
    ) {
        let functions = arrivals.into_iter().enumerate().map(|(number, arrivals)| TraceFunction {
            memory: memory.map(Memory),
            ..function(&format!("f{number}"), arrivals)
        });
        let trace = trace(functions.collect());
        prop_assert_eq!(reread(&written(&trace)), Ok(trace));
    }

    #[test]
    fn any_content_is_a_trace_or_an_error(more in prop::collection::vec(any::<u8>(), 0..200)) {
        for content in [more.clone(), [&HEAD[..], &more].concat()] {
            if let Ok(trace) = reread(&sealed(&content)) {
                prop_assert_eq!(reread(&written(&trace)), Ok(trace));
            }
        }
    }
}

//! What happens to an instance, stamped when it is seen.
//!
//! One thread an instance waits for all of it at once: the end of the first process, its output, the
//! marker descriptor, and the opening of files of its package.

use std::collections::VecDeque;
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::pipe::PipeFlags;
use walkdir::WalkDir;

use crate::clock;
use crate::punctual;
use crate::spawn;

/// Folders of a package that are watched at most; further ones rarely hold what is opened first.
const FOLDERS_MAX: usize = 4096;

/// Bytes of the output that are kept, for a failure's explanation and for what runtimes tell of their
/// imports.
const TAIL_MAX: usize = 256 << 10;

/// Bytes of a line that are looked at.
const LINE_MAX: usize = 65_536;

/// How long a process is watched at an ordinary priority first. Who takes the processor from a process
/// that has just begun makes it wait for several turns of all others on a busy machine; later it gets
/// the processor back at once. A Rust function on two busy processors took 17 ms to readiness in the median
/// of 20 starts without this, and 2 to 13 ms with it; the explanation is surmised.
const SETTLING_NS: u64 = 5_000_000;

/// What happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: u64,
    pub(crate) what: Happening,
}

/// What may happen to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The first process ended.
    Ended,
    /// A line with the text that was waited for.
    Line,
    /// Something was written to the marker descriptor.
    Marked,
    /// A file of the package was opened.
    UserOpen,
    /// One was opened at some time before the end, too late to be stamped.
    UserOpenLate,
    /// The runtime asked for an invocation.
    AskedNext,
    /// It asked for what follows a restore.
    AskedRestore,
    /// It answered an invocation.
    Answered { bytes: u64 },
    /// It answered an invocation with an error.
    AnsweredError { message: String },
    /// It reported an error of its init.
    InitError { message: String },
    /// It broke the rules.
    Broke { rule: String },
}

/// What to look out for.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    /// The text of a line that means readiness.
    pub(crate) line: Option<String>,
    /// The reading end of the output.
    pub(crate) output: Option<OwnedFd>,
    /// The reading end of the marker.
    pub(crate) marker: Option<OwnedFd>,
    /// The queue of openings.
    pub(crate) opens: Option<OwnedFd>,
}

/// The thread that looks.
#[derive(Debug)]
pub(crate) struct Watcher {
    tail: Arc<Mutex<VecDeque<u8>>>,
    /// Where the process is put, and what is closed to tell that it is there.
    newcomer: Arc<Mutex<Option<OwnedFd>>>,
    arrival: Option<OwnedFd>,
    /// Closed to end the thread.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts looking, before there is a process to look at: what it does first is not missed.
    ///
    /// # Errors
    /// When there are no descriptors or threads left.
    pub(crate) fn start(lookout: Lookout, events: Sender<Event>) -> io::Result<Self> {
        let (stopped, stop) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (arrived, arrival) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let newcomer = Arc::new(Mutex::new(None));
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let mut eye = Eye {
            pidfd: None,
            raise_at: None,
            arrived: Some(arrived),
            newcomer: Arc::clone(&newcomer),
            stopped,
            line: Line::new(lookout.line),
            output: lookout.output,
            marker: lookout.marker,
            opens: lookout.opens,
            tail: Arc::clone(&tail),
            events,
        };
        let thread = punctual::start("watch", move || {
            spawn::lower_own_priority();
            while eye.look() {}
            eye.look_back();
        })?;
        Ok(Self {
            tail,
            newcomer,
            arrival: Some(arrival),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Looks at a process from now on, whose end is told, too.
    pub(crate) fn look_at(&mut self, pidfd: OwnedFd) {
        if let Ok(mut newcomer) = self.newcomer.lock() {
            *newcomer = Some(pidfd);
        }
        drop(self.arrival.take());
    }

    /// Ends looking, once everything that happened until now was told; with the end of what the
    /// instance has written.
    pub(crate) fn end(mut self) -> String {
        self.join();
        self.tail()
    }

    /// The end of what the instance has written.
    pub(crate) fn tail(&self) -> String {
        let Ok(mut tail) = self.tail.lock() else {
            return String::new();
        };
        String::from_utf8_lossy(tail.make_contiguous())
            .trim()
            .to_owned()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.join();
    }
}

impl Watcher {
    fn join(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so already.
            let _ = thread.join();
        }
    }
}

#[derive(Debug)]
struct Eye {
    pidfd: Option<OwnedFd>,
    /// When it is time to be punctual.
    raise_at: Option<u64>,
    /// Ends when there is a process to look at.
    arrived: Option<OwnedFd>,
    newcomer: Arc<Mutex<Option<OwnedFd>>>,
    stopped: OwnedFd,
    output: Option<OwnedFd>,
    marker: Option<OwnedFd>,
    opens: Option<OwnedFd>,
    line: Line,
    tail: Arc<Mutex<VecDeque<u8>>>,
    events: Sender<Event>,
}

impl Eye {
    /// Waits for something and tells it; false when it is time to end.
    fn look(&mut self) -> bool {
        let sources = [
            &self.pidfd,
            &self.output,
            &self.marker,
            &self.opens,
            &self.arrived,
        ];
        let mut polled = vec![PollFd::new(&self.stopped, PollFlags::IN)];
        let mut which = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            if let Some(descriptor) = source {
                polled.push(PollFd::new(descriptor, PollFlags::IN));
                which.push(index);
            }
        }
        let patience = self.raise_at.map(|at| {
            let left = clock::since(clock::now(), at);
            Timespec {
                tv_sec: 0,
                tv_nsec: i64::try_from(left).unwrap_or(0),
            }
        });
        let waited = poll(&mut polled, patience.as_ref());
        let at = clock::now();
        let ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        if waited.is_err_and(|error| error != rustix::io::Errno::INTR) || ready[0] {
            return false;
        }
        if self.raise_at.is_some_and(|raise_at| raise_at <= at) {
            self.raise_at = None;
            // Where it is not allowed stamps may be late, which `doctor` tells.
            let _ = spawn::raise_own_priority();
        }
        for (&index, _) in which.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            match index {
                0 => {
                    self.pidfd = None;
                    self.tell(at, Happening::Ended);
                }
                1 => self.read_output(at),
                2 => {
                    // An end of file means that everybody closed it, which marks nothing.
                    let wrote = read_some(self.marker.as_ref()).is_some_and(|count| count > 0);
                    self.marker = None;
                    if wrote {
                        self.tell(at, Happening::Marked);
                    }
                }
                4 => {
                    self.arrived = None;
                    self.raise_at = Some(at + SETTLING_NS);
                    let newcomer = self.newcomer.lock().ok();
                    self.pidfd = newcomer.and_then(|mut newcomer| newcomer.take());
                }
                _ => {
                    if self.opens.as_ref().is_none_or(has_file) {
                        // One opening is enough.
                        self.opens = None;
                        self.tell(at, Happening::UserOpen);
                    }
                }
            }
        }
        true
    }

    /// What happened and was not seen in time: an opening has no known instant then.
    fn look_back(&mut self) {
        if self.opens.as_ref().is_some_and(has_file) {
            self.tell(clock::now(), Happening::UserOpenLate);
        }
    }

    fn read_output(&mut self, at: u64) {
        let mut buffer = [0; 16_384];
        let Some(output) = &self.output else { return };
        match rustix::io::read(output, &mut buffer) {
            Ok(0) | Err(_) => self.output = None,
            Ok(count) => {
                let bytes = &buffer[..count];
                if let Ok(mut tail) = self.tail.lock() {
                    tail.extend(&bytes[count.saturating_sub(TAIL_MAX)..]);
                    let excess = tail.len().saturating_sub(TAIL_MAX);
                    tail.drain(..excess);
                }
                if self.line.see(bytes) {
                    self.tell(at, Happening::Line);
                }
            }
        }
    }

    fn tell(&self, at: u64, what: Happening) {
        // Nobody listens any more when the instance is being stopped.
        let _ = self.events.send(Event { at, what });
    }
}

fn read_some(descriptor: Option<&OwnedFd>) -> Option<usize> {
    rustix::io::read(descriptor?, &mut [0; 64]).ok()
}

/// Whether the queue holds the opening of a file. Folders are opened by searches for modules, long
/// before any of them is read.
fn has_file(queue: &OwnedFd) -> bool {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(queue, &mut buffer);
    let mut found = false;
    while let Ok(event) = reader.next() {
        found |= !event.events().contains(ReadFlags::ISDIR);
    }
    found
}

/// Looks for a text in the lines that go by.
#[derive(Debug)]
struct Line {
    wanted: Option<Vec<u8>>,
    /// The line so far, at most [`LINE_MAX`] bytes of it.
    current: Vec<u8>,
}

impl Line {
    fn new(wanted: Option<String>) -> Self {
        Self {
            wanted: wanted.map(String::into_bytes),
            current: Vec::new(),
        }
    }

    /// Whether the text is now there for the first time. A line counts as soon as it holds the text;
    /// its end is not waited for.
    fn see(&mut self, bytes: &[u8]) -> bool {
        let Some(wanted) = &self.wanted else {
            return false;
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_MAX.saturating_sub(self.current.len());
            self.current.extend(&part[..part.len().min(room)]);
            let mut places = self.current.windows(wanted.len().max(1));
            if wanted.is_empty() || places.any(|place| place == wanted.as_slice()) {
                self.wanted = None;
                return true;
            }
            if part.ends_with(b"\n") {
                self.current.clear();
            }
        }
        false
    }
}

/// Queues the openings of files in a folder and the folders in it. `None` where that is not possible.
pub(crate) fn watch_opens(folder: &Path) -> Option<OwnedFd> {
    let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
    let folders = WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_dir())
        .take(FOLDERS_MAX);
    for entry in folders {
        let path = CString::new(entry.path().as_os_str().as_encoded_bytes()).ok()?;
        let flags = WatchFlags::OPEN | WatchFlags::ONLYDIR;
        inotify::add_watch(queue.as_fd(), path.as_c_str(), flags).ok()?;
    }
    Some(queue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_across_pieces_and_only_once() {
        let mut line = Line::new(Some("Ready in".to_owned()));
        assert!(!line.see(b"starting\nRea"));
        assert!(line.see(b"dy in 3 ms\n"));
        assert!(!line.see(b"Ready in\n"));
        let mut line = Line::new(Some("ab".to_owned()));
        assert!(
            !line.see(b"a\nb"),
            "a text does not run over the end of a line"
        );
        let mut line = Line::new(Some("x".to_owned()));
        assert!(!line.see(&vec![b'a'; 10 * LINE_MAX]));
        assert_eq!(line.current.len(), LINE_MAX);
    }
}

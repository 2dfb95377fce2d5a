//! Starting the process of a target, and the few system calls that no safe library offers.
//!
//! This is the one file of the project that holds `unsafe` code. What happens between `fork` and
//! `execve` happens here:
//!
//! ```text
//!  parent                         child
//!  ──────                         ─────
//!  fork ────────────────────────► own session
//!                                 join control groups          (may take 100 ms on a busy machine)
//!                                 enter network namespace
//!                                 own mount namespace: package read-only, private temporary folder
//!                                 watch the mounts (fanotify), for the first run only
//!                                 enter the folder
//!  read the stamp ◄────────────── stamp ─► execve
//! ```
//!
//! The stamp is taken after everything that is the sandbox's, so that phases measured from it hold
//! the target's time and nothing else.
#![expect(
    unsafe_code,
    reason = "between fork and exec, and for wait4, mincore, fanotify and one ioctl, there is no \
              safe interface"
)]

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::io::{Errno, FdFlags};
use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::clock;

/// A process to start.
#[derive(Debug, Default)]
pub(crate) struct Launch {
    /// The program, with a slash or to be found along the `PATH` of [`environment`](Self::environment).
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Everything that it finds in its environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The folder that it starts in.
    pub(crate) folder: PathBuf,
    /// Lists of members of the control groups that it joins, open for writing.
    pub(crate) groups: Vec<File>,
    /// The network namespace that it enters.
    pub(crate) network: Option<Arc<OwnedFd>>,
    /// The mount namespace that it gets.
    pub(crate) mounts: Option<Mounts>,
    /// A descriptor of its own that it inherits under the same number.
    pub(crate) inherited: Option<OwnedFd>,
    /// Where its output goes.
    pub(crate) output: Option<OwnedFd>,
}

/// What a process sees instead of the machine's file systems.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    /// A folder that it can only read: the package.
    pub(crate) read_only: Option<CString>,
    /// A folder that lies over another: (what, where).
    pub(crate) over: Option<(CString, CString)>,
    /// A watch over all openings of files, with the mount points to put it on.
    pub(crate) watch: Option<(Arc<OwnedFd>, Vec<CString>)>,
}

/// A process that was started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: Pid,
    /// Readable once the process has ended.
    pub(crate) pidfd: OwnedFd,
    /// Just before `execve`.
    pub(crate) exec_at: u64,
    /// Processor time of the child from joining its group to `execve`.
    pub(crate) sandbox_cpu_ns: u64,
}

/// What the child was doing when it could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Session,
    Group,
    Network,
    Mount,
    Watch,
    Folder,
    Exec,
}

impl Step {
    const ALL: [Self; 7] = [
        Self::Session,
        Self::Group,
        Self::Network,
        Self::Mount,
        Self::Watch,
        Self::Folder,
        Self::Exec,
    ];

    fn code(self) -> u8 {
        let position = Self::ALL.iter().position(|step| *step == self);
        position.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
    }
}

/// A process that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start `{program}`: {}: {source}", self.doing())]
pub(crate) struct LaunchError {
    pub(crate) program: String,
    pub(crate) step: Step,
    pub(crate) source: io::Error,
}

impl LaunchError {
    fn doing(&self) -> &'static str {
        match self.step {
            Step::Session => "no session of its own",
            Step::Group => "it may not join its control group",
            Step::Network => "it may not enter its network namespace",
            Step::Mount => "it may not have mounts of its own",
            Step::Watch => "its files cannot be watched",
            Step::Folder => "its folder cannot be entered",
            Step::Exec => "it cannot be executed",
        }
    }
}

/// What the child tells: the step that it begins, when, and its processor time until then.
const RECORD: usize = 17;

impl Launch {
    /// Starts the process. It returns once `execve` has succeeded.
    ///
    /// # Errors
    /// [`LaunchError`] with the step that failed; no process is left behind then.
    pub(crate) fn start(mut self) -> Result<Started, LaunchError> {
        let program = self.program.to_string_lossy().into_owned();
        let failed = |step, source| LaunchError {
            program: program.clone(),
            step,
            source,
        };
        let early = |error: Errno| failed(Step::Session, error.into());
        let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(early)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(std::mem::take(&mut self.environment))
            .stdin(Stdio::null());
        for stream in [Command::stdout, Command::stderr] {
            let copy = self.output.as_ref().map(OwnedFd::try_clone).transpose();
            let copy = copy.map_err(|error| failed(Step::Session, error))?;
            stream(&mut command, copy.map_or_else(Stdio::null, Stdio::from));
        }
        let folder = CString::new(self.folder.as_os_str().as_encoded_bytes())
            .map_err(|error| failed(Step::Folder, error.into()))?;
        let child_side = move || self.between_fork_and_exec(&writer, &folder);
        // SAFETY: the closure runs in the child, which has one thread, before `execve`. It makes
        // system calls on descriptors and texts that were made beforehand, and neither allocates
        // nor takes a lock.
        unsafe { command.pre_exec(child_side) };
        let spawned = command.spawn();
        // The closure holds the writing end; with the command gone, only a child could hold it.
        drop(command);
        let records = read_records(&reader);
        let last = records.last().copied().unwrap_or_default();
        let child = spawned.map_err(|source| failed(last.step, source))?;
        let pid = Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(early)?;
        Ok(Started {
            pid,
            pidfd,
            exec_at: last.at,
            sandbox_cpu_ns: last.cpu_ns - joined_cpu(&records).min(last.cpu_ns),
        })
    }

    fn between_fork_and_exec(&mut self, writer: &OwnedFd, folder: &CString) -> io::Result<()> {
        let begin = |step: Step| {
            let mut record = [0; RECORD];
            record[0] = step.code();
            record[1..9].copy_from_slice(&clock::now().to_ne_bytes());
            record[9..].copy_from_slice(&clock::own_cpu_time().to_ne_bytes());
            rustix::io::write(writer, &record)
        };
        begin(Step::Session)?;
        rustix::process::setsid()?;
        begin(Step::Group)?;
        for group in &self.groups {
            // 0 stands for the writer itself.
            rustix::io::write(group, b"0")?;
        }
        begin(Step::Network)?;
        if let Some(network) = &self.network {
            let kind = Some(LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(network.as_fd(), kind)?;
        }
        begin(Step::Mount)?;
        if let Some(mounts) = &self.mounts {
            mounts.enter()?;
            begin(Step::Watch)?;
            if let Some((watch, points)) = &mounts.watch {
                points.iter().try_for_each(|point| mark(watch, point))?;
            }
        }
        begin(Step::Folder)?;
        // A path, not a descriptor: it must lead through the new mounts.
        rustix::process::chdir(folder.as_c_str())?;
        if let Some(inherited) = &self.inherited {
            rustix::io::fcntl_setfd(inherited, FdFlags::empty())?;
        }
        begin(Step::Exec)?;
        Ok(())
    }
}

/// A step that the child began.
#[derive(Debug, Clone, Copy)]
struct Record {
    step: Step,
    at: u64,
    cpu_ns: u64,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            step: Step::Session,
            at: 0,
            cpu_ns: 0,
        }
    }
}

/// The steps that the child began, until it executed the program or gave up.
fn read_records(reader: &OwnedFd) -> Vec<Record> {
    let mut bytes = [0; RECORD * Step::ALL.len()];
    let mut filled = 0;
    while let Ok(count @ 1..) = rustix::io::read(reader, &mut bytes[filled..]) {
        filled += count;
    }
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        u64::from_ne_bytes(word)
    };
    bytes[..filled]
        .chunks_exact(RECORD)
        .map(|record| Record {
            step: *Step::ALL
                .get(usize::from(record[0]))
                .unwrap_or(&Step::Session),
            at: word(&record[1..9]),
            cpu_ns: word(&record[9..]),
        })
        .collect()
}

/// The processor time that the child had used when it joined its group, which counts from there.
fn joined_cpu(records: &[Record]) -> u64 {
    let joined = records.iter().find(|record| record.step == Step::Network);
    joined.map_or(0, |record| record.cpu_ns)
}

impl Mounts {
    /// Called in the child.
    fn enter(&self) -> io::Result<()> {
        // SAFETY: the child has one thread, and only its mounts are unshared.
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }?;
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        rustix::mount::mount_change(c"/", private)?;
        // The package may lie below what is covered next; from inside it stays within reach.
        if let Some(folder) = &self.read_only {
            rustix::process::chdir(folder.as_c_str())?;
        }
        if let Some((what, place)) = &self.over {
            rustix::mount::mount_bind(what.as_c_str(), place.as_c_str())?;
        }
        if let Some(folder) = &self.read_only {
            rustix::mount::mount_bind_recursive(c".", folder.as_c_str())?;
            let flags = MountFlags::BIND | MountFlags::RDONLY;
            rustix::mount::mount_remount(folder.as_c_str(), flags, c"")?;
        }
        Ok(())
    }
}

/// How a process ended, and what it and the children that it waited for have used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) user_ns: u64,
    pub(crate) system_ns: u64,
    pub(crate) minor_faults: u64,
    pub(crate) major_faults: u64,
    pub(crate) read_blocks: u64,
    pub(crate) peak_kib: u64,
    pub(crate) voluntary_switches: u64,
    pub(crate) involuntary_switches: u64,
}

/// Takes the status of a child that has ended; `None` while it runs.
///
/// # Errors
/// When it is no child, or was waited for before.
pub(crate) fn try_wait(pid: Pid) -> io::Result<Option<Ended>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live memory of the right size.
    let found = unsafe {
        libc::wait4(
            pid.as_raw_nonzero().get(),
            &raw mut status,
            libc::WNOHANG,
            usage.as_mut_ptr(),
        )
    };
    if found < 0 {
        return Err(io::Error::last_os_error());
    }
    if found == 0 {
        return Ok(None);
    }
    // SAFETY: a rusage of zeros is valid, and the call has filled it.
    let usage = unsafe { usage.assume_init() };
    let count = |value: i64| u64::try_from(value).unwrap_or(0);
    let nanos =
        |time: libc::timeval| count(time.tv_sec) * 1_000_000_000 + count(time.tv_usec) * 1_000;
    Ok(Some(Ended {
        status: ExitStatus::from_raw(status),
        user_ns: nanos(usage.ru_utime),
        system_ns: nanos(usage.ru_stime),
        minor_faults: count(usage.ru_minflt),
        major_faults: count(usage.ru_majflt),
        read_blocks: count(usage.ru_inblock),
        peak_kib: count(usage.ru_maxrss),
        voluntary_switches: count(usage.ru_nvcsw),
        involuntary_switches: count(usage.ru_nivcsw),
    }))
}

/// Gives the calling thread the lowest real-time priority, so that it runs as soon as it is woken.
///
/// # Errors
/// When the system refuses: it needs the rights of an administrator, and on some kernels a control
/// group with a share of real-time processor time, which only the topmost has.
pub(crate) fn raise_own_priority() -> io::Result<()> {
    let wanted = libc::sched_param { sched_priority: 1 };
    // A thread that this one starts is an ordinary one again.
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 is the calling thread, and the pointer is to live memory of the right type.
    if unsafe { libc::sched_setscheduler(0, policy, &raw const wanted) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Makes the calling thread an ordinary one again.
pub(crate) fn lower_own_priority() {
    let ordinary = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the pointer is to live memory of the right type. It cannot
    // fail: everybody may lower a priority.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const ordinary) };
}

/// Nanoseconds of processor time that a process has used, all its threads together.
pub(crate) fn cpu_time(pid: i32) -> Option<u64> {
    let mut id = 0;
    // SAFETY: the pointer is to a live number of the right type.
    if unsafe { libc::clock_getcpuclockid(pid, &raw mut id) } != 0 {
        return None;
    }
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the clock was just found, and the pointer is to live memory of the right size.
    if unsafe { libc::clock_gettime(id, time.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: the call has filled it.
    let time = unsafe { time.assume_init() };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).ok()?)
}

/// Pages of a file that the page cache holds.
///
/// # Errors
/// When the file cannot be mapped.
pub(crate) fn resident_pages(file: &File, bytes: u64, page: usize) -> io::Result<u64> {
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    if length == 0 {
        return Ok(0);
    }
    let mut pages = vec![0_u8; length.div_ceil(page)];
    // SAFETY: a new mapping that nobody reads through.
    let address = unsafe {
        mmap(
            std::ptr::null_mut(),
            length,
            ProtFlags::empty(),
            MapFlags::SHARED,
            file,
            0,
        )
    }?;
    // SAFETY: the range was just mapped, and the vector has a byte for each of its pages.
    let result = unsafe { libc::mincore(address, length, pages.as_mut_ptr()) };
    let error = io::Error::last_os_error();
    // SAFETY: the same range, of which no reference exists.
    unsafe { munmap(address, length) }?;
    if result != 0 {
        return Err(error);
    }
    let resident = pages.iter().filter(|page| **page & 1 == 1).count();
    u64::try_from(resident).map_err(io::Error::other)
}

/// A queue of openings of files, for [`Mounts::watch`]. Needs the rights of an administrator.
///
/// # Errors
/// When the system refuses.
pub(crate) fn open_watch() -> io::Result<OwnedFd> {
    let flags =
        libc::FAN_CLASS_NOTIF | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK | libc::FAN_UNLIMITED_QUEUE;
    let event_flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_LARGEFILE | libc::O_NOATIME;
    let event_flags = event_flags.cast_unsigned();
    // SAFETY: the call takes numbers only.
    let descriptor = unsafe { libc::fanotify_init(flags, event_flags) };
    owned(descriptor)
}

/// Called in the child.
fn mark(watch: &OwnedFd, point: &CString) -> io::Result<()> {
    let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_MOUNT;
    let mask = libc::FAN_OPEN | libc::FAN_OPEN_EXEC;
    // SAFETY: the descriptor is open, and the text ends with a zero.
    let result = unsafe {
        libc::fanotify_mark(
            watch.as_raw_fd(),
            flags,
            mask,
            libc::AT_FDCWD,
            point.as_ptr(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Takes over the descriptor that a read of the queue has brought; `None` for an overflow.
pub(crate) fn watched_file(descriptor: RawFd) -> Option<OwnedFd> {
    owned(descriptor).ok()
}

fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Puts the calling thread into a new network namespace with its loopback interface up.
///
/// # Errors
/// When the system refuses.
pub(crate) fn enter_new_network() -> io::Result<()> {
    // SAFETY: only the network namespace of this thread is unshared.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }?;
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )?;
    raise_loopback(socket.as_fd())
}

fn raise_loopback(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: a request of zeros is valid: an empty name and no flags.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    let up = libc::IFF_UP | libc::IFF_RUNNING;
    request.ifr_ifru.ifru_flags = i16::try_from(up).map_err(io::Error::other)?;
    // SAFETY: the request is live and of the type that this ioctl reads.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

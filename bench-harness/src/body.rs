//! What every instance has: a first process, a group, a folder, eyes, and an end.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use frostline_models::measurement::{Isolation, Outcome, Usage};
use rustix::pipe::PipeFlags;
use rustix::process::Pid;

use crate::allotment::Allotment;
use crate::cgroup::Group;
use crate::clock;
use crate::host::Host;
use crate::observe::{self, Watch};
use crate::reaper;
use crate::spawn::{self, Ended, Launch};
use crate::target::{Failure, Report, Setting};
use crate::watch::{self, Event, Happening, Lookout, Watcher};

mod container;
mod environment;
mod limits;
mod plan;

use container::Bundle;
pub(crate) use container::{Container, PATH as CONTAINER_PATH, run_to_end};
pub(crate) use plan::Plan;

/// The folder that an instance without a package starts in, inside its temporary folder.
const TASK: &str = "task";

/// How often a wait looks whether it was interrupted.
const SLICE: Duration = Duration::from_millis(50);

/// How long news that was sent before the end may be late.
const AFTERMATH: Duration = Duration::from_millis(30);

/// The first opening of a file of the package was not stamped.
const OPEN_LATE: &str = "When the package's first file was opened was noticed too late to be told, because the machine \
     was busy.";

/// A running instance, whatever its kind.
#[derive(Debug)]
pub(crate) struct Body {
    pid: Pid,
    group: Option<Group>,
    mark: OsString,
    folder: PathBuf,
    bundle: Option<Bundle>,
    /// Where the harness finds programs.
    path: OsString,
    watcher: Option<Watcher>,
    events: Receiver<Event>,
    interrupt: Arc<AtomicBool>,
    /// Whether the files that it opens are to be found out.
    observe: bool,
    watch: Option<Watch>,
    package: Option<PathBuf>,
    timeout: Duration,
    allotment: Allotment,
    pub(crate) exec_at: u64,
    sandbox_cpu_ns: u64,
    ended: Option<(u64, Ended)>,
    report: Report,
}

/// Why a wait brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    TimeOver,
    Interrupted,
}

/// The way into an instance's events, made before it is started.
pub(crate) fn events() -> (Sender<Event>, Receiver<Event>) {
    channel()
}

impl Body {
    /// Starts the process.
    ///
    /// # Errors
    /// [`Failure`] when that is not possible; nothing is left behind then.
    pub(crate) fn start(
        host: &Host,
        setting: &Setting,
        plan: &Plan,
        (sender, events): (Sender<Event>, Receiver<Event>),
    ) -> Result<Self, Failure> {
        let asked_at = clock::now();
        let name = host.next_instance();
        let folder = host.folder().join(&name);
        let prepared = prepare(host, setting, plan, &name, &folder);
        let prepared = prepared.inspect_err(|_| discard(&folder, None))?;
        let Prepared {
            launch,
            group,
            lookout,
            watch,
            bundle,
            mut report,
        } = prepared;
        let mark = {
            let (name, value) = host.mark(&name);
            let mut mark = name;
            mark.push("=");
            mark.push(value);
            mark
        };
        // It looks already when the process begins. Until it does is time of the harness alone.
        let began = clock::now();
        let watcher = Watcher::start(lookout, sender).map_err(|error| {
            discard(&folder, group.as_ref());
            Failure::new(
                Outcome::NotStarted,
                format!("it cannot be watched: {error}"),
            )
        });
        let mut watcher = watcher?;
        let asked_at = asked_at + clock::since(began, clock::now());
        let started = launch
            .start()
            .map_err(|error| Failure::new(Outcome::NotStarted, error.to_string()));
        let started = started.and_then(|started| match &bundle {
            None => Ok(started),
            Some(bundle) => {
                let made = bundle.adopt(&started, &watcher, setting.timeout)?;
                report.phases.create_ns = Some(clock::since(asked_at, made.exec_at));
                Ok(made)
            }
        });
        let started = started.inspect_err(|_| {
            if let Some(bundle) = &bundle {
                bundle.delete(host.path().to_owned());
            }
            discard(&folder, group.as_ref());
        })?;
        watcher.look_at(started.pidfd);
        report.phases.package_ns = setting.package_ns;
        report.phases.sandbox_ns = Some(clock::since(asked_at, started.exec_at));
        let mut body = Self {
            pid: started.pid,
            group,
            mark,
            folder,
            bundle,
            path: host.path().to_owned(),
            watcher: Some(watcher),
            events,
            interrupt: host.interrupt(),
            observe: setting.observe,
            watch,
            package: setting.package.clone(),
            timeout: setting.timeout,
            allotment: Allotment::of(setting.resources),
            exec_at: started.exec_at,
            sandbox_cpu_ns: started.sandbox_cpu_ns,
            ended: None,
            report,
        };
        // From here on dropping the body cleans up.
        if let Some(bundle) = &body.bundle {
            let (at, took) = bundle.begin(host.path().to_owned(), setting.timeout)?;
            body.exec_at = at;
            body.report.phases.begin_ns = Some(took);
        }
        Ok(body)
    }

    /// The instant at which patience with what begins now is over.
    pub(crate) fn deadline(&self) -> u64 {
        let timeout = u64::try_from(self.timeout.as_nanos()).unwrap_or(u64::MAX);
        clock::now().saturating_add(timeout)
    }

    /// The timeout in words.
    pub(crate) fn patience(&self) -> String {
        format!("{} s", self.timeout.as_secs_f64())
    }

    /// The next thing that happens; the opening of the package's first file is noted on the way.
    pub(crate) fn next(&mut self, deadline: u64) -> Result<Event, Quiet> {
        loop {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Quiet::Interrupted);
            }
            let left = Duration::from_nanos(clock::since(clock::now(), deadline));
            if left.is_zero() {
                return Err(Quiet::TimeOver);
            }
            match self.events.recv_timeout(left.min(SLICE)) {
                Ok(event) if event.what == Happening::UserOpen => self.note_open(event.at),
                Ok(event) => {
                    if event.what == Happening::Ended {
                        self.note_end(event.at);
                    }
                    return Ok(event);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The watcher is gone; only time can pass.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(left.min(SLICE)),
            }
        }
    }

    /// Something that was told before the end but heard after it.
    pub(crate) fn last_words(&mut self) -> Option<Event> {
        let deadline = clock::now() + u64::try_from(AFTERMATH.as_nanos()).unwrap_or(0);
        self.next(deadline).ok()
    }

    fn note_open(&mut self, at: u64) {
        let phases = &mut self.report.phases;
        if at >= self.exec_at && phases.first_user_open_ns.is_none() {
            phases.first_user_open_ns = Some(at - self.exec_at);
        }
    }

    fn note_end(&mut self, at: u64) {
        if self.ended.is_none()
            && let Ok(Some(ended)) = spawn::try_wait(self.pid)
        {
            self.ended = Some((at, ended));
        }
    }

    /// Notes readiness, and limits the instance as its platform does from then on.
    pub(crate) fn note_ready(&mut self, at: u64) {
        let cpu = self.cpu_ns();
        self.report.usage.cpu_ready_ns = cpu;
        self.report.phases.ready_ns = Some(clock::since(self.exec_at, at));
        if self.allotment.ready != self.allotment.init
            && let Some(group) = &self.group
        {
            match group.limit_cpu(self.allotment.ready) {
                Ok(()) => {
                    self.report.applied.ready_millicpu =
                        self.allotment.ready.map(|quota| quota.millicpu);
                }
                Err(error) => {
                    let told = format!("The CPU is not limited after init: {error}.");
                    self.report.warnings.push(told);
                }
            }
        }
        if self.observe && self.watch.is_none() && self.report.opened.is_empty() {
            self.note_mapped();
        }
    }

    fn note_mapped(&mut self) {
        let first = self.pid.as_raw_nonzero().get();
        let table = reaper::processes();
        let members = self.group.as_ref().map(Group::members).unwrap_or_default();
        let members: Vec<i32> = members
            .iter()
            .map(|pid| pid.as_raw_nonzero().get())
            .collect();
        let own: Vec<_> = table
            .into_iter()
            .filter(|process| process.session == first || members.contains(&process.pid))
            .collect();
        let mut files = if self.bundle.is_some() {
            // What a container maps lies in its files, which are all in the package.
            BTreeSet::new()
        } else {
            observe::mapped(&own)
        };
        files.extend(
            self.package
                .iter()
                .flat_map(|folder| observe::files_in(folder)),
        );
        self.report.opened = files.into_iter().collect();
        // A container can open nothing else.
        self.report.opened_all = self.bundle.is_some();
    }

    /// Processor time since `execve`.
    fn cpu_ns(&self) -> Option<u64> {
        if let Some(total) = self.group.as_ref().and_then(Group::cpu_ns) {
            return Some(total.saturating_sub(self.sandbox_cpu_ns));
        }
        if let Some((_, ended)) = self.ended {
            return Some(ended.user_ns + ended.system_ns);
        }
        // Without a group, children that have ended already are not seen.
        let first = self.pid.as_raw_nonzero().get();
        let table = reaper::processes();
        let own = table.iter().filter(|process| process.session == first);
        let times: Vec<u64> = own
            .filter_map(|process| spawn::cpu_time(process.pid))
            .collect();
        (!times.is_empty()).then(|| times.iter().sum())
    }

    /// What the end of the first process means for an instance that was not ready.
    pub(crate) fn end_of_init(&self) -> Failure {
        self.end(
            Outcome::ExitedSilently,
            Outcome::CrashedInInit,
            "before it was ready",
        )
    }

    /// What it means during an invocation.
    pub(crate) fn end_of_invocation(&self) -> Failure {
        let crashed = Outcome::CrashedInInvocation;
        self.end(crashed, crashed, "during an invocation")
    }

    fn end(&self, silent: Outcome, crashed: Outcome, when: &str) -> Failure {
        if self.group.as_ref().is_some_and(Group::ran_out_of_memory) {
            let limit = self.report.applied.memory_bytes.unwrap_or(0) >> 20;
            let detail = format!("The memory limit of {limit} MiB killed it {when}.");
            return Failure::new(Outcome::OutOfMemory, detail);
        }
        let status = self.ended.map(|(_, ended)| ended.status);
        let outcome = if self.succeeded() { silent } else { crashed };
        let how = status.map_or_else(|| "status unknown".to_owned(), |status| status.to_string());
        Failure::new(outcome, format!("It ended {when}: {how}.{}", self.said()))
    }

    /// Whether the first process ended with status 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.ended.is_some_and(|(_, ended)| ended.status.success())
    }

    /// The last line that it wrote, as an addition to a sentence.
    pub(crate) fn said(&self) -> String {
        let tail = self.watcher.as_ref().map(Watcher::tail).unwrap_or_default();
        let line = tail.lines().rfind(|line| !line.trim().is_empty());
        line.map_or_else(String::new, |line| {
            let line: String = line.trim().chars().take(200).collect();
            format!(" It wrote last: {line}")
        })
    }

    /// The first process.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Whether the first process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        if self.ended.is_none() {
            self.note_end(clock::now());
        }
        self.ended.is_none()
    }

    /// Stops processor time, or gives it back.
    pub(crate) fn freeze(&self, frozen: bool) -> bool {
        let group = self.group.as_ref();
        group.is_some_and(|group| group.freeze(frozen).is_ok())
    }

    /// Kills everything and gives what is known.
    pub(crate) fn stop(mut self) -> Report {
        self.end_all();
        std::mem::take(&mut self.report)
    }

    fn end_all(&mut self) {
        if self.pid == rustix::process::getpid() {
            return;
        }
        reaper::kill_instance(self.pid, self.group.as_ref(), &self.mark);
        let at = clock::now();
        if self.ended.is_none() {
            // It is dead; its status comes at once or in a moment.
            for _ in 0..1000 {
                self.note_end(at);
                if self.ended.is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let output = self.watcher.take().map(Watcher::end);
        self.report.output = output.unwrap_or_default();
        while let Ok(event) = self.events.try_recv() {
            match event.what {
                Happening::UserOpen => self.note_open(event.at),
                Happening::UserOpenLate => self.report.warnings.push(OPEN_LATE.to_owned()),
                _ => {}
            }
        }
        self.report.usage = self.usage();
        if let Some(watch) = self.watch.take() {
            self.report.opened = watch.drain().into_iter().collect();
            self.report.opened_all = true;
        }
        if let Some(bundle) = self.bundle.take() {
            bundle.delete(self.path.clone());
        }
        discard(&self.folder, self.group.take().as_ref());
    }

    fn usage(&self) -> Usage {
        let mut usage = self.report.usage.clone();
        if let Some((at, ended)) = self.ended {
            usage.wall_ns = Some(clock::since(self.exec_at, at));
            usage.user_ns = Some(ended.user_ns);
            usage.system_ns = Some(ended.system_ns);
            usage.minor_faults = Some(ended.minor_faults);
            usage.major_faults = Some(ended.major_faults);
            usage.read_bytes = Some(ended.read_blocks * 512);
            usage.peak_memory_bytes = Some(ended.peak_kib * 1024);
            usage.voluntary_switches = Some(ended.voluntary_switches);
            usage.involuntary_switches = Some(ended.involuntary_switches);
        }
        if let Some(group) = &self.group {
            usage.throttled_ns = group.throttled_ns();
            usage.peak_memory_bytes = group.peak_memory().or(usage.peak_memory_bytes);
            // Without throttling rules, version 1 counts no bytes.
            let counted = group.read_bytes().filter(|bytes| *bytes > 0);
            usage.read_bytes = counted.or(usage.read_bytes);
        }
        usage
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if self.group.is_some() || self.folder.exists() {
            self.end_all();
        }
    }
}

fn discard(folder: &Path, group: Option<&Group>) {
    if let Some(group) = group {
        group.remove();
    }
    // What cannot be removed now goes with the host's folder.
    let _ = fs::remove_dir_all(folder);
}

/// Everything that a start needs.
struct Prepared {
    launch: Launch,
    group: Option<Group>,
    lookout: Lookout,
    watch: Option<Watch>,
    bundle: Option<Bundle>,
    report: Report,
}

fn prepare(
    host: &Host,
    setting: &Setting,
    plan: &Plan,
    name: &str,
    folder: &Path,
) -> Result<Prepared, Failure> {
    let cannot = |what: &str, error: std::io::Error| {
        Failure::new(Outcome::NotStarted, format!("{what}: {error}"))
    };
    let own = folder.join("temporary");
    fs::create_dir_all(own.join(TASK)).map_err(|error| cannot("cannot make its folder", error))?;
    let mut report = Report::default();
    let group = limits::group(host, setting, name, &mut report)?;
    let doors = group.as_ref().map(Group::doors).transpose();
    let doors = doors.map_err(|error| cannot("cannot join its group", error))?;
    let separate = host.isolation().min(setting.isolation) >= Isolation::Namespaces;
    let own_mounts = separate && !plan.bare && plan.container.is_none();
    let watch = (own_mounts && setting.observe).then(Watch::new).flatten();
    let mounts = own_mounts.then(|| {
        let package = setting.package.as_deref();
        crate::namespace::mounts(package, &own, host.temporary(), &plan.named(host.path()))
    });
    let mut mounts = mounts
        .transpose()
        .map_err(|error| cannot("cannot prepare mounts", error))?;
    let covered = mounts.as_ref().is_some_and(|mounts| mounts.over.is_some());
    let temporary = if let Some(home) = &plan.home {
        home.clone()
    } else if covered {
        host.temporary().to_owned()
    } else {
        own
    };
    if let Some(mounts) = &mut mounts {
        mounts.watch = watch.as_ref().map(Watch::with_points);
    }
    report.applied.isolation = match (&group, separate) {
        (Some(_), _) if plan.container.is_some() => Isolation::Container,
        (Some(_), _) if own_mounts => Isolation::Namespaces,
        (Some(_), _) => Isolation::Cgroup,
        _ => Isolation::Process,
    };
    let pipe = || -> Result<(OwnedFd, OwnedFd), Failure> {
        rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
            .map_err(|error| cannot("no descriptors are left", error.into()))
    };
    let (output, output_end) = pipe()?;
    let marker = plan.marker.map(|_| pipe()).transpose()?;
    let start_in = setting
        .package
        .clone()
        .filter(|_| plan.container.is_none())
        .or_else(|| plan.home.clone())
        .unwrap_or_else(|| temporary.join(TASK));
    let environment = environment::of(
        host,
        setting,
        plan,
        name,
        &start_in,
        &temporary,
        marker.as_ref(),
    );
    let (marker, marker_end) = marker.unzip();
    let network = host.network().filter(|_| separate && plan.network);
    let network = network.map(crate::network::Network::handle);
    let bundle = plan
        .container
        .as_ref()
        .map(|container| {
            let inside = host.family().map(|family| family.inside(name));
            let id = host.id_of(name);
            container.bundle(folder, id, inside, network.as_ref(), &environment)
        })
        .transpose()
        .map_err(|error| cannot("cannot write its bundle", error))?;
    let (program, arguments, environment) = plan.command(bundle.as_ref(), host, environment);
    // The runtime moves the container's processes by itself.
    let in_container = bundle.is_some();
    let launch = Launch {
        program,
        arguments,
        environment,
        folder: start_in,
        groups: doors.filter(|_| !in_container).unwrap_or_default(),
        network: network.filter(|_| !in_container),
        mounts,
        inherited: marker_end,
        output: Some(output_end),
    };
    let lookout = Lookout {
        line: plan.line.clone(),
        output: Some(output),
        marker,
        opens: setting.package.as_deref().and_then(watch::watch_opens),
    };
    Ok(Prepared {
        launch,
        group,
        lookout,
        watch,
        bundle,
        report,
    })
}

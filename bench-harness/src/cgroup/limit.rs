//! Limits and counters of a group.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Group;

/// Processor time in every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Thousandths of a CPU.
    pub(crate) millicpu: u32,
    /// The period, 1 ms to 1 s.
    pub(crate) period: Duration,
}

impl Quota {
    fn period_us(self) -> u64 {
        u64::try_from(self.period.as_micros()).unwrap_or(100_000)
    }

    /// Microseconds in every period; the kernel takes 1 ms at least.
    fn quota_us(self) -> u64 {
        (self.period_us() * u64::from(self.millicpu) / 1000).max(1000)
    }
}

impl Group {
    /// Limits processor time; `None` lifts the limit.
    ///
    /// # Errors
    /// When there is no such controller, or it refuses.
    pub(crate) fn limit_cpu(&self, quota: Option<Quota>) -> io::Result<()> {
        let (kind, folder) = self.of("cpu").ok_or_else(|| missing("cpu"))?;
        let period = quota.map_or(100_000, Quota::period_us);
        if kind.is_v2() {
            let amount = quota.map_or_else(|| "max".to_owned(), |q| q.quota_us().to_string());
            return fs::write(folder.join("cpu.max"), format!("{amount} {period}"));
        }
        fs::write(folder.join("cpu.cfs_period_us"), period.to_string())?;
        let amount = quota.map_or_else(|| "-1".to_owned(), |q| q.quota_us().to_string());
        fs::write(folder.join("cpu.cfs_quota_us"), amount)
    }

    /// Limits memory, without recourse to swap.
    ///
    /// # Errors
    /// When there is no such controller, or it refuses.
    pub(crate) fn limit_memory(&self, bytes: u64) -> io::Result<()> {
        let (kind, folder) = self.of("memory").ok_or_else(|| missing("memory"))?;
        let (limit, swap, swap_limit) = if kind.is_v2() {
            ("memory.max", "memory.swap.max", 0)
        } else {
            (
                "memory.limit_in_bytes",
                "memory.memsw.limit_in_bytes",
                bytes,
            )
        };
        fs::write(folder.join(limit), bytes.to_string())?;
        if folder.join(swap).exists() {
            // Where swap cannot be limited, the machine mostly has none.
            let _ = fs::write(folder.join(swap), swap_limit.to_string());
        }
        Ok(())
    }

    /// Limits reading from a disk, in bytes a second.
    ///
    /// # Errors
    /// When there is no such controller, or it refuses.
    pub(crate) fn limit_reading(&self, device: (u32, u32), rate: u64) -> io::Result<()> {
        let (kind, folder) = self.of("io").ok_or_else(|| missing("io"))?;
        let (major, minor) = device;
        if kind.is_v2() {
            return fs::write(
                folder.join("io.max"),
                format!("{major}:{minor} rbps={rate}"),
            );
        }
        let file = folder.join("blkio.throttle.read_bps_device");
        fs::write(file, format!("{major}:{minor} {rate}"))
    }

    /// Stops every member, or lets it go on.
    ///
    /// # Errors
    /// When there is no such controller, or it refuses.
    pub(crate) fn freeze(&self, frozen: bool) -> io::Result<()> {
        let (kind, folder) = self.of("freezer").ok_or_else(|| missing("freezer"))?;
        if kind.is_v2() {
            let file = folder.join("cgroup.freeze");
            return fs::write(file, if frozen { "1" } else { "0" });
        }
        let state = if frozen { "FROZEN" } else { "THAWED" };
        fs::write(folder.join("freezer.state"), state)
    }

    /// Nanoseconds of processor time so far.
    pub(crate) fn cpu_ns(&self) -> Option<u64> {
        // Version 1 counts more exactly, so that it is asked first where both are there.
        let v1 = self
            .folders
            .iter()
            .find(|(kind, _)| !kind.is_v2() && kind.has("cpuacct"));
        if let Some((_, folder)) = v1 {
            return number(&folder.join("cpuacct.usage"));
        }
        let (_, folder) = self.of("cpu").or_else(|| self.of("cpuacct"))?;
        keyed(&folder.join("cpu.stat"), "usage_usec").map(|micros| micros * 1000)
    }

    /// Nanoseconds for which the quota stopped it so far.
    pub(crate) fn throttled_ns(&self) -> Option<u64> {
        let (kind, folder) = self.of("cpu")?;
        let file = folder.join("cpu.stat");
        if kind.is_v2() {
            return keyed(&file, "throttled_usec").map(|micros| micros * 1000);
        }
        keyed(&file, "throttled_time")
    }

    /// The most memory so far, in bytes, page cache included.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let (kind, folder) = self.of("memory")?;
        let file = if kind.is_v2() {
            "memory.peak"
        } else {
            "memory.max_usage_in_bytes"
        };
        number(&folder.join(file))
    }

    /// Whether the memory limit killed a member.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let Some((kind, folder)) = self.of("memory") else {
            return false;
        };
        let file = if kind.is_v2() {
            "memory.events"
        } else {
            "memory.oom_control"
        };
        keyed(&folder.join(file), "oom_kill").is_some_and(|kills| kills > 0)
    }

    /// Bytes read from disks so far.
    pub(crate) fn read_bytes(&self) -> Option<u64> {
        let (kind, folder) = self.of("io")?;
        if kind.is_v2() {
            let text = fs::read_to_string(folder.join("io.stat")).ok()?;
            let read = text
                .split_whitespace()
                .filter_map(|word| word.strip_prefix("rbytes="))
                .filter_map(|number| number.parse::<u64>().ok());
            return Some(read.sum());
        }
        let text = fs::read_to_string(folder.join("blkio.throttle.io_service_bytes")).ok()?;
        let read = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (_, kind, number) = (words.next()?, words.next()?, words.next()?);
            (kind == "Read")
                .then(|| number.parse::<u64>().ok())
                .flatten()
        });
        Some(read.sum())
    }
}

fn missing(controller: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("the controller `{controller}` cannot be used"),
    )
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The number after a word at the start of a line.
fn keyed(file: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (name, number) = line.split_once(' ')?;
        (name == key).then(|| number.trim().parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    /// Plain folders take the writes; the kernel is not asked.
    fn written(kind: Kind, act: impl FnOnce(&Group)) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let group = Group {
            folders: vec![(kind, folder.path().to_owned())],
        };
        act(&group);
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn all(group: &Group) {
        let quota = Quota {
            millicpu: 289,
            period: Duration::from_millis(20),
        };
        group.limit_cpu(Some(quota)).unwrap();
        group.limit_memory(512 << 20).unwrap();
        group.limit_reading((254, 0), 50_000_000).unwrap();
        group.freeze(true).unwrap();
    }

    #[test]
    fn limits_are_written_as_each_version_has_them() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let pair = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        let v1 = Kind::V1(names(&["cpu", "memory", "blkio", "freezer"]));
        let expected = [
            ("blkio.throttle.read_bps_device", "254:0 50000000"),
            ("cpu.cfs_period_us", "20000"),
            ("cpu.cfs_quota_us", "5780"),
            ("freezer.state", "FROZEN"),
            ("memory.limit_in_bytes", "536870912"),
        ];
        assert_eq!(written(v1, all), expected.map(pair));
        let v2 = Kind::V2(names(&["cpu", "memory", "io"]));
        let expected = [
            ("cgroup.freeze", "1"),
            ("cpu.max", "5780 20000"),
            ("io.max", "254:0 rbps=50000000"),
            ("memory.max", "536870912"),
        ];
        assert_eq!(written(v2, all), expected.map(pair));
        let lifted = written(Kind::V2(names(&["cpu"])), |group| {
            group.limit_cpu(None).unwrap();
        });
        assert_eq!(lifted, [pair(("cpu.max", "max 100000"))]);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let group = Group {
            folders: Vec::new(),
        };
        let told = group.limit_memory(1).unwrap_err().to_string();
        assert_eq!(told, "the controller `memory` cannot be used");
        assert_eq!(group.cpu_ns(), None);
        assert!(!group.ran_out_of_memory());
    }
}

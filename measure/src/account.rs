//! What the system says of a process and of its children.

use std::{fs, path::Path};

/// The resources of a process at one moment, with those of its children.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// CPU time, in nanoseconds.
    pub cpu: u64,
    /// The most memory it had at once, in KiB.
    pub peak_memory: u64,
    /// The files and connections it has open.
    pub descriptors: usize,
}

impl Account {
    /// Of a process, and of its children.
    pub fn of(process: u32) -> Self {
        let mut sum = Self::of_one(process);
        for child in children(process) {
            let child = Self::of(child);
            sum.cpu += child.cpu;
            sum.peak_memory += child.peak_memory;
            sum.descriptors += child.descriptors;
        }
        sum
    }

    /// Of a process alone.
    pub fn of_one(process: u32) -> Self {
        let directory = format!("/proc/{process}");
        let directory = Path::new(&directory);
        let tasks = fs::read_dir(directory.join("task")).into_iter().flatten();
        let cpu = tasks.flatten().filter_map(|task| {
            let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
            times.split(' ').next()?.parse::<u64>().ok()
        });
        Self {
            cpu: cpu.sum(),
            peak_memory: peak_memory(directory).unwrap_or_default(),
            descriptors: fs::read_dir(directory.join("fd")).map_or(0, Iterator::count),
        }
    }
}

/// The time that all processors together have given this machine, in its own units. What others
/// took of a shared one is not in it.
pub fn machine_time() -> u64 {
    let all = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = all.lines().next().unwrap_or_default().split_whitespace();
    // User, nice, system, idle, waiting, and both kinds of interrupts; then comes what was stolen.
    let given = fields
        .skip(1)
        .take(7)
        .filter_map(|field| field.parse::<u64>().ok());
    given.sum()
}

fn peak_memory(process: &Path) -> Option<u64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The processes whose parent it is: the fourth field of `stat`, after a name that may contain
/// anything but `)` at its end.
fn children(process: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().nth(1));
        parent.and_then(|parent| parent.parse().ok()) == Some(process)
    };
    ids.filter(is_child).collect()
}

//! Which process this is, so that another on the same machine can tell that it is gone.
//!
//! A process that is killed can not give its lease back. One that runs on the same kernel can see that it
//! is dead and need not wait for the lease to end; one elsewhere can not, and waits. What always holds:
//! [`ProcessId::is_surely_gone`] is true only of a process that will never run again; a stopped one
//! (SIGSTOP) is not gone. Where `/proc` does not say, nobody is surely gone.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// What a word is when the machine does not tell.
const UNKNOWN: &str = "-";

/// A process, told apart from every other of any machine and any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessId {
    /// Random, so that it stays its own even where nothing below is known.
    nonce: u64,
    pid: u32,
    /// Clock ticks from the start of the machine to that of the process: a number used again differs here.
    started: String,
    /// The run of the kernel, and the namespace in which `pid` counts.
    kernel: String,
    namespace: String,
}

impl ProcessId {
    /// This process.
    #[must_use]
    pub fn own() -> Self {
        let pid = std::process::id();
        Self {
            nonce: rand::random(),
            pid,
            started: Life::of(pid).map_or_else(|| UNKNOWN.to_owned(), |life| life.started),
            kernel: kernel(),
            namespace: namespace(),
        }
    }

    /// Whether it has ended for good, as seen from this process.
    #[must_use]
    pub fn is_surely_gone(&self) -> bool {
        let here = self.kernel != UNKNOWN && self.kernel == kernel() && self.namespace == namespace();
        // A machine may hide other users' processes (proc(5), hidepid): then the first one is hidden too.
        if !here || self.started == UNKNOWN || !Path::new("/proc/1").exists() {
            return false;
        }
        Life::of(self.pid).is_none_or(|life| life.started != self.started || life.ended)
    }

    /// Its number, for people.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

fn kernel() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    one_word(&id)
}

fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    one_word(&link.to_string_lossy())
}

fn one_word(text: &str) -> String {
    let word: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    if word.is_empty() { UNKNOWN.to_owned() } else { word }
}

/// Two fields of `/proc/PID/stat` (proc(5)): the third, and the twenty-second.
struct Life {
    started: String,
    /// It left, and only waits for its parent to notice.
    ended: bool,
}

impl Life {
    fn of(pid: u32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field, the name, may hold blanks and brackets; the rest begins after its last one.
    fn read(stat: &str) -> Option<Self> {
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X" | "x");
        Some(Self { ended, started: fields.nth(18)?.to_owned() })
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nonce, pid, started, kernel, namespace } = self;
        write!(f, "{nonce:016x}/{pid}/{started}/{kernel}/{namespace}")
    }
}

impl FromStr for ProcessId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split('/').collect();
        let [nonce, pid, started, kernel, namespace] = words[..] else { return Err(()) };
        let nonce = u64::from_str_radix(nonce, 16).ok().ok_or(())?;
        let pid = pid.parse().ok().ok_or(())?;
        let [started, kernel, namespace] = [started, kernel, namespace].map(str::to_owned);
        Ok(Self { nonce, pid, started, kernel, namespace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn of(child: u32) -> ProcessId {
        let started = Life::of(child).unwrap().started;
        ProcessId { pid: child, started, ..ProcessId::own() }
    }

    #[test]
    fn a_process_reads_back_from_its_text_and_no_two_are_alike() {
        let own = ProcessId::own();
        assert_eq!(own.to_string().parse(), Ok(own.clone()));
        assert_ne!(own, ProcessId::own());
        assert_eq!("lock-holder".parse::<ProcessId>(), Err(()));
    }

    #[test]
    fn a_running_process_is_not_gone_and_one_that_was_killed_is() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let seen = of(child.id());
        assert!(!seen.is_surely_gone() && !ProcessId::own().is_surely_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(seen.is_surely_gone());
    }

    #[test]
    fn a_number_that_another_process_uses_by_now_does_not_keep_the_old_one_alive() {
        let before = ProcessId { started: "1".into(), ..ProcessId::own() };
        assert!(before.is_surely_gone());
    }

    #[test]
    fn of_a_process_on_another_machine_nothing_is_sure() {
        let elsewhere = ProcessId { kernel: "another".into(), started: "1".into(), ..ProcessId::own() };
        let untold = ProcessId { started: UNKNOWN.into(), ..ProcessId::own() };
        assert!(!elsewhere.is_surely_gone() && !untold.is_surely_gone());
    }

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_move_the_fields() {
        let fields = (4..=21).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let life = Life::read(&format!("7 (a ) b) Z {fields} 4711 0")).unwrap();
        assert!(life.ended);
        assert_eq!(life.started, "4711");
    }
}

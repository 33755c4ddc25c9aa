//! A server under test: started, watched, killed.

use crate::http::{Connection, get};
use anyhow::{Context as _, bail};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// A server that is not ready within this has failed.
const READY_S_MAX: Duration = Duration::from_secs(30);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A running child process that listens on an address.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From start to ready.
    pub(crate) ready_in: Duration,
}

impl Server {
    /// Starts `program` with `args` and waits until `probe` answers 200 at `address`.
    pub(crate) async fn start(
        program: &Path,
        args: &[String],
        address: SocketAddr,
        probe: &str,
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!("can not start {}; build it, or name it with --padriew", program.display())
            })?;
        let mut server = Self { child, address, ready_in: Duration::ZERO };
        while begun.elapsed() < READY_S_MAX {
            if let Some(status) = server.child.try_wait()? {
                bail!("{} {} ended at once: {status}", program.display(), args.join(" "));
            }
            if answers(address, probe).await {
                server.ready_in = begun.elapsed();
                return Ok(server);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        bail!("{} was not ready within {} s", program.display(), READY_S_MAX.as_secs())
    }

    /// `kill -9`, and waits until the process is gone.
    pub(crate) async fn kill_9(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("can not kill the server")
    }

    /// Resident memory, bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let pid = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmRSS is not a number")?;
        Ok(kib * 1024)
    }

    /// Processor time used so far, seconds.
    pub(crate) fn cpu_s(&self) -> anyhow::Result<f64> {
        let pid = self.child.id().context("the server has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // After the last bracket: state is field 3 of proc(5), utime 14, stime 15; 100 ticks a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at - 3).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((ticks(14) + ticks(15)) / 100.0)
    }
}

async fn answers(address: SocketAddr, probe: &str) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    connection.exchange(&get(probe)).await.is_ok_and(|answer| answer.status == 200)
}

/// A loopback address whose port was free a moment ago.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let probe = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(probe.local_addr()?)
}

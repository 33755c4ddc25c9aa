//! Who serves a SQLite file: an advisory lock on a file beside the database.
//!
//! Several processes of one host may serve a file, each with a shared lock. The first takes the lock for itself
//! until the tables are up to date, so that nobody changes them under a server. The operating system drops a
//! lock with its process, however that ends, so there is never a stale one.

use crate::error::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long another process may take to bring the tables up to date.
const ALONE_MAX: Duration = Duration::from_secs(10);
/// How often the lock is tried while another process has it for itself.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Holds the lock until dropped.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    shown: PathBuf,
    shared: bool,
}

impl LockFile {
    /// Takes the lock of the database at `path`: for this process alone when no other serves it, else shared.
    pub(super) async fn take(path: &Path) -> Result<Self, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let shown = PathBuf::from(name);
        let mut options = OpenOptions::new();
        let file = options.create(true).read(true).write(true).truncate(false).open(&shown);
        let file = file.map_err(|error| unusable(&shown, error))?;
        let begun = Instant::now();
        loop {
            for shared in [false, true] {
                match if shared { file.try_lock_shared() } else { file.try_lock() } {
                    Ok(()) => return Ok(Self { file, shown, shared }),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => return Err(unusable(&shown, error)),
                }
            }
            if begun.elapsed() > ALONE_MAX {
                return Err(StoreError::Unusable(format!(
                    "another process has been opening {} for {} s; stop it, or wait and start again",
                    path.display(),
                    ALONE_MAX.as_secs()
                )));
            }
            sleep(TRY_EVERY).await;
        }
    }

    /// Whether another process serves the file already.
    pub(super) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Lets other processes serve the file too.
    pub(super) fn share(self) -> Result<Self, StoreError> {
        if self.shared {
            return Ok(self);
        }
        // Not changed from one to the other in place: what that does is not defined everywhere.
        let shared = self.file.unlock().and_then(|()| self.file.lock_shared());
        shared.map_err(|error| unusable(&self.shown, error))?;
        Ok(Self { shared: true, ..self })
    }
}

fn unusable(shown: &Path, error: std::io::Error) -> StoreError {
    StoreError::Unusable(format!(
        "cannot lock the database with {}: {error}; is the folder writable?",
        shown.display()
    ))
}

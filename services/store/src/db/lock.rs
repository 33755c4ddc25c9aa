//! One serving process per SQLite file: an advisory lock on a file beside the database.
//!
//! The operating system drops the lock with the process, however it ends, so there is never a stale one.

use crate::error::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// Holds the lock until dropped.
#[derive(Debug)]
pub(super) struct LockFile(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl LockFile {
    /// Takes the lock of the database at `path`, or says who has it.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let shown = Path::new(&name).display().to_string();
        let unusable = |error: std::io::Error| {
            StoreError::Unusable(format!(
                "cannot lock the database with {shown}: {error}; is the folder writable?"
            ))
        };
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&name)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(path, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        file.set_len(0).map_err(unusable)?;
        writeln!(file, "{}", std::process::id()).map_err(unusable)?;
        Ok(Self(file))
    }
}

fn held(path: &Path, file: &mut File) -> StoreError {
    let mut process = String::new();
    let who = match file.read_to_string(&mut process) {
        Ok(_) if !process.trim().is_empty() => format!("process {}", process.trim()),
        _ => "another process".into(),
    };
    StoreError::Unusable(format!(
        "{} is already served by {who}; stop that one, or use --database postgres://... to run several processes",
        path.display()
    ))
}

//! A feed on this machine as one zip: the file itself, or the text files of a folder packed.
//!
//! One form for loading and for `/gtfs.zip`, so that what is served is what is in force.

use anyhow::Context;
use bytes::Bytes;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// The zip of a path.
///
/// # Errors
/// When it can not be read.
pub(super) fn zip_of(path: &Path) -> anyhow::Result<Bytes> {
    let named = || format!("{} can not be read", path.display());
    if !path.is_dir() {
        return Ok(std::fs::read(path).with_context(named)?.into());
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .with_context(named)?
        .collect::<Result<Vec<_>, _>>()
        .with_context(named)?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|ext| ext == "txt"))
        .collect();
    files.sort();
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        archive.start_file(name, options)?;
        archive.write_all(&std::fs::read(&file).with_context(named)?)?;
    }
    Ok(archive.finish()?.into_inner().into())
}

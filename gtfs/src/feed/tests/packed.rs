//! Feeds as zips.

use std::io::{Cursor, Read, Write};

/// The files of a feed text, packed.
pub(in crate::feed) fn zip_of(text: &str) -> Vec<u8> {
    let files = text.split("# ").filter(|part| !part.is_empty());
    let files: Vec<(&str, &[u8])> = files
        .map(|part| part.split_once('\n').unwrap())
        .map(|(name, body)| (name, body.as_bytes()))
        .collect();
    pack(&files)
}

/// A zip of these files.
pub(in crate::feed) fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(body).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same zip with one file's bytes replaced.
pub(in crate::feed) fn with_file(zip: &[u8], name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut files = unpack(zip);
    files.iter_mut().filter(|(have, _)| have == name).for_each(|(_, body)| *body = bytes.to_vec());
    repack(&files)
}

/// The same zip with more files.
pub(in crate::feed) fn with_more(zip: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut files = unpack(zip);
    files.extend(more.iter().map(|(name, body)| ((*name).to_owned(), body.to_vec())));
    repack(&files)
}

fn unpack(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let mut body = Vec::new();
        entry.read_to_end(&mut body).unwrap();
        files.push((entry.name().unwrap().into_owned(), body));
    }
    files
}

fn repack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    pack(&files.iter().map(|(name, body)| (name.as_str(), body.as_slice())).collect::<Vec<_>>())
}

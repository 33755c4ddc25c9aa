//! The rules that no compiler checks: who may import whom, how long a file may grow, that both
//! databases migrate alike, that links lead somewhere and that no file is dead.

mod files;
mod imports;
mod migrations;
mod text;

use std::path::{Path, PathBuf};

/// The top of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_path_buf()
}

/// Every file that git tracks or would track, below `root`, sorted; relative paths.
fn files() -> Vec<PathBuf> {
    let git = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(git.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&git.stderr));
    let mut paths: Vec<PathBuf> = String::from_utf8(git.stdout)
        .expect("file names are UTF-8")
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect();
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 20, "git listed only {} files", paths.len());
    paths
}

/// Files with one of the given endings, and their text.
fn texts(endings: &[&str]) -> Vec<(PathBuf, String)> {
    let has_ending = |path: &PathBuf| {
        path.extension()
            .is_some_and(|ending| endings.iter().any(|wanted| ending.eq_ignore_ascii_case(wanted)))
    };
    files()
        .into_iter()
        .filter(has_ending)
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).expect("source files are UTF-8");
            (path, text)
        })
        .collect()
}

/// Fails with all complaints at once, one a line.
fn assert_none(complaints: &[String], rule: &str) {
    assert!(complaints.is_empty(), "{rule}\n  {}", complaints.join("\n  "));
}

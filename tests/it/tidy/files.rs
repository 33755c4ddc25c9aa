//! Files stay short, and every file is used.

use super::{assert_none, files, root, texts};
use std::collections::HashSet;

/// Past this a file has outgrown its idea (style, rule 10).
const LINES_MAX: usize = 600;

#[test]
fn no_source_file_is_longer_than_six_hundred_lines() {
    let complaints: Vec<String> = texts(&["rs", "ts", "css", "mjs", "sh", "py"])
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert_none(&complaints, "files that have outgrown their idea; split them:");
}

#[test]
fn every_rust_file_is_a_module_of_something() {
    let sources = texts(&["rs"]);
    let mut declared = HashSet::new();
    for (_, text) in &sources {
        for line in text.lines().map(str::trim) {
            let words = line
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ")
                .trim_start_matches("pub ");
            if let Some(name) = words.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                declared.insert(name.to_owned());
            }
        }
    }
    let is_root = |path: &std::path::Path| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let folder = path.parent().and_then(|p| p.file_name()).and_then(|n| n.to_str()).unwrap_or_default();
        matches!(name, "main.rs" | "lib.rs" | "mod.rs" | "build.rs")
            || matches!(folder, "benches" | "examples" | "bin" | "fuzz_targets")
            || (folder == "tests" && path.components().count() > 2)
    };
    let dead: Vec<String> = sources
        .iter()
        .filter(|(path, _)| !is_root(path))
        .filter(|(path, _)| {
            !declared.contains(path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default())
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_none(&dead, "Rust files that no `mod` names:");
}

#[test]
fn every_script_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let complaints: Vec<String> = files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "sh") || path.ends_with(".ci/run"))
        .filter(|path| {
            let mode = std::fs::metadata(root().join(path)).expect("a file").permissions().mode();
            mode & 0o111 == 0
        })
        .map(|path| path.display().to_string())
        .collect();
    assert_none(&complaints, "scripts without the execute bit:");
}

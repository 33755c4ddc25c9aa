//! Links lead somewhere, and the project speaks only of itself.

use super::{assert_none, root, texts};
use std::path::Path;

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut complaints = Vec::new();
    for (path, text) in texts(&["md"]) {
        let folder = root().join(path.parent().unwrap_or(Path::new("")));
        for link in links(&text).filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let target = link.split('#').next().unwrap_or(link);
            if !folder.join(target).exists() {
                complaints.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_none(&complaints, "links that lead nowhere:");
}

#[test]
fn no_file_names_a_machine_path() {
    // Spelt in pieces, so that this file does not complain of itself.
    let forbidden = [["/work", "/"].concat(), ["/root", "/"].concat(), ["/home", "/"].concat()];
    let mut complaints = Vec::new();
    for (path, text) in
        texts(&["rs", "ts", "md", "toml", "sh", "sql", "json", "html", "css", "mjs", "py", "txt"])
    {
        for (number, line) in text.lines().enumerate() {
            if forbidden.iter().any(|machine| line.contains(machine.as_str())) {
                complaints.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert_none(&complaints, "machine paths have no place in the project:");
}

#[test]
fn lock_files_name_no_private_registry() {
    let mut complaints = Vec::new();
    for (path, text) in texts(&["json", "lock"]) {
        for line in text.lines().filter(|line| line.contains("\"resolved\"") || line.starts_with("source = "))
        {
            let public =
                ["https://registry.npmjs.org/", "registry+https://github.com/rust-lang/crates.io-index"];
            if !public.iter().any(|host| line.contains(host)) {
                complaints.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert_none(&complaints, "lock files that name a host which only one machine reaches:");
}

//! What commands print. Logging is elsewhere; this is the answer that was asked for.

use std::io::Write;

/// Prints a line on standard output.
///
/// # Errors
/// When nobody reads it any more.
pub(crate) fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints a line on standard error; there is nowhere to report a failure of that.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

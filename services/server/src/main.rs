//! The `padriew` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cmd::main()
}

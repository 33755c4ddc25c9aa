//! The `padriew` program.

fn main() {}

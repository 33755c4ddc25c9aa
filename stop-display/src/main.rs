//! The panel client.

fn main() {}

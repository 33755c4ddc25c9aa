//! The demo, started as a person starts it.

#[cfg(test)]
mod town;

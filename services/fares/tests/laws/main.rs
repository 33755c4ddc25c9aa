//! The laws of rating, on histories made by chance; and the second code path against the first.
//!
//! `PADRIEW_HISTORIES=1000000` makes so many histories for each law (`make nightly`), from a new seed that is
//! printed; otherwise a law has 20,000 from one that is always the same. `PADRIEW_SEED` repeats a run.

#[cfg(test)]
mod caps;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod dominance;
#[cfg(test)]
mod filling;
#[cfg(test)]
mod history;
#[cfg(test)]
mod hold;
#[cfg(test)]
mod second;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod suffix;
#[cfg(test)]
mod tariffs;
#[cfg(test)]
mod town;

#[cfg(test)]
use history::{History, Script};
#[cfg(test)]
use hold::{HISTORIES, law, said, same};

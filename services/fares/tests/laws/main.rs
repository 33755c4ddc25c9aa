//! The laws of rating, on histories made by chance; and the second code path against the first.

mod dice;
mod history;
mod second;
mod tariffs;
mod town;

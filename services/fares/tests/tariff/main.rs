//! Tariffs of real feeds, of the sample network, and of dice.

#[cfg(test)]
mod ctran;
#[cfg(test)]
mod doubts;
#[cfg(test)]
mod export;
#[cfg(test)]
mod help;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sandy;

//! Every store test, on both databases from one body.

#[cfg(test)]
mod bus;
#[cfg(test)]
mod cards;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod learned;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod ledger_bits;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod place;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod taps;
#[cfg(test)]
mod tariffs;
#[cfg(test)]
mod writer;

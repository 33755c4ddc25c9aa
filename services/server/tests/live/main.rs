//! What readers get over real sockets: panels, riders' pages, feeds.

#[cfg(test)]
mod accuracy;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod panel;
#[cfg(test)]
mod public;

//! Ingest over real sockets: what senders, honest and hostile, are answered.

#[cfg(test)]
mod decoders;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod protocols;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod verdicts;

//! Ingest over real sockets: what senders, honest and hostile, are answered.

mod devices;
mod harness;
mod hostile;
mod protocols;
mod sockets;
mod verdicts;

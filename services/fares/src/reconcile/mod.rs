//! Money that others report, matched with the ledger; pure.

mod discrepancy;

pub use discrepancy::Discrepancy;

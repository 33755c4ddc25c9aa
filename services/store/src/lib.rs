//! Durable rows on SQLite or PostgreSQL, a bus that Redis may join.
//!
//! The database is the log: there is no other file, no spool, no cache that must be right. One
//! static SQL text per query is compiled for both databases; the URL given to [`Db::open`] chooses.
//!
//! What it deliberately does not do: read the clock (`now` is an argument), spawn tasks (the server's
//! supervisor runs [`WriterTask::run`] and [`bus::RedisLink::run`]), judge a record, or make HTTP statuses.
//!
//! What always holds: an answer from [`Writer::submit`] comes after the commit is synced; a record sent
//! ten times has one effect; nothing in a failed transaction is seen by anybody.

pub mod audit;
mod boot;
pub mod bus;
pub mod card;
pub mod day;
pub mod db;
pub mod deny;
pub mod device;
pub mod device_key;
pub mod discrepancy;
pub mod error;
pub mod fare_command;
pub mod feed;
pub mod gap;
pub mod identity;
pub mod inspection;
pub mod learned;
pub mod lease;
pub mod ledger;
pub mod merkle;
mod nonce;
pub mod operator;
pub mod panel;
pub mod ping;
mod places;
pub mod quarantine;
pub mod retention;
pub mod retrace;
pub mod seq_window;
mod sql;
pub mod statement;
pub mod tap;
pub mod tap_quarantine;
pub mod tariff_version;
pub mod terminal;
pub mod terminal_audit;
pub mod terminal_code;
pub mod visit;
mod words;
pub mod writer;

pub use audit::{Actor, AuditVerdict, Change};
pub use bus::{Bus, RedisLink};
pub use card::{Card, CardChange, CardState, Concession};
pub use day::{Day, DayHash, DayState, Sealed};
pub use db::{Access, Db};
pub use device::{Device, DeviceKind, DeviceState, SpeedUnit};
pub use device_key::{DeviceKey, KeyKind};
pub use discrepancy::{DiscrepancyState, StoredDiscrepancy};
pub use error::StoreError;
pub use fare_command::{CommandAsked, CommandEvent, CommandResult, StoredCommand};
pub use feed::FeedLoaded;
pub use identity::{IdentityStore, SealedIdentity};
pub use inspection::Inspection;
pub use learned::LearnedVersion;
pub use lease::{Lease, LeaseRow};
pub use ledger::{
    CardHistory, FareCommit, FareReceipt, HoldChange, KnownHeads, LedgerVerdict, LegRow, StoredJournal,
    TapState, TapStored,
};
pub use nonce::Nonce;
pub use operator::{Operator, OperatorRole};
pub use panel::Panel;
pub use ping::{PingBatch, PingReceipt, PingRow, StoredPing, Verdict};
pub use places::Forgotten;
pub use quarantine::Rejected;
pub use retention::{Deleted, Retention};
pub use statement::{Source, Statement};
pub use tap::{TapBatch, TapItem, TapReceipt};
pub use tariff_version::{TariffDecision, TariffEvent, TariffProposed, TariffState, TariffVersion};
pub use terminal::{Contact, Terminal};
pub use terminal_audit::ShiftAudit;
pub use visit::Visit;
pub use writer::{Writer, WriterTask};

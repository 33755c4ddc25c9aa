//! What particular devices get wrong, each as one small function with its reason.

pub mod buddhist_year;
pub mod local_as_utc;
pub mod week_rollover;

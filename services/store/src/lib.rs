//! Durable rows on SQLite or PostgreSQL, a bus that Redis may join.

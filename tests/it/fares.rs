//! The single card through the real database: a town's days, restarts and late taps, and the same books as in memory.

#[path = "../../services/fares/tests/engine/books.rs"]
#[expect(dead_code, reason = "the engine's own tests ask it more")]
mod books;
#[path = "../../services/fares/tests/engine/drive.rs"]
#[expect(dead_code, reason = "the engine's own tests ask it more")]
mod drive;
#[path = "../../services/fares/tests/engine/town.rs"]
mod town;

mod breaker;
mod desk;
mod forget;
mod recompute;
mod shelf;
mod silent;
mod tariff;

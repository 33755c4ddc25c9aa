//! The words of a tariff file for GTFS's numbers.

use gtfs::fares::{LimitKind, MediaKind, TransferKind};

/// fare_media_type, 0 to 4.
pub(super) const MEDIA: [(&str, MediaKind); 5] = [
    ("none", MediaKind::None),
    ("paper", MediaKind::Paper),
    ("card", MediaKind::TransitCard),
    ("bank-card", MediaKind::BankCard),
    ("app", MediaKind::App),
];

/// duration_limit_type, 0 to 3.
pub(super) const COUNTED: [(&str, LimitKind); 4] = [
    ("start-to-end", LimitKind::DepartureToArrival),
    ("start-to-start", LimitKind::DepartureToDeparture),
    ("end-to-start", LimitKind::ArrivalToDeparture),
    ("end-to-end", LimitKind::ArrivalToArrival),
];

/// fare_transfer_type, 0 to 2.
pub(super) const PAYS: [(&str, TransferKind); 3] = [
    ("first-leg-and-transfer", TransferKind::FirstLegPlusTransfer),
    ("both-legs-and-transfer", TransferKind::BothLegsPlusTransfer),
    ("transfer", TransferKind::TransferOnly),
];

/// Monday is bit 0.
pub(super) const WEEKDAYS: [(&str, u8); 7] =
    [("mon", 1), ("tue", 2), ("wed", 4), ("thu", 8), ("fri", 16), ("sat", 32), ("sun", 64)];

/// What a word of such a list stands for, or all of them.
pub(super) fn meaning<T: Copy>(list: &[(&str, T)], word: &str) -> Result<T, String> {
    list.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = list.iter().map(|(known, _)| *known).collect();
        format!("write one of {}", known.join(", "))
    })
}

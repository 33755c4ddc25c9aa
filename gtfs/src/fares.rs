//! What the fare files of a feed say, as plain typed rows; no pricing happens here.
//!
//! GTFS-Fares v1 (`fare_attributes.txt`, `fare_rules.txt`) and v2 (the rest) are kept side by side:
//! which one a tariff is made from is the fare engine's decision. Ids that point at stops, routes,
//! agencies and services are resolved; ids among the fare files stay text, so that a tariff can name
//! them. An empty id means *any* or *none*, as the specification says for each field.

use crate::{AgencyIdx, RouteIdx, ServiceIdx, ServiceTime, StopIdx};
use std::fmt;

/// All fare files of a feed; each list in file order, empty when the feed has no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FareTables {
    /// `fare_attributes.txt` (v1).
    pub attributes: Vec<FareAttribute>,
    /// `fare_rules.txt` (v1).
    pub rules: Vec<FareRule>,
    /// zone_id of each stop, by `StopIdx`; empty for a stop in no zone (v1).
    pub stop_zones: Vec<Box<str>>,
    /// `fare_media.txt`.
    pub media: Vec<FareMedia>,
    /// `fare_products.txt`: one row for each medium and rider category of a product.
    pub products: Vec<FareProduct>,
    /// `fare_leg_rules.txt`.
    pub leg_rules: Vec<FareLegRule>,
    /// `fare_transfer_rules.txt`.
    pub transfer_rules: Vec<FareTransferRule>,
    /// `rider_categories.txt`.
    pub rider_categories: Vec<RiderCategory>,
    /// `timeframes.txt`.
    pub timeframes: Vec<Timeframe>,
    /// `areas.txt`.
    pub areas: Vec<Named>,
    /// `stop_areas.txt`: area_id and stop.
    pub stop_areas: Vec<(Box<str>, StopIdx)>,
    /// `networks.txt`.
    pub networks: Vec<Named>,
    /// network_id and route, from `route_networks.txt` or the column of `routes.txt`.
    pub route_networks: Vec<(Box<str>, RouteIdx)>,
}

impl FareTables {
    /// Whether the feed says nothing about fares.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.products.is_empty()
    }
}

/// An amount of money, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// In the smallest unit of the currency: satang, cent, yen.
    pub minor: i64,
    /// ISO 4217 letters.
    pub currency: [u8; 3],
}

impl Money {
    /// Reads a decimal amount such as `25.50` in a currency such as `THB`. More decimals than the
    /// currency has are allowed when they are zeros.
    #[must_use]
    pub fn parse(amount: &str, currency: &str) -> Option<Self> {
        let letters: [u8; 3] = currency.as_bytes().try_into().ok()?;
        if !letters.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let (digits, negative) = amount.strip_prefix('-').map_or((amount, false), |rest| (rest, true));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let kept = usize::from(decimals(letters));
        let (fraction, rest) = fraction.split_at_checked(kept).unwrap_or((fraction, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || rest.bytes().any(|b| b != b'0')
        {
            return None;
        }
        let padded = format!("{whole}{fraction:0<kept$}");
        let minor: i64 = padded.parse().ok()?;
        Some(Self { minor: if negative { -minor } else { minor }, currency: letters })
    }
}

/// Writes `25.50 THB`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = u32::from(decimals(self.currency));
        let (sign, unit) = (if self.minor < 0 { "-" } else { "" }, 10u64.pow(kept));
        let minor = self.minor.unsigned_abs();
        write!(f, "{sign}{}", minor / unit)?;
        if kept > 0 {
            write!(f, ".{:0width$}", minor % unit, width = kept as usize)?;
        }
        write!(f, " {}", String::from_utf8_lossy(&self.currency))
    }
}

/// Decimals of a currency (ISO 4217, "minor unit"); 2 for all not listed.
fn decimals(currency: [u8; 3]) -> u8 {
    match &currency {
        b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
        | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
        b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
        _ => 2,
    }
}

/// `fare_attributes.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FareAttribute {
    /// fare_id.
    pub id: Box<str>,
    /// price and currency_type.
    pub price: Money,
    /// payment_method=1: paid before boarding.
    pub paid_before: bool,
    /// transfers: how many are allowed; `None` for any number.
    pub transfers: Option<u8>,
    /// agency_id.
    pub agency: Option<AgencyIdx>,
    /// transfer_duration, seconds.
    pub transfer_s: Option<u32>,
}

/// `fare_rules.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FareRule {
    /// fare_id.
    pub fare: Box<str>,
    /// route_id.
    pub route: Option<RouteIdx>,
    /// origin_id: a zone.
    pub origin: Box<str>,
    /// destination_id: a zone.
    pub destination: Box<str>,
    /// contains_id: a zone.
    pub contains: Box<str>,
}

/// What a fare is carried on; `fare_media_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// 0: cash, no medium.
    None,
    /// 1: paper ticket.
    Paper,
    /// 2: transit card.
    TransitCard,
    /// 3: contactless bank card (cEMV).
    BankCard,
    /// 4: mobile app.
    App,
}

/// `fare_media.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FareMedia {
    /// fare_media_id.
    pub id: Box<str>,
    /// fare_media_name.
    pub name: Box<str>,
    /// fare_media_type.
    pub kind: MediaKind,
}

/// `fare_products.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FareProduct {
    /// fare_product_id.
    pub id: Box<str>,
    /// fare_product_name.
    pub name: Box<str>,
    /// rider_category_id; empty for all.
    pub rider_category: Box<str>,
    /// fare_media_id; empty for any.
    pub media: Box<str>,
    /// amount and currency; may be negative, a discount.
    pub amount: Money,
}

/// `fare_leg_rules.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FareLegRule {
    /// leg_group_id.
    pub leg_group: Box<str>,
    /// network_id.
    pub network: Box<str>,
    /// from_area_id.
    pub from_area: Box<str>,
    /// to_area_id.
    pub to_area: Box<str>,
    /// from_timeframe_group_id.
    pub from_timeframe: Box<str>,
    /// to_timeframe_group_id.
    pub to_timeframe: Box<str>,
    /// fare_product_id.
    pub product: Box<str>,
    /// rule_priority, 0 when it is empty; `None` when the file has no such column.
    pub priority: Option<u32>,
}

/// What a transfer costs; `fare_transfer_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// 0: the first leg, and the transfer.
    FirstLegPlusTransfer,
    /// 1: both legs, and the transfer.
    BothLegsPlusTransfer,
    /// 2: the transfer alone.
    TransferOnly,
}

/// Between which moments a duration limit counts; `duration_limit_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// 0: departure of this leg to arrival of the next.
    DepartureToArrival,
    /// 1: departure to departure.
    DepartureToDeparture,
    /// 2: arrival to departure.
    ArrivalToDeparture,
    /// 3: arrival to arrival.
    ArrivalToArrival,
}

/// `fare_transfer_rules.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FareTransferRule {
    /// from_leg_group_id.
    pub from_leg_group: Box<str>,
    /// to_leg_group_id.
    pub to_leg_group: Box<str>,
    /// transfer_count; `None` for any number (-1 or empty).
    pub count: Option<u32>,
    /// duration_limit in seconds, and how it counts.
    pub limit: Option<(u32, LimitKind)>,
    /// fare_transfer_type.
    pub kind: TransferKind,
    /// fare_product_id; empty when the transfer is free.
    pub product: Box<str>,
}

/// `rider_categories.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiderCategory {
    /// rider_category_id.
    pub id: Box<str>,
    /// rider_category_name.
    pub name: Box<str>,
    /// is_default_fare_category.
    pub is_default: bool,
}

/// `timeframes.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeframe {
    /// timeframe_group_id.
    pub group: Box<str>,
    /// From, inclusive; 00:00:00 when empty.
    pub start: ServiceTime,
    /// Until, exclusive; 24:00:00 when empty.
    pub end: ServiceTime,
    /// service_id.
    pub service: ServiceIdx,
}

/// An id with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: Box<str>,
    /// The name.
    pub name: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_and_knows_how_many_decimals_its_currency_has() {
        let read = |amount, currency| Money::parse(amount, currency).map(|m| (m.minor, m.to_string()));
        assert_eq!(read("25.5", "THB"), Some((2550, "25.50 THB".to_owned())));
        assert_eq!(read("-0.05", "USD"), Some((-5, "-0.05 USD".to_owned())));
        assert_eq!(read("0.1", "KWD"), Some((100, "0.100 KWD".to_owned())));
        assert_eq!(read("180.00", "JPY"), Some((180, "180 JPY".to_owned())));
        assert_eq!(read("2.000", "USD"), Some((200, "2.00 USD".to_owned())));
        for (amount, currency) in [
            ("2.005", "USD"),
            ("", "USD"),
            (".5", "USD"),
            ("1e3", "USD"),
            ("1,5", "EUR"),
            ("1", "usd"),
            ("1", "€"),
            ("99999999999999999999", "THB"),
        ] {
            assert_eq!(read(amount, currency), None, "{amount} {currency}");
        }
    }
}

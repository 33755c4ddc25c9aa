//! A tariff as files that others read: GTFS-Fares v2, and `fare_caps.txt`, which is our own.
//!
//! The rows are those that are charged. Columns that no row fills are left out where GTFS allows it; the
//! column rule_priority changes the meaning of empty fields, so it is there exactly when the rules have it.
//! The days of timeframes are the feed's `calendar.txt`'s affair.

use super::Tariff;
use super::rows::Rows;
use gtfs::fares::{LimitKind, MediaKind, Money, TransferKind};

/// A file: its name, such as `fare_products.txt`, and its text, CSV with `\n` at line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub text: String,
}

impl Tariff {
    /// Every file, in a fixed order; the same tariff gives the same bytes. Files without a row are left out.
    #[must_use]
    pub fn export(&self) -> Vec<Table> {
        let rows = self.rows();
        let files = [
            table(
                "networks.txt",
                ["network_id", "network_name"],
                rows.networks.iter().map(|n| [&*n.id, &*n.name]),
            ),
            table("route_networks.txt", ["network_id", "route_id"], pairs(&rows.route_networks)),
            table(
                "areas.txt",
                ["area_id", "area_name"],
                rows.areas.iter().map(|area| [&*area.id, &*area.name]),
            ),
            table("stop_areas.txt", ["area_id", "stop_id"], pairs(&rows.stop_areas)),
            media(rows),
            riders(rows),
            products(rows),
            timeframes(rows),
            leg_rules(rows),
            transfer_rules(rows),
            caps(rows),
        ];
        files.into_iter().flatten().collect()
    }
}

fn pairs(rows: &[(Box<str>, Box<str>)]) -> impl Iterator<Item = [&str; 2]> {
    rows.iter().map(|(a, b)| [&**a, &**b])
}

/// A file of some rows; `None` without any.
fn table<const N: usize, T: AsRef<[u8]>>(
    name: &'static str,
    header: [&str; N],
    rows: impl IntoIterator<Item = [T; N]>,
) -> Option<Table> {
    // A row has as many fields as the header, and memory does not fail: no write can.
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header).ok()?;
    let mut any = false;
    for row in rows {
        csv.write_record(row).ok()?;
        any = true;
    }
    any.then_some(Table { name, text: String::from_utf8(csv.into_inner().ok()?).ok()? })
}

fn media(rows: &Rows) -> Option<Table> {
    let number = |kind| match kind {
        MediaKind::None => "0",
        MediaKind::Paper => "1",
        MediaKind::TransitCard => "2",
        MediaKind::BankCard => "3",
        MediaKind::App => "4",
    };
    let header = ["fare_media_id", "fare_media_name", "fare_media_type"];
    table("fare_media.txt", header, rows.media.iter().map(|m| [&*m.id, &*m.name, number(m.kind)]))
}

fn riders(rows: &Rows) -> Option<Table> {
    let header = ["rider_category_id", "rider_category_name", "is_default_fare_category"];
    let default = |is_default| if is_default { "1" } else { "0" };
    table(
        "rider_categories.txt",
        header,
        rows.riders.iter().map(|r| [&*r.id, &*r.name, default(r.is_default)]),
    )
}

/// An amount without its currency, and the currency.
fn split(money: Money) -> (String, String) {
    let text = money.to_string();
    let (amount, currency) = text.split_once(' ').unwrap_or((&text, ""));
    (amount.to_owned(), currency.to_owned())
}

fn products(rows: &Rows) -> Option<Table> {
    let header =
        ["fare_product_id", "fare_product_name", "rider_category_id", "fare_media_id", "amount", "currency"];
    let row = |product: &gtfs::fares::FareProduct| {
        let (amount, currency) = split(product.amount);
        let ids =
            [&product.id, &product.name, &product.rider_category, &product.media].map(|id| id.to_string());
        let [id, name, rider, medium] = ids;
        [id, name, rider, medium, amount, currency]
    };
    table("fare_products.txt", header, rows.products.iter().map(row))
}

fn timeframes(rows: &Rows) -> Option<Table> {
    let header = ["timeframe_group_id", "start_time", "end_time", "service_id"];
    let row = |frame: &super::frames::Frame| {
        [frame.group.to_string(), frame.start.to_string(), frame.end.to_string(), frame.service.to_string()]
    };
    table("timeframes.txt", header, rows.frames.iter().map(row))
}

fn leg_rules(rows: &Rows) -> Option<Table> {
    const NAME: &str = "fare_leg_rules.txt";
    let places = |r: &gtfs::fares::FareLegRule| {
        [&r.leg_group, &r.network, &r.from_area, &r.to_area].map(|id| id.to_string())
    };
    let timed = rows.leg_rules.iter().any(|r| !r.from_timeframe.is_empty() || !r.to_timeframe.is_empty());
    if !timed && !rows.priorities {
        let header = ["leg_group_id", "network_id", "from_area_id", "to_area_id", "fare_product_id"];
        let row = |r: &gtfs::fares::FareLegRule| {
            let [group, network, from, to] = places(r);
            [group, network, from, to, r.product.to_string()]
        };
        return table(NAME, header, rows.leg_rules.iter().map(row));
    }
    let frames = |r: &gtfs::fares::FareLegRule| [r.from_timeframe.to_string(), r.to_timeframe.to_string()];
    if !rows.priorities {
        let header = [
            "leg_group_id",
            "network_id",
            "from_area_id",
            "to_area_id",
            "from_timeframe_group_id",
            "to_timeframe_group_id",
            "fare_product_id",
        ];
        let row = |r: &gtfs::fares::FareLegRule| {
            let ([group, network, from, to], [start, end]) = (places(r), frames(r));
            [group, network, from, to, start, end, r.product.to_string()]
        };
        return table(NAME, header, rows.leg_rules.iter().map(row));
    }
    let header = [
        "leg_group_id",
        "network_id",
        "from_area_id",
        "to_area_id",
        "from_timeframe_group_id",
        "to_timeframe_group_id",
        "fare_product_id",
        "rule_priority",
    ];
    let row = |r: &gtfs::fares::FareLegRule| {
        let ([group, network, from, to], [start, end]) = (places(r), frames(r));
        [group, network, from, to, start, end, r.product.to_string(), r.priority.unwrap_or(0).to_string()]
    };
    table(NAME, header, rows.leg_rules.iter().map(row))
}

fn transfer_rules(rows: &Rows) -> Option<Table> {
    let header = [
        "from_leg_group_id",
        "to_leg_group_id",
        "transfer_count",
        "duration_limit",
        "duration_limit_type",
        "fare_transfer_type",
        "fare_product_id",
    ];
    let row = |r: &gtfs::fares::FareTransferRule| {
        let count = match r.count {
            _ if r.from_leg_group != r.to_leg_group => String::new(),
            // Any number; only defined within one leg group.
            None => "-1".to_owned(),
            Some(count) => count.to_string(),
        };
        let (limit, counted) = r.limit.map_or_else(Default::default, |(limit_s, kind)| {
            let kind = match kind {
                LimitKind::DepartureToArrival => "0",
                LimitKind::DepartureToDeparture => "1",
                LimitKind::ArrivalToDeparture => "2",
                LimitKind::ArrivalToArrival => "3",
            };
            (limit_s.to_string(), kind.to_owned())
        });
        let kind = match r.kind {
            TransferKind::FirstLegPlusTransfer => "0",
            TransferKind::BothLegsPlusTransfer => "1",
            TransferKind::TransferOnly => "2",
        };
        let (from, to) = (r.from_leg_group.to_string(), r.to_leg_group.to_string());
        [from, to, count, limit, counted, kind.to_owned(), r.product.to_string()]
    };
    table("fare_transfer_rules.txt", header, rows.transfer_rules.iter().map(row))
}

/// One row for each cap, rider category and network.
fn caps(rows: &Rows) -> Option<Table> {
    let header =
        ["fare_cap_id", "rider_category_id", "network_id", "period", "amount", "currency", "counts_default"];
    let of_cap = |cap: &super::Cap| {
        let mut lines = Vec::new();
        for (rider, amount) in &cap.amounts {
            let (amount, currency) = split(Money { minor: amount.0, currency: rows.currency });
            for network in &cap.networks {
                let (period, counts) = (cap.period.to_string(), u8::from(cap.counts_default).to_string());
                let (id, rider, network) = (cap.id.to_string(), rider.to_string(), network.to_string());
                lines.push([id, rider, network, period, amount.clone(), currency.clone(), counts]);
            }
        }
        lines
    };
    table("fare_caps.txt", header, rows.caps.iter().flat_map(of_cap))
}

//! Reads the fare files, v1 and v2, into [`FareTables`].

use super::draft::Draft;
use super::fare_rules;
use super::source::Archive;
use super::spec::FileSpec;
use super::spec::{
    AREAS, FARE_ATTRIBUTES, FARE_MEDIA, FARE_PRODUCTS, NETWORKS, RIDER_CATEGORIES, ROUTE_NETWORKS,
    STOP_AREAS, TIMEFRAMES,
};
use super::table::Row;
use super::value;
use crate::ServiceTime;
use crate::fares::{
    FareAttribute, FareMedia, FareProduct, FareTables, MediaKind, Money, Named, RiderCategory, Timeframe,
};
use crate::findings::{Findings, Severity};
use std::collections::BTreeSet;

/// Reads all of them.
pub(super) fn fares(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) -> FareTables {
    let route_networks = std::mem::take(&mut draft.route_networks);
    let mut tables =
        FareTables { stop_zones: std::mem::take(&mut draft.zones), route_networks, ..FareTables::default() };
    archive.each_row(&FARE_ATTRIBUTES, findings, |row, findings| {
        tables.attributes.extend(attribute(row, draft, findings));
    });
    unique(archive, &FARE_MEDIA, "fare_media_id", findings, |row, findings| {
        let kinds =
            [MediaKind::None, MediaKind::Paper, MediaKind::TransitCard, MediaKind::BankCard, MediaKind::App];
        let kind = kinds[usize::from(row.choice("fare_media_type", 4, 0, findings))];
        tables.media.push(FareMedia {
            id: text(row, "fare_media_id"),
            name: text(row, "fare_media_name"),
            kind,
        });
    });
    unique(archive, &RIDER_CATEGORIES, "rider_category_id", findings, |row, findings| {
        tables.rider_categories.push(RiderCategory {
            id: text(row, "rider_category_id"),
            name: text(row, "rider_category_name"),
            is_default: row.choice("is_default_fare_category", 1, 0, findings) == 1,
        });
    });
    let mut products = Products::of(&tables);
    archive.each_row(&FARE_PRODUCTS, findings, |row, findings| {
        tables.products.extend(products.read(row, findings));
    });
    archive.each_row(&TIMEFRAMES, findings, |row, findings| {
        tables.timeframes.extend(timeframe(row, draft, findings))
    });
    let named = |row: &Row<'_>, id, name| Named { id: text(row, id), name: text(row, name) };
    unique(archive, &AREAS, "area_id", findings, |row, _| {
        tables.areas.push(named(row, "area_id", "area_name"))
    });
    unique(archive, &NETWORKS, "network_id", findings, |row, _| {
        tables.networks.push(named(row, "network_id", "network_name"));
    });
    archive.each_row(&STOP_AREAS, findings, |row, findings| match draft.timetable.stop(row.get("stop_id")) {
        Some(stop) => tables.stop_areas.push((text(row, "area_id"), stop)),
        None => unknown(row, "stop_id", findings),
    });
    archive.each_row(&ROUTE_NETWORKS, findings, |row, findings| {
        match draft.timetable.route(row.get("route_id")) {
            Some(route) => tables.route_networks.push((text(row, "network_id"), route)),
            None => unknown(row, "route_id", findings),
        }
    });
    fare_rules::rules(archive, draft, &mut tables, findings);
    tables
}

pub(super) fn text(row: &Row<'_>, name: &'static str) -> Box<str> {
    row.get(name).into()
}

/// Reports an id that is in no row of the file it points to.
pub(super) fn unknown(row: &Row<'_>, field: &'static str, findings: &mut Findings) {
    let advice = "add the row that this id points to, or correct the id; the row is left out";
    row.report(findings, Severity::Error, "foreign_key_violation", field, advice);
}

/// An id that is empty or in `known`; `None`, and a finding, otherwise.
pub(super) fn link(
    row: &Row<'_>,
    field: &'static str,
    known: &BTreeSet<Box<str>>,
    findings: &mut Findings,
) -> Option<Box<str>> {
    let id = row.get(field);
    if !id.is_empty() && !known.contains(id) {
        unknown(row, field, findings);
        return None;
    }
    Some(id.into())
}

/// Calls `each` with the first row of every id.
fn unique(
    archive: &Archive<'_>,
    spec: &'static FileSpec,
    id: &'static str,
    findings: &mut Findings,
    mut each: impl FnMut(&Row<'_>, &mut Findings),
) {
    let mut ids: BTreeSet<Box<str>> = BTreeSet::new();
    archive.each_row(spec, findings, |row, findings| {
        if row.required(id, findings).is_none() {
            return;
        }
        if ids.insert(text(row, id)) {
            each(row, findings);
        } else {
            let advice = "give each row its own id; the first row of an id is kept";
            row.report(findings, Severity::Error, "duplicate_key", id, advice);
        }
    });
}

fn money(
    row: &Row<'_>,
    amount: &'static str,
    currency: &'static str,
    findings: &mut Findings,
) -> Option<Money> {
    row.required(amount, findings)?;
    let letters = row.required(currency, findings)?;
    if Money::parse("0", letters).is_none() {
        let advice = "write the three capital letters of ISO 4217, such as THB; the row is left out";
        row.report(findings, Severity::Error, "invalid_currency", currency, advice);
        return None;
    }
    let advice = "write a decimal number with as many decimals as the currency has; the row is left out";
    row.parsed(amount, findings, "invalid_currency_amount", advice, |amount| Money::parse(amount, letters))
}

fn attribute(row: &Row<'_>, draft: &Draft, findings: &mut Findings) -> Option<FareAttribute> {
    let agency = draft.agencies.get(row.get("agency_id")).copied();
    if agency.is_none() && !row.get("agency_id").is_empty() {
        unknown(row, "agency_id", findings);
        return None;
    }
    Some(FareAttribute {
        id: row.required("fare_id", findings)?.into(),
        price: money(row, "price", "currency_type", findings)?,
        paid_before: row.choice("payment_method", 1, 0, findings) == 1,
        transfers: match row.get("transfers") {
            "" => None,
            _ => Some(row.choice("transfers", 2, 0, findings)),
        },
        agency,
        transfer_s: row
            .parsed("transfer_duration", findings, "invalid_integer", value::WHOLE, |v| v.parse().ok()),
    })
}

/// What the rows of `fare_products.txt` may point to, and which there were.
struct Products {
    media: BTreeSet<Box<str>>,
    riders: BTreeSet<Box<str>>,
    /// Product, rider category and medium.
    seen: BTreeSet<[Box<str>; 3]>,
}

impl Products {
    fn of(tables: &FareTables) -> Self {
        Self {
            media: tables.media.iter().map(|m| m.id.clone()).collect(),
            riders: tables.rider_categories.iter().map(|c| c.id.clone()).collect(),
            seen: BTreeSet::new(),
        }
    }

    fn read(&mut self, row: &Row<'_>, findings: &mut Findings) -> Option<FareProduct> {
        let product = FareProduct {
            id: row.required("fare_product_id", findings)?.into(),
            name: text(row, "fare_product_name"),
            rider_category: link(row, "rider_category_id", &self.riders, findings)?,
            media: link(row, "fare_media_id", &self.media, findings)?,
            amount: money(row, "amount", "currency", findings)?,
        };
        if !self.seen.insert([product.id.clone(), product.rider_category.clone(), product.media.clone()]) {
            let advice = "give a product one row for each medium and rider category; the first is kept";
            row.report(findings, Severity::Error, "duplicate_key", "fare_product_id", advice);
            return None;
        }
        Some(product)
    }
}

/// Midnight at the end of a day, which a timeframe may not pass.
const DAY_END: ServiceTime = ServiceTime(24 * 3600);

fn timeframe(row: &Row<'_>, draft: &Draft, findings: &mut Findings) -> Option<Timeframe> {
    let Some(&service) = draft.services.get(row.required("service_id", findings)?) else {
        unknown(row, "service_id", findings);
        return None;
    };
    if row.get("start_time").is_empty() != row.get("end_time").is_empty() {
        let (code, advice) =
            ("timeframe_only_start_or_end_time_specified", "give both times or none; the row is left out");
        row.report(findings, Severity::Error, code, "start_time", advice);
        return None;
    }
    let time = |name, default, findings: &mut Findings| match row.get(name) {
        "" => Some(default),
        _ => row.parsed(name, findings, "invalid_time", value::TIME, value::time),
    };
    let (start, end) = (time("start_time", ServiceTime(0), findings)?, time("end_time", DAY_END, findings)?);
    if start > DAY_END || end > DAY_END {
        let code = "timeframe_start_or_end_time_greater_than_twenty_four_hours";
        row.report(findings, Severity::Error, code, "end_time", "a timeframe ends at 24:00:00 at the latest");
        return None;
    }
    Some(Timeframe { group: row.required("timeframe_group_id", findings)?.into(), start, end, service })
}

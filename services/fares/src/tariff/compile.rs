//! Rows become small integers: what pricing looks things up in.
//!
//! Rules are found by (network, from area, to area), where [`EMPTY`] stands for a field left empty, so a
//! leg costs a handful of lookups however many rules there are.

use super::frames::{Days, Frame};
use super::rows::{Refused, Rows};
use super::{GroupIdx, NetworkRule};
use crate::money::Satang;
use gtfs::fares::{LimitKind, TransferKind};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::Arc;

/// An empty field of a rule.
pub(super) const EMPTY: u32 = u32::MAX;
/// Leg groups of a tariff; the last number is [`GroupIdx::NONE`].
pub(super) const GROUPS_MAX: usize = u16::MAX as usize;
/// Timeframe groups of a tariff: they are bits of a word.
pub(super) const FRAME_GROUPS_MAX: usize = 64;

/// Ids by number. The map is never iterated.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: FxHashMap<Arc<str>, u32>,
    pub(super) list: Vec<Arc<str>>,
}

impl Names {
    pub(super) fn of<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = Self::default();
        for id in ids {
            names.add(id);
        }
        names
    }

    fn add(&mut self, id: &str) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let (number, id) = (u32::try_from(self.list.len()).unwrap_or(EMPTY), Arc::<str>::from(id));
        self.numbers.insert(Arc::clone(&id), number);
        self.list.push(id);
        number
    }

    pub(super) fn get(&self, id: &str) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The number of an id, [`EMPTY`] of no id.
    fn or_empty(&self, id: &str, what: &str, wrong: &mut Vec<String>) -> u32 {
        if id.is_empty() {
            return EMPTY;
        }
        self.get(id).unwrap_or_else(|| {
            wrong.push(format!("{what} \"{id}\" is not defined: add it, or correct the id"));
            EMPTY
        })
    }
}

/// A row of a product.
#[derive(Debug)]
pub(super) struct ProductRow {
    /// A rider category, or [`EMPTY`] for all.
    pub(super) rider: u32,
    /// A medium, or [`EMPTY`] for any.
    pub(super) medium: u32,
    pub(super) amount: Satang,
    /// `bus adult`.
    pub(super) words: Arc<str>,
}

#[derive(Clone, Debug)]
pub(super) struct LegRule {
    /// In [`Compiled::product_rows`].
    pub(super) product: Range<u32>,
    pub(super) group: GroupIdx,
    /// Bits of which one must hold at the start; all for an empty field.
    pub(super) from_frames: u64,
    /// The same at the end.
    pub(super) to_frames: u64,
    /// 0 when the file has no priorities.
    pub(super) priority: u32,
}

#[derive(Debug)]
pub(super) struct TransferRule {
    /// `None` for any number.
    pub(super) count: Option<u32>,
    pub(super) limit: Option<(u32, LimitKind)>,
    pub(super) kind: TransferKind,
    /// `None` when changing is free.
    pub(super) product: Option<Range<u32>>,
}

#[derive(Debug)]
struct CompiledNetwork {
    rule: NetworkRule,
    /// By rider category.
    minimums: Vec<Satang>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    networks: Names,
    asks: Vec<CompiledNetwork>,
    routes: FxHashMap<Box<str>, u32>,
    areas_of_stop: FxHashMap<Box<str>, Range<u32>>,
    stop_areas: Vec<u32>,
    riders: Names,
    default_rider: u32,
    media: Names,
    pub(super) product_rows: Vec<ProductRow>,
    /// In file order.
    pub(super) leg_rules: Vec<LegRule>,
    /// Whether some rule holds only in a timeframe, at the start or at the end.
    pub(super) starts_matter: bool,
    pub(super) ends_matter: bool,
    legs: FxHashMap<[u32; 3], Vec<u32>>,
    /// Whether an empty field matches everything; otherwise what is listed here does not match it.
    empty_is_any: bool,
    listed_networks: Vec<bool>,
    listed_from: Vec<bool>,
    listed_to: Vec<bool>,
    groups: Names,
    pub(super) transfer_rules: Vec<TransferRule>,
    transfers: FxHashMap<[u32; 2], Vec<u32>>,
    listed_from_groups: Vec<bool>,
    listed_to_groups: Vec<bool>,
    /// By group bit, in row order.
    pub(super) frames: Vec<(u64, Frame, Days)>,
}

fn marked(size: usize, numbers: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut marks = vec![false; size];
    for number in numbers {
        if let Some(mark) = marks.get_mut(number as usize) {
            *mark = true;
        }
    }
    marks
}

/// Rows of each product, side by side.
struct Products {
    rows: Vec<ProductRow>,
    ranges: FxHashMap<Box<str>, Range<u32>>,
}

impl Products {
    fn of(rows: &Rows, riders: &Names, media: &Names, wrong: &mut Vec<String>) -> Self {
        let ids = Names::of(rows.products.iter().map(|product| &*product.id));
        let mut by_id: Vec<Vec<ProductRow>> = ids.list.iter().map(|_| Vec::new()).collect();
        for product in &rows.products {
            if product.amount.currency != rows.currency {
                wrong.push(format!(
                    "product \"{}\" costs {}, but the tariff is in {}: use one currency",
                    product.id,
                    product.amount,
                    String::from_utf8_lossy(&rows.currency)
                ));
            }
            let words = format!("{} {}", product.id, product.rider_category);
            let row = ProductRow {
                rider: riders.or_empty(&product.rider_category, "rider category", wrong),
                medium: media.or_empty(&product.media, "fare medium", wrong),
                amount: Satang(product.amount.minor),
                words: words.trim_end().into(),
            };
            if let Some(list) = ids.get(&product.id).and_then(|id| by_id.get_mut(id as usize)) {
                list.push(row);
            }
        }
        let mut products = Self { rows: Vec::new(), ranges: FxHashMap::default() };
        for (id, list) in ids.list.iter().zip(by_id) {
            let start = products.rows.len() as u32;
            products.rows.extend(list);
            products.ranges.insert((**id).into(), start..products.rows.len() as u32);
        }
        products
    }

    fn range(&self, id: &str, wrong: &mut Vec<String>) -> Range<u32> {
        self.ranges.get(id).cloned().unwrap_or_else(|| {
            wrong.push(format!("product \"{id}\" is not defined: add it, or correct the id"));
            0..0
        })
    }
}

impl Compiled {
    pub(super) fn of(rows: &Rows) -> Result<Self, Refused> {
        let mut wrong = Vec::new();
        let networks = Names::of(
            rows.networks.iter().map(|n| &*n.id).chain(rows.route_networks.iter().map(|(n, _)| &**n)),
        );
        let riders = Names::of(rows.riders.iter().map(|rider| &*rider.id));
        let media = Names::of(rows.media.iter().map(|medium| &*medium.id));
        let areas = Names::of(rows.areas.iter().map(|area| &*area.id));
        let groups =
            Names::of(rows.leg_rules.iter().map(|rule| &*rule.leg_group).filter(|group| !group.is_empty()));
        let products = Products::of(rows, &riders, &media, &mut wrong);
        let (frames, frame_groups) = frames(rows, &mut wrong);
        if groups.list.len() >= GROUPS_MAX {
            wrong.push(format!("there are {} leg groups, more than {GROUPS_MAX}", groups.list.len()));
        }
        let default_rider = rows.riders.iter().find(|rider| rider.is_default);
        let default_rider = default_rider.and_then(|rider| riders.get(&rider.id)).unwrap_or(EMPTY);
        let mut compiled = Self {
            asks: Vec::new(),
            routes: FxHashMap::default(),
            areas_of_stop: FxHashMap::default(),
            stop_areas: Vec::new(),
            default_rider,
            leg_rules: Vec::new(),
            starts_matter: rows.leg_rules.iter().any(|rule| !rule.from_timeframe.is_empty()),
            ends_matter: rows.leg_rules.iter().any(|rule| !rule.to_timeframe.is_empty()),
            legs: FxHashMap::default(),
            empty_is_any: rows.priorities,
            listed_networks: Vec::new(),
            listed_from: Vec::new(),
            listed_to: Vec::new(),
            transfer_rules: Vec::new(),
            transfers: FxHashMap::default(),
            listed_from_groups: Vec::new(),
            listed_to_groups: Vec::new(),
            product_rows: Vec::new(),
            networks,
            riders,
            media,
            groups,
            frames,
        };
        compiled.add_legs(rows, &areas, &products, &frame_groups, &mut wrong);
        compiled.add_transfers(rows, &products, &mut wrong);
        compiled.product_rows = products.rows;
        compiled.add_places(rows, &areas, &mut wrong);
        compiled.add_asks(rows, &mut wrong);
        compiled.check_caps(rows, &mut wrong);
        if wrong.is_empty() { Ok(compiled) } else { Err(Refused(wrong)) }
    }

    fn add_legs(
        &mut self,
        rows: &Rows,
        areas: &Names,
        products: &Products,
        frame_groups: &Names,
        wrong: &mut Vec<String>,
    ) {
        let mut keys = Vec::new();
        for (at, rule) in rows.leg_rules.iter().enumerate() {
            let key = [
                self.networks.or_empty(&rule.network, "network", wrong),
                areas.or_empty(&rule.from_area, "area", wrong),
                areas.or_empty(&rule.to_area, "area", wrong),
            ];
            let mut bits = |group: &str| match frame_groups.or_empty(group, "timeframe group", wrong) {
                EMPTY => u64::MAX,
                bit => 1u64.checked_shl(bit).unwrap_or(0),
            };
            let (from_frames, to_frames) = (bits(&rule.from_timeframe), bits(&rule.to_timeframe));
            self.leg_rules.push(LegRule {
                product: products.range(&rule.product, wrong),
                group: self.groups.get(&rule.leg_group).map_or(GroupIdx::NONE, |n| GroupIdx(n as u16)),
                from_frames,
                to_frames,
                priority: if rows.priorities { rule.priority.unwrap_or(0) } else { 0 },
            });
            let dear = self.leg_rules.last().map(|rule| rule.product.clone()).unwrap_or_default();
            let rows = products.rows.get(dear.start as usize..dear.end as usize).unwrap_or_default();
            if rows.iter().any(|row| row.amount < Satang(0)) {
                wrong.push(format!(
                    "product \"{}\" is below zero and sold for a leg: use it for changes only",
                    rule.product
                ));
            }
            self.legs.entry(key).or_default().push(at as u32);
            keys.push(key);
        }
        self.listed_networks = marked(self.networks.list.len(), keys.iter().map(|key| key[0]));
        self.listed_from = marked(areas.list.len(), keys.iter().map(|key| key[1]));
        self.listed_to = marked(areas.list.len(), keys.iter().map(|key| key[2]));
    }

    fn add_transfers(&mut self, rows: &Rows, products: &Products, wrong: &mut Vec<String>) {
        let mut keys = Vec::new();
        for (at, rule) in rows.transfer_rules.iter().enumerate() {
            let key = [
                self.groups.or_empty(&rule.from_leg_group, "leg group", wrong),
                self.groups.or_empty(&rule.to_leg_group, "leg group", wrong),
            ];
            self.transfer_rules.push(TransferRule {
                count: rule.count.filter(|_| rule.from_leg_group == rule.to_leg_group),
                limit: rule.limit,
                kind: rule.kind,
                product: (!rule.product.is_empty()).then(|| products.range(&rule.product, wrong)),
            });
            self.transfers.entry(key).or_default().push(at as u32);
            keys.push(key);
        }
        self.listed_from_groups = marked(self.groups.list.len(), keys.iter().map(|key| key[0]));
        self.listed_to_groups = marked(self.groups.list.len(), keys.iter().map(|key| key[1]));
    }

    fn add_places(&mut self, rows: &Rows, areas: &Names, wrong: &mut Vec<String>) {
        for (network, route) in &rows.route_networks {
            if let Some(number) = self.networks.get(network)
                && self.routes.insert(route.clone(), number).is_some_and(|other| other != number)
            {
                wrong.push(format!("route \"{route}\" is in two networks: leave it in one"));
            }
        }
        let mut of_stops: Vec<(&str, u32)> = rows
            .stop_areas
            .iter()
            .map(|(area, stop)| (&**stop, areas.or_empty(area, "area", wrong)))
            .collect();
        of_stops.sort_unstable();
        of_stops.dedup();
        for (stop, area) in of_stops {
            let end = self.stop_areas.len() as u32;
            self.areas_of_stop.entry(stop.into()).or_insert(end..end).end = end + 1;
            self.stop_areas.push(area);
        }
    }

    fn add_asks(&mut self, rows: &Rows, wrong: &mut Vec<String>) {
        for number in 0..self.networks.list.len() {
            let id = Arc::clone(&self.networks.list[number]);
            let network = rows.networks.iter().find(|network| *network.id == *id);
            let said = network.map_or(&[][..], |network| &network.minimum);
            for (rider, _) in said {
                self.riders.or_empty(rider, "rider category", wrong);
            }
            let least = |rider: u32| {
                let said = said.iter().find(|(id, _)| self.riders.get(id) == Some(rider));
                said.map_or_else(|| self.cheapest(number as u32, rider), |(_, amount)| *amount)
            };
            let minimums = (0..self.riders.list.len() as u32).map(least).collect();
            let rule = NetworkRule {
                tap_off: network.is_some_and(|network| network.tap_off),
                ends_anywhere: network.is_some_and(|network| network.ends_anywhere),
                minimum: least(self.default_rider),
            };
            self.asks.push(CompiledNetwork { rule, minimums });
        }
    }

    fn check_caps(&self, rows: &Rows, wrong: &mut Vec<String>) {
        for cap in &rows.caps {
            for network in &cap.networks {
                self.networks.or_empty(network, "network", wrong);
            }
            for (rider, _) in &cap.amounts {
                self.riders.or_empty(rider, "rider category", wrong);
            }
        }
    }

    /// The cheapest that any rule of a network asks of a rider.
    fn cheapest(&self, network: u32, rider: u32) -> Satang {
        let empty_fits = self.empty_is_any || !self.listed_networks[network as usize];
        let own = self.legs.iter().filter(|(key, _)| key[0] == network || key[0] == EMPTY && empty_fits);
        let default = |rule: &u32| {
            let rows = &self.product_rows[self.leg_rules[*rule as usize].product.start as usize
                ..self.leg_rules[*rule as usize].product.end as usize];
            let of = |rider| rows.iter().filter(move |row| row.rider == rider || row.rider == EMPTY);
            of(rider)
                .map(|row| row.amount)
                .min()
                .or_else(|| of(self.default_rider).map(|row| row.amount).min())
        };
        own.flat_map(|(_, rules)| rules.iter().filter_map(default)).min().unwrap_or_default()
    }

    pub(super) fn network_of(&self, route: &str) -> Option<&Arc<str>> {
        self.networks.list.get(*self.routes.get(route)? as usize)
    }

    pub(super) fn rule(&self, network: &str) -> NetworkRule {
        self.ask(network).map(|ask| ask.rule).unwrap_or_default()
    }

    pub(super) fn minimum(&self, network: &str, rider: &str) -> Satang {
        let rider = self.rider(rider) as usize;
        self.ask(network)
            .map(|ask| ask.minimums.get(rider).copied().unwrap_or(ask.rule.minimum))
            .unwrap_or_default()
    }

    fn ask(&self, network: &str) -> Option<&CompiledNetwork> {
        self.asks.get(self.networks.get(network)? as usize)
    }

    pub(super) fn default_rider(&self) -> &str {
        self.riders.list.get(self.default_rider as usize).map_or("", |id| id)
    }

    pub(super) fn default_rider_number(&self) -> u32 {
        self.default_rider
    }

    pub(super) fn group_id(&self, group: GroupIdx) -> &str {
        self.groups.list.get(usize::from(group.0)).map_or("", |id| id)
    }

    pub(super) fn group_named(&self, id: &str) -> GroupIdx {
        let number = self.groups.get(id).and_then(|number| u16::try_from(number).ok());
        number.map_or(GroupIdx::NONE, GroupIdx)
    }

    /// The number of a rider category; the default one's when it is not known.
    pub(super) fn rider(&self, id: &str) -> u32 {
        self.riders.get(id).unwrap_or(self.default_rider)
    }

    pub(super) fn knows_rider(&self, id: &str) -> bool {
        self.riders.get(id).is_some()
    }

    /// `None` for any medium; a medium that is not known is none of the known ones.
    pub(super) fn medium(&self, id: &str) -> Option<u32> {
        if id.is_empty() { None } else { Some(self.media.get(id).unwrap_or(EMPTY)) }
    }

    fn areas(&self, stop: &str) -> &[u32] {
        let range = self.areas_of_stop.get(stop).cloned().unwrap_or(0..0);
        &self.stop_areas[range.start as usize..range.end as usize]
    }

    /// Calls `each` with the number of every leg rule whose network and areas fit.
    pub(super) fn each_leg_rule(&self, network: &str, from: &str, to: &str, mut each: impl FnMut(u32)) {
        let (from, to) = (self.areas(from), self.areas(to));
        let listed = |marks: &[bool], numbers: &[u32]| {
            numbers.iter().any(|n| marks.get(*n as usize).copied().unwrap_or(false))
        };
        let network = self.networks.get(network);
        let empty_fits =
            |marks: &[bool], numbers: &[u32]| (self.empty_is_any || !listed(marks, numbers)).then_some(EMPTY);
        let networks = network.into_iter().chain(empty_fits(&self.listed_networks, network.as_slice()));
        let (any_from, any_to) = (empty_fits(&self.listed_from, from), empty_fits(&self.listed_to, to));
        for network in networks {
            for from in from.iter().copied().chain(any_from) {
                for to in to.iter().copied().chain(any_to) {
                    self.legs.get(&[network, from, to]).into_iter().flatten().for_each(|rule| each(*rule));
                }
            }
        }
    }

    /// Calls `each` with the number of every transfer rule whose groups fit.
    pub(super) fn each_transfer_rule(&self, from: GroupIdx, to: GroupIdx, mut each: impl FnMut(u32)) {
        let free = |marks: &[bool], group: GroupIdx| marks.get(usize::from(group.0)) == Some(&false);
        let any_from = free(&self.listed_from_groups, from).then_some(EMPTY);
        let any_to = free(&self.listed_to_groups, to).then_some(EMPTY);
        for from in [Some(u32::from(from.0)), any_from].into_iter().flatten() {
            for to in [Some(u32::from(to.0)), any_to].into_iter().flatten() {
                self.transfers.get(&[from, to]).into_iter().flatten().for_each(|rule| each(*rule));
            }
        }
    }
}

fn frames(rows: &Rows, wrong: &mut Vec<String>) -> (Vec<(u64, Frame, Days)>, Names) {
    let groups = Names::of(rows.frames.iter().map(|frame| &*frame.group));
    if groups.list.len() > FRAME_GROUPS_MAX {
        wrong.push(format!("there are {} timeframe groups, more than {FRAME_GROUPS_MAX}", groups.list.len()));
        return (Vec::new(), groups);
    }
    let mut frames = Vec::new();
    for frame in &rows.frames {
        match rows.days.iter().find(|days| days.service == frame.service) {
            Some(days) => {
                let bit = groups.get(&frame.group).and_then(|n| 1u64.checked_shl(n)).unwrap_or(0);
                frames.push((bit, frame.clone(), days.clone()));
            }
            None => wrong
                .push(format!("service \"{}\" of a timeframe is not defined: add its days", frame.service)),
        }
    }
    (frames, groups)
}

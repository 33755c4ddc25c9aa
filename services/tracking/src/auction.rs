//! Who gets what, when several vehicles may be on several duties: one vehicle a duty, one duty a
//! vehicle, the likeliest whole.
//!
//! Pure arithmetic over offers. The best assignment is found by the Hungarian method (Kuhn 1955, in
//! the shortest augmenting path form of Jonker & Volgenant 1987); its *margin* for a vehicle is by how
//! much the best whole in which that vehicle has something else is worse, all others free to move
//! too. So the order of vehicles along a line counts without a rule of its own: that all are on the
//! departure after the one they seem to be on is one alternative, and a costly one.
//!
//! What always holds: no lot goes to two bidders; the order of the offers changes nothing but which of
//! exact equals wins.

/// A vehicle may be on a duty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Offer {
    /// Index of the vehicle.
    pub(crate) bidder: usize,
    /// Index of the duty.
    pub(crate) lot: usize,
    /// Nats by which that is likelier than being on none.
    pub(crate) worth: f64,
    /// Which way that would be driving.
    pub(crate) way: usize,
}

/// What a vehicle gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Award {
    /// The offer that stands; `None` for none.
    pub(crate) offer: Option<usize>,
    /// Nats by which the best whole is worse in which it has something else.
    pub(crate) margin: f64,
    /// The same, where that is another way to drive, not another departure of the same.
    pub(crate) way_margin: f64,
    /// Its posterior, each alternative weighed by the best whole that has it.
    pub(crate) share: f64,
}

/// Vehicles that are settled together; of a larger knot none gets anything this time.
pub(crate) const KNOT_MAX: usize = 128;
/// Worth of an offer that was not made.
const NEVER: f64 = 1e6;

/// Settles the offers of `bidders` vehicles for `lots` duties.
pub(crate) fn settle(bidders: usize, lots: usize, offers: &[Offer]) -> Vec<Award> {
    let mut awards = vec![Award { offer: None, margin: 0.0, way_margin: 0.0, share: 0.0 }; bidders];
    for knot in knots(bidders, lots, offers) {
        if knot.bidders.len() <= KNOT_MAX {
            settle_knot(&knot, offers, &mut awards);
        }
    }
    awards
}

/// Vehicles that compete, directly or through others.
struct Knot {
    bidders: Vec<usize>,
    /// Positions of their offers.
    offers: Vec<usize>,
}

fn knots(bidders: usize, lots: usize, offers: &[Offer]) -> Vec<Knot> {
    let mut root: Vec<usize> = (0..bidders + lots).collect();
    fn find(root: &mut [usize], mut at: usize) -> usize {
        while root[at] != at {
            root[at] = root[root[at]];
            at = root[at];
        }
        at
    }
    for offer in offers {
        let (a, b) = (find(&mut root, offer.bidder), find(&mut root, bidders + offer.lot));
        root[a.max(b)] = a.min(b);
    }
    let mut knots: Vec<Option<Knot>> = Vec::new();
    knots.resize_with(bidders + lots, || None);
    for (at, offer) in offers.iter().enumerate() {
        let here = find(&mut root, offer.bidder);
        let knot = knots[here].get_or_insert_with(|| Knot { bidders: Vec::new(), offers: Vec::new() });
        knot.offers.push(at);
        if !knot.bidders.contains(&offer.bidder) {
            knot.bidders.push(offer.bidder);
        }
    }
    knots.into_iter().flatten().collect()
}

fn settle_knot(knot: &Knot, offers: &[Offer], awards: &mut [Award]) {
    let mut lots: Vec<usize> = knot.offers.iter().map(|&at| offers[at].lot).collect();
    lots.sort_unstable();
    lots.dedup();
    let (rows, columns) = (knot.bidders.len(), lots.len());
    let mut table = Table { columns: columns + rows, cost: vec![NEVER; rows * (columns + rows)] };
    let mut which = vec![None; rows * columns];
    for &at in &knot.offers {
        let offer = &offers[at];
        let row = knot.bidders.iter().position(|&bidder| bidder == offer.bidder).unwrap_or(0);
        let column = lots.partition_point(|&lot| lot < offer.lot);
        if -offer.worth < table.at(row, column) {
            table.cost[row * table.columns + column] = -offer.worth;
            which[row * columns + column] = Some(at);
        }
    }
    for row in 0..rows {
        // To be on none is worth nothing, and no two vehicles compete for it.
        table.cost[row * table.columns + columns + row] = 0.0;
    }
    let taken = table.cheapest();
    let moves = Moves::of(&table, &taken);
    for (row, &bidder) in knot.bidders.iter().enumerate() {
        let mut award = Award { offer: None, margin: f64::INFINITY, way_margin: f64::INFINITY, share: 1.0 };
        if taken[row] < columns {
            award.offer = which[row * columns + taken[row]];
        }
        let options = (0..columns).filter(|&c| table.at(row, c) < NEVER).chain([columns + row]);
        for column in options.filter(|&column| column != taken[row]) {
            let worse = moves.worse(&table, &taken, row, column).max(0.0);
            award.margin = award.margin.min(worse);
            award.share += libm::exp(-worse);
            let way = (column < columns).then(|| which[row * columns + column]).flatten();
            let is_way = |at: usize| award.offer.is_some_and(|own| offers[own].way != offers[at].way);
            if way.is_some_and(is_way) {
                award.way_margin = award.way_margin.min(worse);
            }
        }
        award.share = 1.0 / award.share;
        awards[bidder] = award;
    }
}

/// Costs of rows taking columns; never more rows than columns.
struct Table {
    columns: usize,
    cost: Vec<f64>,
}

impl Table {
    fn at(&self, row: usize, column: usize) -> f64 {
        self.cost[row * self.columns + column]
    }

    fn rows(&self) -> usize {
        self.cost.len() / self.columns.max(1)
    }

    /// The column of each row in the cheapest assignment.
    fn cheapest(&self) -> Vec<usize> {
        let (rows, columns) = (self.rows(), self.columns);
        let (mut row_price, mut column_price) = (vec![0.0; rows], vec![0.0; columns]);
        // The row that has each column.
        let mut holder: Vec<Option<usize>> = vec![None; columns];
        for row in 0..rows {
            let (mut least, mut via) = (vec![f64::INFINITY; columns], vec![None; columns]);
            let mut done = vec![false; columns];
            let (mut at, mut here): (usize, Option<usize>) = (row, None);
            loop {
                let (mut step, mut next) = (f64::INFINITY, 0);
                for column in (0..columns).filter(|&column| !done[column]) {
                    let reduced = self.at(at, column) - row_price[at] - column_price[column];
                    if reduced < least[column] {
                        (least[column], via[column]) = (reduced, here);
                    }
                    if least[column] < step {
                        (step, next) = (least[column], column);
                    }
                }
                row_price[row] += step;
                for column in 0..columns {
                    match (done[column], holder[column]) {
                        (true, Some(has)) => {
                            row_price[has] += step;
                            column_price[column] -= step;
                        }
                        (true, None) => column_price[column] -= step,
                        (false, _) => least[column] -= step,
                    }
                }
                done[next] = true;
                here = Some(next);
                match holder[next] {
                    Some(has) => at = has,
                    None => break,
                }
            }
            // Back along the path: each column goes to the row that came to it.
            while let Some(column) = here {
                holder[column] = via[column].and_then(|before| holder[before]).or(Some(row));
                here = via[column];
            }
        }
        let mut taken = vec![0; rows];
        for (column, row) in holder.iter().enumerate() {
            if let Some(row) = row {
                taken[*row] = column;
            }
        }
        taken
    }
}

/// What it costs at least to move rows between columns, others making room.
struct Moves {
    rows: usize,
    /// From a row to the column of another, by any chain.
    chain: Vec<f64>,
    /// From a row, by any chain, to a column that nobody has.
    leave: Vec<f64>,
    /// Into the column of a row that has left it, by any chain; not above 0, as it may stay empty.
    fill: Vec<f64>,
}

impl Moves {
    fn of(table: &Table, taken: &[usize]) -> Self {
        let rows = taken.len();
        let own = |row: usize| table.at(row, taken[row]);
        let mut chain = vec![0.0; rows * rows];
        for from in 0..rows {
            for to in (0..rows).filter(|&to| to != from) {
                chain[from * rows + to] = table.at(from, taken[to]) - own(from);
            }
        }
        // Floyd and Warshall: there is no cycle that gains, or the assignment were not the cheapest.
        for by in 0..rows {
            for from in 0..rows {
                for to in 0..rows {
                    let round = chain[from * rows + by] + chain[by * rows + to];
                    let direct = &mut chain[from * rows + to];
                    *direct = direct.min(round);
                }
            }
        }
        let mut free = vec![true; table.columns];
        for &column in taken {
            free[column] = false;
        }
        let out = |row: usize| {
            let columns = (0..table.columns).filter(|&column| free[column]);
            columns.map(|column| table.at(row, column)).fold(f64::INFINITY, f64::min) - own(row)
        };
        let out: Vec<f64> = (0..rows).map(out).collect();
        let least = |costs: &mut dyn Iterator<Item = f64>| costs.fold(f64::INFINITY, f64::min);
        let leave = (0..rows).map(|row| least(&mut (0..rows).map(|by| chain[row * rows + by] + out[by])));
        let fill = (0..rows).map(|row| least(&mut (0..rows).map(|by| chain[by * rows + row])));
        let (leave, fill) = (leave.collect(), fill.collect());
        Self { rows, chain, leave, fill }
    }

    /// By how much the whole is worse when `row` takes `column`.
    fn worse(&self, table: &Table, taken: &[usize], row: usize, column: usize) -> f64 {
        let moved = table.at(row, column) - table.at(row, taken[row]);
        let Some(out) = taken.iter().position(|&has| has == column) else { return moved + self.fill[row] };
        moved + self.chain[out * self.rows + row].min(self.leave[out] + self.fill[row])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn offers(rows: &[&[f64]]) -> Vec<Offer> {
        let row = |(bidder, worths): (usize, &&[f64])| {
            let offer = move |(lot, &worth): (usize, &f64)| Offer { bidder, lot, worth, way: lot };
            worths.iter().enumerate().map(offer).filter(|o| o.worth > -NEVER).collect::<Vec<_>>()
        };
        rows.iter().enumerate().flat_map(row).collect()
    }

    fn lots(awards: &[Award], offers: &[Offer]) -> Vec<Option<usize>> {
        awards.iter().map(|award| award.offer.map(|at| offers[at].lot)).collect()
    }

    #[test]
    fn a_vehicle_alone_gets_what_fits_best_and_its_lead() {
        let offers = offers(&[&[5.0, 1.0]]);
        let awards = settle(1, 2, &offers);
        assert_eq!(lots(&awards, &offers), [Some(0)]);
        assert!((awards[0].margin - 4.0).abs() < 1e-9);
        assert!(awards[0].share > 0.97);
    }

    #[test]
    fn of_two_that_want_the_same_the_better_gets_it_and_the_other_its_second() {
        let offers = offers(&[&[5.0, 4.5], &[5.0, -3.0]]);
        let awards = settle(2, 2, &offers);
        assert_eq!(lots(&awards, &offers), [Some(1), Some(0)]);
        // Alone the first would be torn; that the second has the other lot decides it.
        assert!((awards[0].margin - 4.5).abs() < 1e-9, "{}", awards[0].margin);
    }

    #[test]
    fn a_vehicle_that_fits_nothing_gets_nothing() {
        let offers = offers(&[&[-1.0]]);
        assert_eq!(settle(1, 1, &offers)[0].offer, None);
        assert_eq!(settle(3, 0, &[]).len(), 3);
    }

    /// All ways to give lots to bidders, the best worth and each bidder's best with another lot.
    fn by_trying(rows: usize, lots: usize, offers: &[Offer]) -> (f64, Vec<Vec<f64>>) {
        let mut best = f64::NEG_INFINITY;
        let mut with = vec![vec![f64::NEG_INFINITY; lots + 1]; rows];
        let mut choice = vec![lots; rows];
        for code in 0..(lots + 1).pow(rows as u32) {
            let mut rest = code;
            for slot in &mut choice {
                (*slot, rest) = (rest % (lots + 1), rest / (lots + 1));
            }
            let mut worth = 0.0;
            for (row, &lot) in choice.iter().enumerate().filter(|(_, lot)| **lot < lots) {
                let made = offers.iter().find(|o| o.bidder == row && o.lot == lot);
                let twice = choice.iter().filter(|other| **other == lot).count() > 1;
                worth += made.filter(|_| !twice).map_or(-NEVER, |o| o.worth);
            }
            best = best.max(worth);
            for (row, &lot) in choice.iter().enumerate() {
                with[row][lot] = with[row][lot].max(worth);
            }
        }
        (best, with)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_best_whole_and_its_margins_are_those_found_by_trying_all(
            worths in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, -4.0f64..8.0), 4), 1..5)
        ) {
            let rows: Vec<Vec<f64>> =
                worths.iter().map(|row| row.iter().map(|w| w.unwrap_or(-NEVER)).collect()).collect();
            let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let offers = offers(&slices);
            let awards = settle(rows.len(), 4, &offers);
            let (best, with) = by_trying(rows.len(), 4, &offers);
            let total: f64 = awards.iter().filter_map(|a| a.offer).map(|at| offers[at].worth).sum();
            prop_assert!((total - best).abs() < 1e-6, "{total} {best}");
            for (row, award) in awards.iter().enumerate().filter(|(row, _)| offers.iter().any(|o| o.bidder == *row)) {
                let has = award.offer.map_or(4, |at| offers[at].lot);
                let other = (0..5).filter(|lot| *lot != has).map(|lot| with[row][lot]).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!((award.margin - (best - other)).abs() < 1e-6, "{} {}", award.margin, best - other);
            }
        }
    }
}

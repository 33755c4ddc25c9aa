//! C-TRAN (Vancouver, Washington) as published for autumn 2025, priced by hand from its files.
//!
//! Single rides: local 1.25 (honored citizen 0.60, youth free), regional 2.50 (1.25, 1.25), express 3.00
//! for all. A ride is good for 2 1/2 hours from its first boarding (9000 s, duration_limit_type 1); a dearer
//! leg costs the difference. Free on New Year's Eve from 18:00 to 03:00.

use crate::help::{compare, shared, timetable};
use fares::Tariff;

/// Wednesday 1 October 2025 unless a date says otherwise; media: 0 cash, 1 ticket, 2 card, 3 bank card, 4 app.
const CASES: &str = "
ADULT 0           | 2025-10-01 LOCAL/050 07:30-07:50                                       | 1.25                      | adult, local
HONORED_CITIZEN 2 | 2025-10-01 LOCAL/050 07:30-07:50                                       | 0.60                      | honored citizen, local
YOUTH 2           | 2025-10-01 LOCAL/050 07:30-07:50                                       | 0.00                      | youth rides local for nothing
YOUTH 1           | 2025-10-01 LOCAL/050 07:30-07:50                                       | 1.25                      | no youth row on a ticket: as an adult
- 0               | 2025-10-01 LOCAL/050 07:30-07:50                                       | 1.25                      | nothing known of the rider: the default category
HONORED_CITIZEN - | 2025-10-01 LOCAL/050 07:30-07:50                                       | 0.60                      | any medium
ADULT 0           | 2025-10-01 REGIONAL/060 07:30-07:50                                    | 2.50                      | adult, regional
ADULT 1           | 2025-10-01 REGIONAL/060 07:30-07:50                                    | ?                         | an adult regional ride is not sold on a ticket
YOUTH 1           | 2025-10-01 REGIONAL/060 07:30-07:50                                    | 1.25                      | but a youth one is
ADULT 4           | 2025-10-01 EXPRESS/105 10:00-10:40                                     | 3.00                      | adult, express, midday timeframe
HONORED_CITIZEN 2 | 2025-10-01 EXPRESS/105 10:00-10:40                                     | 3.00                      | the 1.50 midday product is in no leg rule
ADULT 2           | 2025-10-04 LOCAL/002 12:00-12:20                                       | 1.25                      | Saturday has one timeframe
ADULT 2           | 2025-10-01 LOCAL/002 08:59:30-09:20                                    | 1.25                      | 08:59:30 is in no timeframe; within the grace of two
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, LOCAL/006 09:30-09:50                | 1.25 + 0.00 = 1.25        | within 2 1/2 hours: 1.25 + 0
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, LOCAL/006 09:31-09:50                | 1.25 + 1.25 = 2.50        | a minute later: two rides
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, LOCAL/002 08:00-08:20                | 1.25 + 0.00 = 1.25        | GTFS has nothing against the way back
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, LOCAL/006 08:30-08:50, LOCAL/009 09:30-09:50 | 1.25 + 0.00 + 0.00 = 1.25 | the time counts from the first leg
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, LOCAL/006 08:30-08:50, LOCAL/009 09:31-09:50 | 1.25 + 0.00 + 1.25 = 2.50 | and not from the leg before
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, REGIONAL/060 07:30-07:50             | 1.25 + 1.25 = 2.50        | local to regional: 1.25 + 1.25
HONORED_CITIZEN 2 | 2025-10-01 LOCAL/002 07:00-07:20, REGIONAL/060 07:30-07:50             | 0.60 + 0.65 = 1.25        | honored citizen: 0.60 + 0.65
YOUTH 2           | 2025-10-01 LOCAL/002 07:00-07:20, REGIONAL/060 07:30-07:50             | 0.00 + 1.25 = 1.25        | no rule for youth: 0 and 1.25 apart
ADULT 2           | 2025-10-01 LOCAL/002 07:00-07:20, EXPRESS/105 07:30-07:50              | 1.25 + 1.75 = 3.00        | local to express: 1.25 + 1.75
HONORED_CITIZEN 2 | 2025-10-01 LOCAL/002 07:00-07:20, EXPRESS/105 07:30-07:50              | 0.60 + 0.90 = 1.50        | of 2.40 and 0.90, both for him, the lower
YOUTH 2           | 2025-10-01 LOCAL/002 07:00-07:20, EXPRESS/105 07:30-07:50              | 0.00 + 3.00 = 3.00        | youth: 0 + 3.00
HONORED_CITIZEN 1 | 2025-10-01 LOCAL/002 07:00-07:20, EXPRESS/105 07:30-07:50              | 0.60 + 3.00 = 3.60        | no change on a ticket: 0.60 and 3.00 apart
ADULT 3           | 2025-10-01 REGIONAL/060 07:00-07:20, EXPRESS/105 07:30-07:50           | 2.50 + 0.50 = 3.00        | regional to express: 2.50 + 0.50
ADULT 0           | 2025-10-01 EXPRESS/105 07:00-07:20, LOCAL/002 07:30-07:50              | 3.00 + 0.00 = 3.00        | express to local: 3.00 + 0
ADULT 0           | 2025-10-01 LOCAL/002 07:00-07:20, EXPRESS/105 07:30-07:50, LOCAL/006 08:00-08:20 | 1.25 + 1.75 + 0.00 = 3.00 | three legs: 1.25 + 1.75 + 0
ADULT 0           | 2025-12-31 EXPRESS/105 20:00-20:40                                     | 0.00                      | free on New Year's Eve
ADULT 0           | 2025-12-31 LOCAL/002 17:58-18:20                                       | 0.00                      | two minutes before, in the rider's favour
ADULT 0           | 2026-01-01 LOCAL/002 01:00-01:20                                       | 0.00                      | after midnight the date is New Year's; of two rules the lower
ADULT 0           | 2025-12-31 LOCAL/002 17:30-17:50, EXPRESS/105 18:20-18:40              | 1.25 + 0.00 = 1.25        | paid before, free after; no rule from local to free
ADULT 0           | 2026-01-01 LOCAL/002 01:30-01:50, LOCAL/006 03:30-03:50                | 0.00 + 0.00 = 0.00        | begun while free, ridden on after 03:00
";

#[test]
fn thirty_three_journeys_with_c_tran_cost_what_its_files_say() {
    let Some(folder) = shared("gtfs_fares_v2/ctran-fares-v2") else { return };
    let tariff = Tariff::from_feed(&timetable(&folder), None).expect("a tariff");
    assert_eq!(compare(&tariff, CASES), 33);
}

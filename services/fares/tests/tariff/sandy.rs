//! Sandy Area Metro and Mt. Hood Express (Oregon), 2025, priced by hand from their files.
//!
//! Four leg rules with rule_priority, so an empty area is any area: network 86 pays 1.00 (priority 1) and
//! not 0.00 (empty, so 0); network 188 pays 0.00 (priority 3) and not 2.00 (priority 2). Cash only, one
//! price for all riders, no transfer rules.

use crate::help::{compare, shared, timetable};
use fares::Tariff;

const CASES: &str = "
ADULT 0           | 2025-09-17 86/416 07:30-07:50                       | 1.00               | priority 1 before 0
ADULT 0           | 2025-09-17 188/1116 07:30-07:50                     | 0.00               | priority 3 before 2
HONORED_CITIZEN 0 | 2025-09-17 86/416 07:30-07:50                       | 1.00               | one price for all
YOUTH 0           | 2025-09-17 86/415 07:30-07:50                       | 1.00               | one price for all
ADULT -           | 2025-09-17 86/416 07:30-07:50                       | 1.00               | any medium
ADULT 2           | 2025-09-17 86/416 07:30-07:50                       | ?                  | a medium that nobody sells on
ADULT 0           | 2025-09-17 86:13520>13561/416 07:30-07:50           | 1.00               | stops in areas: empty is any
ADULT 0           | 2025-09-17 188:13524>13525/1115 07:30-07:50         | 0.00               | stops in no area, too
ADULT 0           | 2025-09-17 86/416 07:30-07:50, 86/415 08:00-08:20   | 1.00 + 1.00 = 2.00 | no transfer rules: each leg alone
YOUTH 0           | 2025-09-17 188/1116 07:30-07:50, 86/415 08:00-08:20 | 0.00 + 1.00 = 1.00 | free, then one dollar
ADULT 0           | 2025-09-17 87/416 07:30-07:50                       | ?                  | a network that is not there
";

#[test]
fn eleven_journeys_with_sandy_cost_what_its_files_say() {
    let Some(folder) = shared("gtfs_fares_v2/sandy-flex-fares-v2") else { return };
    let tariff = Tariff::from_feed(&timetable(&folder), None).expect("a tariff");
    assert_eq!(compare(&tariff, CASES), 11);
}

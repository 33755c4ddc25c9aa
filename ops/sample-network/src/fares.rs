//! The sample tariff as GTFS-Fares v2: bus flat, ferry by piers, a credit for changing.
//!
//! A sample, not a published price. Day caps have no place in GTFS-Fares v2 and are left out.

use crate::FeedFile;
use crate::facts::Facts;
use crate::tables::table;

/// rider_category_id, Thai name, share of the adult fare in percent, default.
const RIDERS: [(&str, &str, u32, &str); 4] = [
    ("adult", "ผู้ใหญ่", 100, "1"),
    ("senior", "ผู้สูงอายุ 60 ปีขึ้นไป", 50, "0"),
    ("student", "นักเรียน นักศึกษา", 90, "0"),
    ("free", "พระภิกษุ สามเณร ผู้พิการ", 0, "0"),
];
/// fare_product_id, Thai name, adult price in satang.
const PRODUCTS: [(&str, &str, i64); 5] = [
    ("bus", "รถโดยสาร เที่ยวเดียว", 1500),
    ("ferry1", "เรือ 1 ท่า", 1000),
    ("ferry2", "เรือ 2 ท่า", 1500),
    ("ferry3", "เรือ 3 ท่าขึ้นไป", 2000),
    ("change", "ส่วนลดต่อเที่ยว", -1000),
];
/// A change on the same mode counts within this time, bus to ferry or back within the longer one.
const CHANGE_SAME_S_MAX: u32 = 60 * 60;
const CHANGE_OTHER_S_MAX: u32 = 90 * 60;
/// Piers in order; their areas carry the ferry fares.
const PIERS: [&str; 6] = ["sothon", "marupong", "pitula", "sampokong", "banmai", "saman"];

fn row<const N: usize>(fields: [&str; N]) -> Vec<String> {
    fields.map(str::to_owned).to_vec()
}

/// All fare files.
pub(crate) fn files(facts: &Facts) -> anyhow::Result<Vec<FeedFile>> {
    let routes = facts.network.route.iter();
    Ok(vec![
        table(
            "networks.txt",
            "network_id,network_name",
            [row(["bus", "รถโดยสารไฟฟ้า"]), row(["ferry", "เรือไฟฟ้า"])],
        )?,
        table("route_networks.txt", "network_id,route_id", routes.map(|r| row([&r.agency, &r.id])))?,
        table("areas.txt", "area_id,area_name", PIERS.iter().map(|p| row([&format!("a-{p}"), p])))?,
        table(
            "stop_areas.txt",
            "area_id,stop_id",
            PIERS.iter().map(|p| row([&format!("a-{p}"), &format!("pier-{p}")])),
        )?,
        table(
            "fare_media.txt",
            "fare_media_id,fare_media_name,fare_media_type",
            // 2: a physical transit card (GTFS reference, fare_media.txt).
            [row(["card", "บัตรแปดริ้ว (ตัวอย่าง)", "2"])],
        )?,
        table(
            "rider_categories.txt",
            "rider_category_id,rider_category_name,is_default_fare_category",
            RIDERS.iter().map(|(id, name, _, default)| row([id, name, default])),
        )?,
        products()?,
        leg_rules()?,
        transfer_rules()?,
    ])
}

fn products() -> anyhow::Result<FeedFile> {
    let rows = PRODUCTS.iter().flat_map(|(id, name, satang)| {
        RIDERS.iter().map(move |(rider, _, percent, _)| {
            let satang = satang * i64::from(*percent) / 100;
            let sign = if satang < 0 { "-" } else { "" };
            let amount = format!("{sign}{}.{:02}", satang.abs() / 100, satang.abs() % 100);
            row([id, name, rider, "card", &amount, "THB"])
        })
    });
    table(
        "fare_products.txt",
        "fare_product_id,fare_product_name,rider_category_id,fare_media_id,amount,currency",
        rows,
    )
}

fn leg_rules() -> anyhow::Result<FeedFile> {
    let mut rows = vec![row(["leg-bus", "bus", "", "", "bus"])];
    for (i, from) in PIERS.iter().enumerate() {
        for (j, to) in PIERS.iter().enumerate().filter(|(j, _)| *j != i) {
            let product = format!("ferry{}", i.abs_diff(j).min(3));
            rows.push(row(["leg-ferry", "ferry", &format!("a-{from}"), &format!("a-{to}"), &product]));
        }
    }
    table("fare_leg_rules.txt", "leg_group_id,network_id,from_area_id,to_area_id,fare_product_id", rows)
}

fn transfer_rules() -> anyhow::Result<FeedFile> {
    let legs = ["leg-bus", "leg-ferry"];
    let rows = legs.iter().flat_map(|from| {
        legs.iter().map(move |to| {
            let limit = if from == to { CHANGE_SAME_S_MAX } else { CHANGE_OTHER_S_MAX };
            // -1: any number of changes, only defined within one leg group.
            let count = if from == to { "-1" } else { "" };
            // Limit type 1: departure to departure. Transfer type 1: A + credit + B.
            row([from, to, count, &limit.to_string(), "1", "1", "change"])
        })
    });
    table(
        "fare_transfer_rules.txt",
        "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,fare_transfer_type,fare_product_id",
        rows,
    )
}

//! Two kinds of day: weekdays, and weekends with public holidays.

use crate::FeedFile;
use crate::facts::Feed;
use crate::tables::table;
use chrono::Datelike as _;

/// service_id of Monday to Friday.
pub(crate) const WEEKDAY: &str = "weekday";
/// service_id of Saturday, Sunday and holidays.
pub(crate) const WEEKEND: &str = "weekend";

/// `calendar.txt`, `calendar_dates.txt`.
pub(crate) fn files(feed: &Feed) -> anyhow::Result<Vec<FeedFile>> {
    let (first, last) = (feed.first_day.format("%Y%m%d"), feed.last_day.format("%Y%m%d"));
    let week = |service: &str, weekday: u8, weekend: u8| {
        let (d, e) = (weekday, weekend);
        format!("{service},{d},{d},{d},{d},{d},{e},{e},{first},{last}")
            .split(',')
            .map(str::to_owned)
            .collect()
    };
    let calendar: Vec<Vec<String>> = vec![week(WEEKDAY, 1, 0), week(WEEKEND, 0, 1)];
    let mut exceptions = Vec::new();
    for day in feed.holidays.iter().filter(|day| day.weekday().num_days_from_monday() < 5) {
        let date = day.format("%Y%m%d").to_string();
        exceptions.push(vec![WEEKDAY.to_owned(), date.clone(), "2".to_owned()]);
        exceptions.push(vec![WEEKEND.to_owned(), date, "1".to_owned()]);
    }
    Ok(vec![
        table(
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
            calendar,
        )?,
        table("calendar_dates.txt", "service_id,date,exception_type", exceptions)?,
    ])
}

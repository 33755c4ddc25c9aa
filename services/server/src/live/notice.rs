//! What must be said wherever a sample network or a simulated fleet is shown.

use gtfs::Timetable;
use stop_display::frame::Text;

/// What a sample network's publisher says of itself.
const SAMPLE_PUBLISHER: &str = "sample network, not an official timetable";
const SAMPLE: [&str; 2] = ["เครือข่ายตัวอย่าง ไม่ใช่ตารางเดินรถจริง", "Sample network, not an official timetable"];
const SIMULATED: [&str; 2] = ["ตำแหน่งรถและเรือจำลอง", "Simulated vehicles"];

/// The notice for a timetable, and for a fleet that may be simulated.
#[must_use]
pub(super) fn notice(timetable: &Timetable, simulated: bool) -> Option<Text> {
    let is_sample = timetable.feed.publisher.to_lowercase().contains(SAMPLE_PUBLISHER);
    let parts: Vec<[&str; 2]> = [(is_sample, SAMPLE), (simulated, SIMULATED)]
        .into_iter()
        .filter(|(said, _)| *said)
        .map(|(_, t)| t)
        .collect();
    let joined = |lang: usize| parts.iter().map(|texts| texts[lang]).collect::<Vec<_>>().join(" · ");
    (!parts.is_empty()).then(|| Text::th_en(&joined(0), &joined(1)))
}

//! Days of the seeded city, each predicted by what was learned on the days before.
//!
//! `cargo run --profile judge -p city --example walk_forward -- [words]`, where words are `days=10`,
//! `train=3`, `seed=1`, `world=own|troubled|heavy_tails|incidents|wrong_shapes`, `period=30`,
//! `futures=24` (0: no oracle), `cold`, `thin=60`, `drop=0.2`, `shift=40`, `jitter=25`, `forget`,
//! `without=R3`, `only=R3`, `feed=5`, `late=0.3` (pulled out late), and `full` for every scorecard whole.

#![expect(clippy::print_stdout, reason = "an example prints")]

use city::World;
use city::told::Outcome;
use city::walk::{Plan, Walked, walk};
use std::collections::BTreeMap;
use tracking::score::{HORIZON_NAMES, Kind, Scorecard, Tally};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let plan = plan(&words)?;
    let full = words.iter().any(|word| word == "full");
    let mut sum = Sum::default();
    println!("{}", head());
    #[expect(clippy::disallowed_methods, reason = "an example says how long it took")]
    let began = std::time::Instant::now();
    walk(&plan, |walked| {
        println!("{}", line(&walked));
        print!("{}", walked.breaches.worst());
        let headway = walked.headway.as_ref().map(|(card, _)| card);
        for card in walked.card.iter().chain(headway).filter(|_| full) {
            println!("{}{}", tracking::score::render(card, &[]), tracking::score::render_cells(card));
        }
        sum.add(&walked);
    })?;
    println!("\n{}\n{:.0} s in all", sum.render(), began.elapsed().as_secs_f64());
    Ok(())
}

fn plan(words: &[String]) -> Result<Plan, Box<dyn std::error::Error>> {
    let given: BTreeMap<&str, &str> = words.iter().map(|w| w.split_once('=').unwrap_or((w, ""))).collect();
    let number = |name: &str, usual: f64| given.get(name).map_or(Ok(usual), |text| text.parse::<f64>());
    let seed = number("seed", 1.0)? as u64;
    let mut world = match given.get("world").copied().unwrap_or("own") {
        "own" => World::own(seed),
        "troubled" => World::troubled(seed),
        "heavy_tails" => World::heavy_tails(seed),
        "incidents" => World::incidents(seed),
        "wrong_shapes" => World::wrong_shapes(seed),
        other => return Err(format!("there is no world {other}").into()),
    };
    world.devices.period_s = number("period", 30.0)?;
    world.late_pull_outs = number("late", world.late_pull_outs)?;
    let mut plan = Plan::new(world, number("days", 10.0)? as usize);
    plan.train_only = number("train", 0.0)? as usize;
    plan.carry = !given.contains_key("cold");
    plan.futures = number("futures", 24.0)? as usize;
    plan.degrade.forget_trips = given.contains_key("forget");
    plan.degrade.thin_s = number("thin", 0.0)?;
    plan.degrade.drop_share = number("drop", 0.0)?;
    plan.degrade.shift_s = number("shift", 0.0)?;
    plan.degrade.shift_one_in = if plan.degrade.shift_s > 0.0 { 10 } else { 0 };
    plan.degrade.jitter_m = number("jitter", 0.0)?;
    let routes = ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "F1"];
    let named = |word: &str| given.get(word).and_then(|name| routes.into_iter().find(|route| route == name));
    (plan.held_out, plan.only) = (named("without"), named("only"));
    plan.new_feed_from = given.get("feed").map(|day| day.parse()).transpose()?;
    Ok(plan)
}

/// The rows of a scorecard that are printed a day, and where they stand in it.
const ROWS: [(&str, usize); 4] = [("told", 0), ("median", 1), ("timetable + delay", 2), ("history blend", 3)];

fn head() -> String {
    let names = ROWS.map(|(name, _)| format!("{name:>19}")).concat();
    format!(
        "day  reports{names}{:>19}{:>9}{:>8}{:>9}   mean |error| s, benchmark %",
        "oracle", "80 % in", "ghosts", "document"
    )
}

fn pair(tally: Option<&Tally>) -> String {
    let Some((mae_s, right)) = tally.and_then(|tally| tally.mae_all_s().zip(tally.benchmark())) else {
        return format!("{:>19}", "-");
    };
    format!("{:>12.1} {:>6.1}", mae_s, right * 100.0)
}

fn line(walked: &Walked) -> String {
    let row = |at: usize| walked.card.as_ref().and_then(|card| card.rows.get(at)).map(|(_, tally)| tally);
    let oracle = walked.oracle.as_ref().and_then(|card| card.rows.first()).map(|(_, tally)| tally);
    let inside = row(0).and_then(Tally::interval_coverage).unwrap_or(0.0) * 100.0;
    let columns = ROWS.map(|(_, at)| pair(row(at))).concat();
    format!(
        "{:>3} {:>8}{columns}{}{inside:>9.1}{:>8}{:>9}",
        walked.at,
        walked.heard,
        pair(oracle),
        walked.outcome.ghosts,
        walked.learned_bytes
    )
}

/// Everything pooled over the days.
#[derive(Default)]
struct Sum {
    rows: Vec<(String, Tally)>,
    headway: Vec<(String, Tally)>,
    theta_s: BTreeMap<(bool, Kind), Vec<f64>>,
    outcome: Outcome,
    broken: BTreeMap<&'static str, u64>,
    begun_anew: u64,
}

/// Adds the rows of a day.
fn pool(rows: &mut Vec<(String, Tally)>, card: &Scorecard, oracle: Option<&Scorecard>) {
    let foreseen = oracle.iter().flat_map(|card| card.rows.first());
    let foreseen = foreseen.map(|(_, tally)| ("the oracle of this world".to_owned(), *tally));
    for (name, tally) in card.rows.iter().cloned().chain(foreseen) {
        match rows.iter_mut().find(|(row, _)| *row == name) {
            Some((_, sum)) => sum.merge(&tally),
            None => rows.push((name, tally)),
        }
    }
}

/// The rows as a table.
fn table(title: &str, rows: &[(String, Tally)]) -> String {
    use std::fmt::Write;
    let mut out = format!("{title:<36}");
    for name in HORIZON_NAMES {
        let _ = write!(out, "{name:>8}");
    }
    let _ = writeln!(out, "{:>8}{:>9}{:>8}{:>9}{:>9}", "all", "bench %", "bias s", "80 % in", "missing");
    for (name, tally) in rows {
        let _ = write!(out, "{name:<36}");
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.1}"));
        for horizon in 0..HORIZON_NAMES.len() {
            let _ = write!(out, "{:>8}", number(tally.mae_s(horizon)));
        }
        let percent = |share: Option<f64>| number(share.map(|share| share * 100.0));
        let _ = writeln!(
            out,
            "{:>8}{:>9}{:>8}{:>9}{:>9}",
            number(tally.mae_all_s()),
            percent(tally.benchmark()),
            number(tally.bias_s()),
            percent(tally.interval_coverage()),
            tally.missing
        );
    }
    if let Some((_, told)) = rows.first() {
        let inside = (0..HORIZON_NAMES.len()).filter_map(|horizon| told.interval_coverage_at(horizon));
        let inside: Vec<String> = inside.map(|share| format!("{:.1}", share * 100.0)).collect();
        let _ = writeln!(out, "80 % intervals that held, by horizon: {}", inside.join("  "));
    }
    out
}

impl Sum {
    fn add(&mut self, walked: &Walked) {
        self.outcome += walked.outcome;
        for (law, (n, _)) in &walked.breaches.laws {
            *self.broken.entry(law).or_default() += n;
        }
        self.begun_anew += walked.breaches.begun_anew;
        let (Some(card), oracle) = (&walked.card, &walked.oracle) else { return };
        pool(&mut self.rows, card, oracle.as_ref());
        if let Some((card, oracle)) = &walked.headway {
            pool(&mut self.headway, card, oracle.as_ref());
        }
        let headway = walked.headway.as_ref();
        let cards = [
            (false, Some(card)),
            (true, oracle.as_ref()),
            (false, headway.map(|(card, _)| card)),
            (true, headway.and_then(|(_, oracle)| oracle.as_ref())),
        ];
        for (is_oracle, card) in cards {
            for (kind, theta_s) in card.iter().flat_map(|card| &card.theta_s) {
                self.theta_s.entry((is_oracle, *kind)).or_default().push(*theta_s);
            }
        }
    }

    fn render(&self) -> String {
        use std::fmt::Write;
        let mut out = table("all judged days, by minutes to go", &self.rows);
        out.push_str(&table("headway lines", &self.headway));
        for ((is_oracle, kind), thetas) in &self.theta_s {
            let mean_s = thetas.iter().sum::<f64>() / thetas.len() as f64;
            let whose = if *is_oracle { "the oracle's" } else { "effective" };
            let _ = writeln!(out, "{whose} theta, {kind}: {mean_s:.1} s");
        }
        let o = &self.outcome;
        let _ = writeln!(
            out,
            "ghosts {} of {} ({:.3} %), and {} at stops that closed streets cut off; cancelled {}; wrong skips {}",
            o.ghosts - o.cut_off,
            o.soon,
            o.ghost_share() * 100.0,
            o.cut_off,
            o.cancelled,
            o.wrong_skips
        );
        let _ = write!(
            out,
            "visits: {:.2} % of {} served calls unseen, arrivals off by {:.1} s; {} of {} skips known; begun anew {}; laws broken: {:?}",
            o.unvisited_share() * 100.0,
            o.served,
            o.visit_off_s(),
            o.known_skips,
            o.passed_round,
            self.begun_anew,
            self.broken
        );
        out
    }
}

//! The golden files in `stop-display/golden/`: the Rust and TypeScript models must both say exactly this.
//!
//! Re-bless after a wanted change with `BLESS_GOLDEN=1 cargo test -p stop-display golden`, then read the diff.

use super::{Around, Board, Countdown, countdown::countdown, proof, view};
use crate::frame::{Row, Rung, ToPanel};
use crate::words::words;
use serde_json::{Value, json};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

/// Runs `answer` over each case of a file; the answers must be what the file already holds.
fn check(name: &str, mut answer: impl FnMut(&mut Value)) {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let want: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!want.is_empty());
    let mut got = want.clone();
    got.iter_mut().for_each(&mut answer);
    if std::env::var_os("BLESS_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&got).unwrap() + "\n";
        std::fs::write(path(name), text).unwrap();
        return;
    }
    for (want, got) in want.iter().zip(&got) {
        assert_eq!(want, got, "{name}: {}", want["name"]);
    }
}

fn parts(time: Option<Countdown>) -> Value {
    let Some(time) = time else { return Value::Null };
    json!([time.mark.name(), time.struck, time.lead, time.unit, time.sub, time.note])
}

#[test]
fn golden_countdowns_hold() {
    check("countdown.json", |case| {
        let row: Row = serde_json::from_value(case["row"].clone()).unwrap();
        let rung: Rung = serde_json::from_value(case["rung"].clone()).unwrap();
        for lang in ["th", "en"] {
            let around = Around {
                now: case["now"].as_i64().unwrap(),
                rung,
                ferry: case["mode"] == "ferry",
                pier: case["kind"] == "pier",
                tz: &[],
                words: words(lang),
            };
            case[lang] = parts(countdown(&row, &around));
        }
    });
}

#[test]
fn golden_boards_hold() {
    let mut board: Option<Board> = None;
    check("board.json", |step| {
        let now = step["now"].as_i64().unwrap();
        for frame in step["frames"].as_array().unwrap() {
            let frame: ToPanel = serde_json::from_value(frame.clone()).unwrap();
            match (&mut board, frame) {
                (Some(board), ToPanel::Cmd(cmd)) => board.command(&cmd, now).unwrap(),
                (Some(board), frame) => _ = board.apply(frame),
                (none, ToPanel::Snap(snap)) => *none = Some(Board::new(*snap)),
                _ => panic!("the first frame is a snapshot"),
            }
        }
        let board = board.as_ref().unwrap();
        let age_s = step["age"].as_u64();
        step["rung"] = json!(board.rung(now, age_s));
        let mut all = Vec::new();
        for lang in ["th", "en"] {
            let lines = view(board, now, age_s, lang).lines();
            step[lang] = json!(lines);
            all.extend(lines);
        }
        step["rh"] = json!(proof(&all));
    });
}

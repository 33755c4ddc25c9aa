//! A scorecard as JSON: seconds and shares, `null` where there is nothing to say.

use serde_json::{Value, json};
use tracking::score::{
    Agreement, CellFigures, Comparison, Coverage, HORIZON_NAMES, Mbta, Minutes, Scorecard, Steadiness, Tally,
};

/// The whole scorecard.
pub(super) fn of(card: &Scorecard, agreement: Option<&Agreement>) -> Value {
    let [early, earlier] = &card.coverage_early;
    json!({
        "moments": card.moments,
        "predictors": card.rows.iter().map(|(name, tally)| predictor(name, tally)).collect::<Vec<_>>(),
        "minutes_silent": card.minutes_silent,
        "minutes": card.minutes.iter().map(|(name, sums)| minutes(name, sums)).collect::<Vec<_>>(),
        "cells": card.cells.iter().map(cell).collect::<Vec<_>>(),
        "minute_cells": card.minute_cells.iter().map(cell).collect::<Vec<_>>(),
        "better": card.better.iter().map(better).collect::<Vec<_>>(),
        "theta_s": card.theta_s.iter().map(|(kind, s)| json!({"kind": kind.word(), "theta_s": s})).collect::<Vec<_>>(),
        "coverage": { "5_min": coverage(&card.coverage), "10_min": coverage(early), "20_min": coverage(earlier) },
        "ghosts": {
            "promised": card.promises.promised,
            "ghosts": card.promises.ghosts,
            "share": card.promises.ghost_share(),
            "listed": card.promises.listed.iter().map(|(trip, call)| {
                json!({"trip_id": trip.id, "start_date": trip.day, "stop_sequence": call})
            }).collect::<Vec<_>>(),
        },
        "vanished": {
            "told": card.promises.told,
            "vanished": card.promises.vanished,
            "share": card.promises.vanished_share(),
        },
        "steadiness": steadiness(&card.steadiness),
        "other_steadiness": card.other_steadiness.as_ref().map(steadiness),
        "experienced_wait": card.wait.as_ref().map(|wait| {
            json!({
                "riders": wait.riders,
                "untold_share": wait.untold_share(),
                "mean_s": wait.mean_s,
                "mean_abs_s": wait.mean_abs_s,
                "p90_s": wait.p90_s,
            })
        }),
        "own_truth": agreement.map(agrees),
    })
}

fn predictor(name: &str, tally: &Tally) -> Value {
    let horizons: Vec<Value> = (0..HORIZON_NAMES.len())
        .map(|horizon| {
            json!({
                "minutes_to_go": HORIZON_NAMES[horizon],
                "n": tally.n_at(horizon),
                "mae_s": tally.mae_s(horizon),
                "bias_s": tally.bias_at_s(horizon),
                "eta_benchmark_right": tally.right_at(horizon),
                "interval_80_held": tally.interval_coverage_at(horizon),
            })
        })
        .collect();
    json!({
        "name": name,
        "n": tally.n(),
        "missing": tally.missing,
        "mae_s": tally.mae_all_s(),
        "bias_s": tally.bias_s(),
        "eta_benchmark": tally.benchmark(),
        "interval_80_held": tally.interval_coverage(),
        "horizons": horizons,
    })
}

fn minutes(name: &str, minutes: &Minutes) -> Value {
    json!({
        "name": name,
        "looked": minutes.looked,
        "missing": minutes.missing,
        "mbta": mbta(&minutes.mbta),
        "cal_itp_reliable": minutes.reliable(),
        "completeness": minutes.completeness(),
        "mae_s": minutes.mae_s(),
        "caught": minutes.caught(),
        "padding_s": minutes.padding_s(),
    })
}

fn mbta(mbta: &Mbta) -> Value {
    json!({ "average": mbta.average(), "pooled": mbta.pooled(), "n": mbta.n, "right": mbta.right })
}

fn cell(cell: &CellFigures) -> Value {
    json!({
        "kind": cell.kind.word(),
        "minutes_to_go": HORIZON_NAMES[cell.horizon],
        "n": cell.n,
        "missing": cell.missing,
        "mae_s": cell.mae_s,
        "median_abs_s": cell.median_abs_s,
        "median_s": cell.median_s,
        "bias_s": cell.bias_s,
        "rmse_s": cell.rmse_s,
        "p10_s": cell.p10_s,
        "p90_s": cell.p90_s,
        "eta_benchmark_right": cell.right,
        "interval_80_held": cell.inside,
        "came_by_p10_p50_p90": cell.came_by,
        "pinball_s": cell.pinball_s,
    })
}

fn better(comparison: &Comparison) -> Value {
    json!({
        "with": comparison.with,
        "n": comparison.n,
        "units": comparison.units,
        "unit": if comparison.by_day { "service day" } else { "trip" },
        "mae_difference_s": comparison.mae_s[0],
        "mae_interval_95_s": [comparison.mae_s[1], comparison.mae_s[2]],
        "benchmark_difference": comparison.benchmark.map(|values| values[0]),
        "benchmark_interval_95": comparison.benchmark.map(|values| [values[1], values[2]]),
        "verdict": comparison.verdict(),
    })
}

fn coverage(coverage: &Coverage) -> Value {
    json!({
        "arrivals": coverage.arrivals,
        "predicted": coverage.predicted,
        "silent": coverage.silent,
        "share": coverage.share(),
    })
}

fn steadiness(steadiness: &Steadiness) -> Value {
    let (once, twice) = steadiness.updated();
    json!({
        "approaches": steadiness.approaches,
        "wobble_s": steadiness.wobble_s(),
        "rises_per_approach": steadiness.rises_per_approach(),
        "minutes_with_a_change": once,
        "minutes_with_two_changes": twice,
    })
}

fn agrees(agreement: &Agreement) -> Value {
    json!({
        "given": agreement.given,
        "found": agreement.found,
        "more": agreement.more,
        "median_s": agreement.median_s,
        "p90_s": agreement.p90_s,
    })
}

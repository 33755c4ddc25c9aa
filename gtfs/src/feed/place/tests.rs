use super::*;

fn line(points: &[[f32; 2]]) -> FeedShape {
    FeedShape { line: Shape::through(points.iter().copied()), distances: Vec::new() }
}

fn stop(x: f32, y: f32) -> Wanted {
    Wanted { xy: [x, y], distance: f32::NAN, time_share: f32::NAN }
}

fn along(shape: &FeedShape, wanted: &[Wanted]) -> Vec<Option<i32>> {
    place(shape, wanted).into_iter().map(|p| p.map(|p| p.along_m.round() as i32)).collect()
}

#[test]
fn the_same_stops_on_the_way_out_and_back_get_two_places() {
    let shape = line(&[[0.0, 0.0], [1000.0, 0.0], [0.0, 0.0]]);
    let wanted = [0.0, 400.0, 1000.0, 400.0, 0.0].map(|x| stop(x, 5.0));
    assert_eq!(along(&shape, &wanted), [Some(0), Some(400), Some(1000), Some(1600), Some(2000)]);
}

#[test]
fn a_loop_starts_at_its_start_and_ends_at_its_end() {
    let shape = line(&[[0.0, 0.0], [500.0, 0.0], [500.0, 500.0], [0.0, 500.0], [0.0, 0.0]]);
    let wanted = [stop(0.0, 0.0), stop(500.0, 250.0), stop(0.0, 250.0), stop(0.0, 0.0)];
    assert_eq!(along(&shape, &wanted), [Some(0), Some(750), Some(1750), Some(2000)]);
}

#[test]
fn a_crossing_does_not_lead_a_stop_onto_the_wrong_arm() {
    // A figure of eight: the crossing at (500, 0) is passed at 500 m and again later.
    let shape = line(&[[0.0, 0.0], [1000.0, 0.0], [1000.0, 500.0], [500.0, 500.0], [500.0, -500.0]]);
    let wanted =
        [stop(0.0, 0.0), stop(505.0, 8.0), stop(1000.0, 250.0), stop(508.0, 5.0), stop(500.0, -500.0)];
    assert_eq!(along(&shape, &wanted), [Some(0), Some(505), Some(1250), Some(2495), Some(3000)]);
}

#[test]
fn poles_in_the_wrong_order_at_one_corner_are_nudged_apart() {
    let shape = line(&[[0.0, 0.0], [1000.0, 0.0]]);
    let wanted = [stop(0.0, 0.0), stop(510.0, 3.0), stop(500.0, 3.0), stop(1000.0, 0.0)];
    assert_eq!(along(&shape, &wanted), [Some(0), Some(510), Some(511), Some(1000)]);
}

#[test]
fn a_stop_far_away_has_no_place_and_the_line_goes_straight_to_it() {
    let shape = line(&[[0.0, 0.0], [500.0, 0.0], [1000.0, 0.0]]);
    let wanted = [stop(0.0, 0.0), stop(300.0, 400.0), stop(600.0, 0.0), stop(1000.0, 0.0)];
    let placed = place(&shape, &wanted);
    assert_eq!(placed.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, true]);
    let (made, places) = with_chords(&shape.line, &wanted, &placed);
    assert_eq!(places, [0.0, 500.0, 1000.0, 1400.0]);
    assert_eq!(made.xy, [[0.0, 0.0], [300.0, 400.0], [600.0, 0.0], [1000.0, 0.0]]);
    assert!(!made.is_chords);
}

#[test]
fn a_line_drawn_backward_places_no_two_stops_and_becomes_chords() {
    let shape = line(&[[1000.0, 0.0], [0.0, 0.0]]);
    let wanted = [stop(0.0, 0.0), stop(500.0, 0.0), stop(1000.0, 0.0)];
    let placed = place(&shape, &wanted);
    assert!(placed.iter().flatten().count() <= 1, "{placed:?}");
    let (_, places) = with_chords(&shape.line, &wanted, &placed);
    assert_eq!(places, [0.0, 500.0, 1000.0]);
}

#[test]
fn calls_at_one_place_are_a_metre_apart_on_chords() {
    let wanted = [stop(0.0, 0.0), stop(0.0, 0.0), stop(100.0, 0.0)];
    let (made, places) = with_chords(&Shape::default(), &wanted, &[None; 3]);
    assert_eq!(places, [0.0, 1.0, 101.0]);
    assert!(made.is_chords);
}

#[test]
fn the_aimed_time_tells_the_way_out_from_the_way_back() {
    let shape = line(&[[0.0, 0.0], [1000.0, 0.0], [0.0, 0.0]]);
    let at = |time_share| Wanted { xy: [300.0, 0.0], distance: f32::NAN, time_share };
    let wanted = |share| [stop(0.0, 0.0), at(share), stop(0.0, 0.0)];
    assert_eq!(along(&shape, &wanted(0.2))[1], Some(300));
    assert_eq!(along(&shape, &wanted(0.8))[1], Some(1700));
}

#[test]
fn the_feeds_own_distance_decides_between_equal_places_in_any_unit() {
    let mut shape = line(&[[0.0, 0.0], [1000.0, 0.0], [0.0, 0.0]]);
    shape.distances = vec![0.0, 0.62, 1.24];
    let at = |distance| Wanted { xy: [300.0, 0.0], distance, time_share: f32::NAN };
    let wanted = |distance| [stop(0.0, 0.0), at(distance), stop(0.0, 0.0)];
    assert_eq!(along(&shape, &wanted(0.19))[1], Some(300));
    assert_eq!(along(&shape, &wanted(1.05))[1], Some(1700));
}

proptest::proptest! {
    /// Stops on a random walk, in the order of the walk, all have a place, in order, near them.
    #[test]
    fn stops_that_lie_on_a_line_in_order_are_all_placed_on_it(
        steps in proptest::collection::vec((-400.0f32..400.0, -400.0f32..400.0), 2..30),
        shares in proptest::collection::vec(0.0f32..1.0, 2..20),
        noise_m in 0.0f32..15.0,
    ) {
        let mut at = [0.0f32, 0.0];
        let points: Vec<[f32; 2]> = std::iter::once(at).chain(steps.iter().map(|(x, y)| {
            at = [at[0] + x, at[1] + y];
            at
        })).collect();
        let shape = line(&points);
        let length_m = shape.line.length_m();
        proptest::prop_assume!(length_m > 100.0);
        let mut true_m: Vec<f32> = shares.iter().map(|s| s * length_m).collect();
        true_m.sort_by(f32::total_cmp);
        let wanted: Vec<Wanted> = true_m.iter().map(|&m| {
            let [x, y] = shape.line.point_at(m).unwrap_or_default();
            stop(x + noise_m, y)
        }).collect();
        let placed: Vec<f32> = place(&shape, &wanted).iter().flatten().map(|p| p.along_m).collect();
        proptest::prop_assert_eq!(placed.len(), wanted.len());
        proptest::prop_assert!(placed.windows(2).all(|w| w[0] < w[1]));
        proptest::prop_assert!(placed[0] >= 0.0 && placed[placed.len() - 1] <= length_m);
    }
}

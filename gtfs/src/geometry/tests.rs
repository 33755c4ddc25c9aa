use super::*;

const EVERYWHERE: Range<f32> = 0.0..f32::INFINITY;

fn minima(shape: &Shape, xy: [f32; 2], window: Range<f32>) -> Vec<(f32, f32)> {
    let mut all = Vec::new();
    shape.minima(xy, window, 100.0, |p| all.push((p.along_m, p.offset_m)));
    all
}

fn out_and_back() -> Shape {
    Shape::through([[0.0, 0.0], [1000.0, 0.0], [1000.0, 10.0], [0.0, 10.0]])
}

#[test]
fn a_place_beside_an_out_and_back_line_is_found_on_both_ways() {
    assert_eq!(minima(&out_and_back(), [400.0, -5.0], EVERYWHERE), [(400.0, 5.0), (1610.0, 15.0)]);
}

#[test]
fn a_corner_that_points_at_the_place_is_one_minimum() {
    let corner = Shape::through([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]);
    assert_eq!(minima(&corner, [103.0, -4.0], EVERYWHERE), [(100.0, 5.0)]);
}

#[test]
fn the_inside_of_a_corner_is_near_both_its_arms() {
    let corner = Shape::through([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]);
    assert_eq!(minima(&corner, [70.0, 20.0], EVERYWHERE), [(70.0, 20.0), (120.0, 30.0)]);
}

#[test]
fn both_ends_of_a_line_can_be_nearest() {
    let line = Shape::through([[0.0, 0.0], [50.0, 0.0], [90.0, 0.0]]);
    assert_eq!(minima(&line, [-30.0, 40.0], EVERYWHERE), [(0.0, 50.0)]);
    assert_eq!(minima(&line, [120.0, 40.0], EVERYWHERE), [(90.0, 50.0)]);
}

#[test]
fn a_window_hides_what_lies_outside_it() {
    assert_eq!(minima(&out_and_back(), [400.0, 5.0], 900.0..2010.0), [(1610.0, 5.0)]);
    let near_edge = minima(&out_and_back(), [400.0, 0.0], 450.0..700.0);
    assert_eq!(near_edge, [(450.0, 50.0)], "the window's own end, as the distance falls towards it");
}

#[test]
fn a_place_too_far_away_is_nowhere() {
    assert_eq!(minima(&out_and_back(), [400.0, -101.0], EVERYWHERE), []);
}

#[test]
fn points_and_headings_follow_the_line() {
    let line = out_and_back();
    assert_eq!(line.length_m(), 2010.0);
    assert_eq!(line.point_at(1005.0), Some([1000.0, 5.0]));
    assert_eq!(line.point_at(-7.0), Some([0.0, 0.0]));
    assert_eq!(line.point_at(9999.0), Some([0.0, 10.0]));
    assert_eq!(line.heading_deg_at(10.0), Some(90.0));
    assert_eq!(line.heading_deg_at(1005.0), Some(0.0));
    assert_eq!(line.heading_deg_at(1500.0), Some(270.0));
}

#[test]
fn a_line_without_length_answers_without_panic() {
    for shape in [Shape::default(), Shape::through([[1.0, 2.0]]), Shape::through([[1.0, 2.0], [1.0, 2.0]])] {
        assert_eq!(minima(&shape, [1.0, 2.0], EVERYWHERE), []);
        assert_eq!(shape.nearest([1.0, 2.0], EVERYWHERE), None);
        assert_eq!(shape.heading_deg_at(0.0), None);
        assert_eq!(shape.length_m(), 0.0);
    }
}

#[test]
fn nearest_agrees_with_the_best_of_the_minima() {
    let line = out_and_back();
    for i in 0..200 {
        let xy = [i as f32 * 6.0 - 60.0, ((i * 37) % 90) as f32 - 40.0];
        let best = minima(&line, xy, EVERYWHERE).into_iter().map(|m| m.1).fold(f32::INFINITY, f32::min);
        let nearest = line.nearest(xy, EVERYWHERE).expect("the line has length").offset_m;
        assert!(best.min(100.0) == nearest.min(100.0), "{xy:?}: {best} {nearest}");
    }
}

use super::*;
use std::collections::BTreeSet;

fn window_after(seqs: &[i64]) -> SeqWindow {
    let mut window = SeqWindow::starting_at(seqs[0]);
    for &seq in seqs {
        window.sight(seq);
    }
    window
}

#[test]
fn numbers_in_order_move_the_mark_and_leave_no_gaps() {
    let window = window_after(&(0..10_000).collect::<Vec<_>>());
    assert_eq!((window.settled(), window.lost(), window.gaps()), (9_999, 0, vec![]));
}

#[test]
fn a_hole_holds_the_mark_until_it_is_filled() {
    let mut window = window_after(&[5, 6, 8, 9, 11]);
    assert_eq!(window.settled(), 6);
    assert_eq!(window.sight(8), Sighting::Known);
    assert_eq!(window.sight(7), Sighting::Fresh);
    assert_eq!(window.settled(), 9);
    assert_eq!(window.sight(10), Sighting::Fresh);
    assert_eq!((window.settled(), window.gaps()), (11, vec![]));
}

#[test]
fn a_jump_beyond_the_window_counts_what_it_skipped_and_late_ones_are_unsure() {
    let mut window = window_after(&[1, 2, 4]);
    // 3 and 5..=5903 lie between the mark and the new window's foot.
    assert_eq!(window.sight(10_000), Sighting::Fresh);
    assert_eq!(window.settled(), 10_000 - 4_096);
    assert_eq!(window.lost(), 10_000 - 4_096 - 3);
    assert_eq!(window.sight(3), Sighting::Unsure);
    window.found_late(3);
    assert_eq!(window.lost(), 10_000 - 4_096 - 4);
    assert_eq!(window.sight(10_000), Sighting::Known);
}

#[test]
fn numbers_below_the_first_one_seen_are_unsure_for_ever() {
    let mut window = window_after(&[100, 101]);
    assert_eq!(window.sight(99), Sighting::Unsure);
    window.found_late(99);
    assert_eq!((window.sight(99), window.lost()), (Sighting::Unsure, 0));
    assert_eq!(window.sight(100), Sighting::Known);
}

#[test]
fn the_extremes_of_the_type_do_not_overflow() {
    let mut window = SeqWindow::starting_at(0);
    assert_eq!(window.sight(i64::MAX), Sighting::Fresh);
    assert_eq!(window.sight(i64::MAX), Sighting::Known);
    let mut low = SeqWindow::starting_at(i64::MIN);
    assert_eq!(low.sight(i64::MAX), Sighting::Fresh);
}

#[test]
fn a_stored_window_reads_back_as_it_was() {
    let window = window_after(&[7, 9, 15, 80, 4_000]);
    let back = SeqWindow::stored(window.base(), window.settled(), window.lost(), &window.gaps());
    assert_eq!(back, window);
}

/// Against a set of every number seen, over pseudo-random orders: fresh exactly when new, or unsure.
#[test]
fn it_agrees_with_a_set_of_all_numbers_in_any_order() {
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..50 {
        let mut window = SeqWindow::starting_at(500);
        let mut seen = BTreeSet::new();
        for step in 0..3_000i64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let seq = step + (random >> 33) as i64 % 6_000;
            match window.sight(seq) {
                Sighting::Fresh => assert!(seen.insert(seq), "{seq} was called fresh twice"),
                Sighting::Known => assert!(seen.contains(&seq), "{seq} was never seen"),
                Sighting::Unsure => {
                    if seen.insert(seq) {
                        window.found_late(seq);
                    }
                }
            }
            if step % 1_000 == 999 {
                let missing = (500..=window.settled()).filter(|n| !seen.contains(n)).count();
                assert_eq!(window.lost(), missing as i64);
            }
        }
    }
}

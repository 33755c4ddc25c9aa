use super::*;

fn day(of_month: u32) -> ServiceDay {
    ServiceDay::parse(&format!("202611{of_month:02}")).unwrap()
}

fn line(number: u32, reference: &str, status: Status, satang: i64) -> Line {
    Line {
        number,
        reference: reference.into(),
        day: day(20),
        status,
        amount: Satang(satang),
        fee: Satang(150),
        payout: "PO-1".into(),
    }
}

fn booked(reference: &str, satang: i64) -> Booked {
    Booked { reference: reference.into(), day: day(20), amount: Satang(satang) }
}

fn classes(lines: &[Line], ledger: &[Booked]) -> Vec<(String, &'static str)> {
    let classed = classify(lines, ledger, day(19)..=day(21));
    classed.iter().map(|c| (c.reference().to_owned(), c.class.word())).collect()
}

#[test]
fn every_line_and_every_top_up_has_one_class() {
    let lines = [
        line(1, "same", Status::Paid, 10_000),
        line(2, "more", Status::Paid, 10_000),
        line(3, "theirs", Status::Paid, 10_000),
        line(4, "twice", Status::Paid, 10_000),
        line(5, "twice", Status::Paid, 10_000),
        line(6, "no", Status::Declined, 10_000),
        line(7, "given", Status::Declined, 10_000),
        line(8, "back", Status::Paid, 500),
        line(9, "back", Status::Chargeback, 500),
    ];
    let ledger = [
        booked("same", 10_000),
        booked("more", 9_000),
        booked("twice", 10_000),
        booked("given", 10_000),
        booked("back", 500),
        booked("back", -500),
        booked("ours", 700),
    ];
    let expected = [
        ("same", "matched"),
        ("more", "amount_differs"),
        ("theirs", "no_ledger"),
        ("twice", "duplicate_ref"),
        ("twice", "duplicate_ref"),
        ("no", "declined"),
        ("given", "amount_differs"),
        ("back", "matched"),
        ("back", "matched"),
        // A declined line does not pay for what the ledger gave.
        ("given", "no_psp"),
        ("ours", "no_psp"),
    ];
    let got = classes(&lines, &ledger);
    assert_eq!(got, expected.map(|(reference, class)| (reference.to_owned(), class)));
}

#[test]
fn a_payment_about_midnight_matches_and_one_of_last_week_does_not() {
    let late = Line { day: day(21), ..line(1, "a", Status::Paid, 500) };
    assert_eq!(classes(&[late], &[booked("a", 500)]), [("a".to_owned(), "matched")]);
    let old = Line { day: day(27), ..line(1, "a", Status::Paid, 500) };
    assert_eq!(classes(&[old], &[booked("a", 500)]), [("a".to_owned(), "amount_differs")]);
}

#[test]
fn what_the_ledger_has_on_days_beyond_the_file_is_not_missed() {
    let elsewhen = Booked { day: day(23), ..booked("a", 500) };
    assert_eq!(classes(&[], &[elsewhen]), []);
}

#[test]
fn a_payout_is_the_sum_of_its_lines_less_the_fees() {
    let unpaid = Line { payout: "".into(), ..line(4, "d", Status::Paid, 99_999) };
    let lines = [
        line(1, "a", Status::Paid, 10_000),
        line(2, "b", Status::Chargeback, 2_000),
        Line { fee: Satang(0), ..line(3, "c", Status::Declined, 5_000) },
        unpaid,
    ];
    let payouts = payouts(&lines);
    let one = payouts["PO-1"];
    assert_eq!((one.gross, one.fee, one.net(), one.lines), (Satang(8_000), Satang(300), Satang(7_700), 3));
    assert_eq!(payouts.len(), 1);
}

#[test]
fn a_discrepancy_says_what_both_sides_have_and_is_the_same_when_found_again() {
    let classed = classify(&[line(7, "a", Status::Paid, 500)], &[booked("a", 400)], day(20)..=day(20));
    let found = classed[0].discrepancy("omise", Timestamp(5)).unwrap();
    assert_eq!(&*found.detail, "the payment service has 5.00, the ledger has 4.00, line 7");
    assert_eq!((&*found.kind, found.amount), ("amount_differs", Some(Satang(100))));
    let again = classify(&[line(9, "a", Status::Paid, 500)], &[booked("a", 400)], day(20)..=day(20));
    assert_eq!(again[0].discrepancy("omise", Timestamp(9)).unwrap().cause, found.cause);
    let fine = classify(&[line(7, "a", Status::Paid, 500)], &[booked("a", 500)], day(20)..=day(20));
    assert_eq!(fine[0].discrepancy("omise", Timestamp(5)), None);
}

/// The rules once more, from their text alone: quadratic, and for unsorted lists.
fn oracle(lines: &[Line], ledger: &[Booked]) -> Vec<(String, &'static str)> {
    let mut out = Vec::new();
    for line in lines {
        let money_moved = |other: &&Line| other.status != Status::Declined;
        let alike = lines
            .iter()
            .filter(money_moved)
            .filter(|other| {
                other.reference == line.reference && other.status.is_back() == line.status.is_back()
            })
            .count();
        let mut ours: Vec<&Booked> = ledger
            .iter()
            .filter(|entry| {
                entry.reference == line.reference && (entry.amount.0 < 0) == line.status.is_back()
            })
            .collect();
        ours.sort();
        let class = if line.status == Status::Declined {
            if ours.is_empty() || alike > 0 { "declined" } else { "amount_differs" }
        } else if alike > 1 {
            "duplicate_ref"
        } else if ours.is_empty() {
            "no_ledger"
        } else if ours[0].amount == line.effect() && days_apart(ours[0].day, line.day) <= 1 {
            "matched"
        } else {
            "amount_differs"
        };
        out.push((line.reference.to_string(), class));
    }
    for entry in ledger {
        let told = lines.iter().any(|line| {
            line.status != Status::Declined
                && line.reference == entry.reference
                && line.status.is_back() == (entry.amount.0 < 0)
        });
        if !told && (day(19)..=day(21)).contains(&entry.day) {
            out.push((entry.reference.to_string(), "no_psp"));
        }
    }
    out.sort();
    out
}

#[test]
fn shuffled_files_get_the_classes_of_the_naive_oracle() {
    let mut seed = 7u64;
    let mut roll = |sides: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % sides
    };
    for _ in 0..3_000 {
        let mut lines: Vec<Line> = (0..roll(8))
            .map(|n| Line {
                day: day(18 + roll(5) as u32),
                ..line(
                    n as u32 + 1,
                    ["a", "b", "c", "d"][roll(4)],
                    Status::ALL[roll(4)],
                    500 + roll(2) as i64,
                )
            })
            .collect();
        let mut ledger: Vec<Booked> = (0..roll(6))
            .map(|_| Booked {
                day: day(18 + roll(5) as u32),
                ..booked(["a", "b", "c", "d"][roll(4)], [500, 501, -500, -501][roll(4)])
            })
            .collect();
        let expected = oracle(&lines, &ledger);
        for _ in 0..3 {
            for at in (1..lines.len()).rev() {
                lines.swap(at, roll(at + 1));
            }
            for at in (1..ledger.len()).rev() {
                ledger.swap(at, roll(at + 1));
            }
            let mut got = classes(&lines, &ledger);
            got.sort();
            assert_eq!(got, expected, "{lines:#?} {ledger:#?}");
        }
    }
}

use super::*;
use crate::invariants::balanced;

fn occasion() -> Occasion {
    let day = ServiceDay::parse("20261120").unwrap();
    Occasion {
        cause: "test:1".into(),
        service_day: day,
        posting_day: day,
        effective: Timestamp(1),
        posted: Timestamp(2),
    }
}

/// Posts and writes the lines as `kind: account amount, account amount`.
fn posted(movement: Movement) -> String {
    let journal = post(occasion(), &movement).unwrap();
    assert_eq!(balanced(&journal), None, "{movement:?}");
    assert_eq!((&*journal.cause, journal.effective, journal.posted), ("test:1", Timestamp(1), Timestamp(2)));
    let lines: Vec<String> =
        journal.postings.iter().map(|line| format!("{} {}", line.account, line.debit)).collect();
    format!("{}: {}", journal.kind.word(), lines.join(", "))
}

#[test]
fn a_top_up_is_owed_by_who_took_the_money() {
    let top_up = |by| Movement::TopUp { card: "a".into(), amount: Satang(10_000), by };
    assert_eq!(
        posted(top_up(Payer::Psp("omise".into()))),
        "top_up: psp_receivable:omise 100.00, card:a -100.00"
    );
    assert_eq!(posted(top_up(Payer::Agent("7".into()))), "top_up: cash_agent:7 100.00, card:a -100.00");
}

#[test]
fn a_payout_of_98_50_settles_100_00_and_costs_a_fee() {
    let payout =
        |fee| Movement::PspPayout { psp: "omise".into(), bank: "scb".into(), gross: Satang(10_000), fee };
    assert_eq!(
        posted(payout(Satang(150))),
        "payout: bank:scb 98.50, psp_fee 1.50, psp_receivable:omise -100.00"
    );
    assert_eq!(posted(payout(Satang(0))), "payout: bank:scb 100.00, psp_receivable:omise -100.00");
    assert_eq!(posted(payout(Satang(10_000))), "payout: psp_fee 100.00, psp_receivable:omise -100.00");
    for fee in [-1, 10_001] {
        assert_eq!(post(occasion(), &payout(Satang(fee))), Err(PostError::Fee(Satang(fee))));
    }
}

#[test]
fn an_agent_that_banks_cash_owes_less() {
    let banked = Movement::AgentBanked { agent: "7".into(), bank: "scb".into(), amount: Satang(10_000) };
    assert_eq!(posted(banked), "payout: bank:scb 100.00, cash_agent:7 -100.00");
}

#[test]
fn a_refund_is_borne_by_the_agency_or_given() {
    let refund = |borne_by| Movement::Refund { card: "a".into(), amount: Satang(1_500), borne_by };
    assert_eq!(posted(refund(Bearer::Agency("A".into()))), "refund: agency_payable:A 15.00, card:a -15.00");
    assert_eq!(posted(refund(Bearer::Goodwill)), "refund: goodwill 15.00, card:a -15.00");
}

#[test]
fn a_chargeback_takes_the_value_off_the_card() {
    let back = Movement::Chargeback { card: "a".into(), psp: "omise".into(), amount: Satang(10_000) };
    assert_eq!(posted(back), "chargeback: card:a 100.00, psp_receivable:omise -100.00");
}

#[test]
fn the_balance_of_a_lost_card_goes_to_its_successor_and_a_debt_too() {
    let lost = |new: &str, balance| Movement::LostCard {
        old: "a".into(),
        new: new.into(),
        balance: Satang(balance),
    };
    assert_eq!(posted(lost("b", 8_500)), "lost_card: card:a 85.00, card:b -85.00");
    assert_eq!(posted(lost("b", -500)), "lost_card: card:a -5.00, card:b 5.00");
    assert_eq!(post(occasion(), &lost("a", 8_500)), Err(PostError::SameCard));
    assert_eq!(post(occasion(), &lost("b", 0)), Err(PostError::Amount(Satang(0))));
}

#[test]
fn a_deposit_is_taken_and_given_back() {
    let taken = Movement::DepositTaken { amount: Satang(5_000), by: Payer::Psp("omise".into()) };
    assert_eq!(posted(taken), "deposit: psp_receivable:omise 50.00, card_deposit -50.00");
    let returned = Movement::DepositReturned { card: "a".into(), amount: Satang(5_000) };
    assert_eq!(posted(returned), "deposit: card_deposit 50.00, card:a -50.00");
}

#[test]
fn a_balance_falls_dormant_and_wakes() {
    let asleep = Movement::FellDormant { card: "a".into(), amount: Satang(700) };
    assert_eq!(posted(asleep), "dormant: card:a 7.00, dormant -7.00");
    let awake = Movement::WokeUp { card: "a".into(), amount: Satang(700) };
    assert_eq!(posted(awake), "dormant: dormant 7.00, card:a -7.00");
}

#[test]
fn a_debt_that_is_given_up_is_a_loss() {
    let given_up = Movement::DebtGivenUp { card: "a".into(), amount: Satang(1_500) };
    assert_eq!(posted(given_up), "debt_writeoff: fraud_loss 15.00, card:a -15.00");
}

#[test]
fn a_subsidy_is_claimed_for_an_agency_and_paid_to_the_bank() {
    let claimed = Movement::SubsidyClaimed { agency: "A".into(), amount: Satang(750) };
    assert_eq!(posted(claimed), "subsidy: subsidy_receivable 7.50, agency_payable:A -7.50");
    let paid = Movement::SubsidyPaid { bank: "scb".into(), amount: Satang(750) };
    assert_eq!(posted(paid), "subsidy: bank:scb 7.50, subsidy_receivable -7.50");
}

#[test]
fn an_agency_is_paid_from_the_bank() {
    let paid = Movement::SettlementPaid { agency: "A".into(), bank: "scb".into(), amount: Satang(742) };
    assert_eq!(posted(paid), "settlement: agency_payable:A 7.42, bank:scb -7.42");
}

#[test]
fn a_bank_line_that_nobody_can_explain_stands_in_suspense_until_it_is() {
    let into =
        |amount| Movement::IntoSuspense { reason: "bank".into(), bank: "scb".into(), amount: Satang(amount) };
    assert_eq!(posted(into(9_850)), "suspense: bank:scb 98.50, suspense:bank -98.50");
    assert_eq!(posted(into(-200)), "suspense: bank:scb -2.00, suspense:bank 2.00");
    let account = Account::PspReceivable("omise".into());
    let out = Movement::OutOfSuspense { reason: "bank".into(), account, amount: Satang(9_850) };
    assert_eq!(posted(out), "suspense: suspense:bank 98.50, psp_receivable:omise -98.50");
}

#[test]
fn amounts_that_make_no_sense_are_refused_with_what_to_give() {
    for amount in [0, -100, i64::MIN] {
        let refused = post(
            occasion(),
            &Movement::TopUp { card: "a".into(), amount: Satang(amount), by: Payer::Agent("7".into()) },
        );
        assert_eq!(refused, Err(PostError::Amount(Satang(amount))));
    }
    let lost = Movement::LostCard { old: "a".into(), new: "b".into(), balance: Satang(i64::MIN) };
    assert_eq!(post(occasion(), &lost), Err(PostError::Range));
    assert_eq!(PostError::Amount(Satang(0)).to_string(), "the amount is 0.00, give one above 0.00");
}

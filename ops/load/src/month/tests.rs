use super::{Args, run};

fn three_days(database: &str) -> Args {
    let database = database.to_owned();
    Args { database, days: 3, terminals: 8, cards: 100, seed: 1, only: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_days_of_a_small_town_with_faults_add_up_on_sqlite() {
    run(three_days("sqlite")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_days_of_a_small_town_with_faults_add_up_on_postgres() {
    match std::env::var("PADRIEW_TEST_POSTGRES") {
        Ok(url) => run(three_days(&url)).await.unwrap(),
        Err(_) => eprintln!("skipped on postgres: PADRIEW_TEST_POSTGRES is not set (ops/services.sh)"),
    }
}

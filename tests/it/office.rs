//! The finance office of a running server: an operator's token, and what the API answers to it.

use super::harness::{PATIENCE, Serving, Town};
use serde_json::{Value, json};
use std::time::Duration;

/// An operator at the API.
pub(crate) struct Office {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Office {
    /// Adds an operator `name` of `role` and signs in.
    pub(crate) fn open(town: &Town, serving: &Serving, name: &str, role: &str) -> Self {
        let printed = town.run(&["user", "add", name, "--role", role]);
        let token = printed.lines().map(str::trim).find(|line| line.len() == 32 && !line.contains(' '));
        let token = token.unwrap_or_else(|| panic!("no token in {printed}")).to_owned();
        Self { http: reqwest::Client::new(), base: serving.url(""), token }
    }

    /// Gets a path: status and JSON.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token)).await
    }

    /// Posts to a path: status and JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        answer(request.body(body.to_string())).await
    }

    /// Asks again and again until `found` finds something in the answer.
    pub(crate) async fn wait<T>(&self, path: &str, found: impl Fn(&Value) -> Option<T>) -> T {
        let begun = tokio::time::Instant::now();
        loop {
            let (status, said) = self.get(path).await;
            if let Some(found) = found(&said) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "GET {path} never had it: {status} {said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks for a command and waits until it is done.
    pub(crate) async fn command(&self, mut command: Value) {
        command["key"] = json!(command.to_string());
        command["reason"] = json!("test");
        let (status, said) = self.post("/v1/finance/commands", &command).await;
        assert_eq!(status, 200, "{said}");
        let path = format!("/v1/finance/commands/{}", said["id"]);
        self.wait(&path, |said| (said["state"] == "done").then_some(())).await;
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

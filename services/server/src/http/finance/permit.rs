//! Who may do what: a row for every route, and nothing without one (`reliability`, section 4).
//!
//! An auditor only reads. Who is tied to an agency gets only what a row allows to such operators, cut to the agency.

use super::caller::{Caller, Claim};
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use store::OperatorRole::{self, Admin, Auditor, Dispatcher, Fares};

/// A route and who may use it.
struct Row {
    method: &'static str,
    path: &'static str,
    roles: &'static [OperatorRole],
    /// Whether operators of one agency may, too.
    scoped: bool,
}

const LOOK: &[OperatorRole] = &[Fares, Admin, Auditor];
const CHANGE: &[OperatorRole] = &[Fares];
/// Who may agree to prices: four eyes need enough people (fares design, section 6).
const AGREE: &[OperatorRole] = &[Fares, Admin];
const INSPECT: &[OperatorRole] = &[Dispatcher, Fares];

/// The permission table.
const TABLE: &[Row] = &[
    Row { method: "GET", path: "/v1/finance/cards/{card}", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/cards/{card}/history", roles: LOOK, scoped: true },
    Row { method: "GET", path: "/v1/finance/commands", roles: LOOK, scoped: false },
    Row { method: "POST", path: "/v1/finance/commands", roles: CHANGE, scoped: false },
    Row { method: "GET", path: "/v1/finance/commands/{id}", roles: LOOK, scoped: false },
    Row { method: "POST", path: "/v1/finance/commands/{id}/approve", roles: CHANGE, scoped: false },
    Row { method: "POST", path: "/v1/finance/commands/{id}/refuse", roles: CHANGE, scoped: false },
    Row { method: "GET", path: "/v1/finance/discrepancies", roles: LOOK, scoped: false },
    Row { method: "POST", path: "/v1/finance/discrepancies/{id}/assign", roles: CHANGE, scoped: false },
    Row { method: "POST", path: "/v1/finance/discrepancies/{id}/resolve", roles: CHANGE, scoped: false },
    Row { method: "GET", path: "/v1/finance/float", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/suspense", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/journals", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/terminals", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/quarantine", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/quarantine/{id}", roles: LOOK, scoped: false },
    Row { method: "POST", path: "/v1/finance/quarantine/{id}/inject", roles: CHANGE, scoped: false },
    Row { method: "POST", path: "/v1/finance/quarantine/{id}/dismiss", roles: CHANGE, scoped: false },
    Row { method: "GET", path: "/v1/finance/days", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/days/{day}", roles: LOOK, scoped: false },
    Row { method: "GET", path: "/v1/finance/days/{day}/settlements", roles: LOOK, scoped: true },
    Row { method: "GET", path: "/v1/finance/tariffs", roles: LOOK, scoped: false },
    Row { method: "POST", path: "/v1/finance/tariffs", roles: CHANGE, scoped: false },
    Row { method: "GET", path: "/v1/finance/tariffs/{version}", roles: LOOK, scoped: false },
    Row { method: "POST", path: "/v1/finance/tariffs/{version}/approve", roles: AGREE, scoped: false },
    Row { method: "POST", path: "/v1/finance/tariffs/{version}/withdraw", roles: AGREE, scoped: false },
    Row { method: "GET", path: "/v1/inspect", roles: INSPECT, scoped: true },
];

fn row(method: &str, path: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.method == method && row.path == path)
}

/// Lets a request through to its handler, or says why not.
pub(super) async fn allow(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let claim = Claim::of(&app, &request)?;
    let caller = Caller::of(&app, claim).await?;
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    may(&caller, request.method().as_str(), path)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn may(caller: &Caller, method: &str, path: &str) -> Result<(), ApiError> {
    // A HEAD is a GET without its body.
    let Some(row) = row(if method == "HEAD" { "GET" } else { method }, path) else {
        return Err(ApiError::forbidden("route", "nobody may use this route"));
    };
    if !row.roles.contains(&caller.role) {
        let role = caller.role.word();
        return Err(ApiError::forbidden("role", format!("the role {role} may not do this; ask an admin")));
    }
    if !row.scoped && !caller.agency.is_empty() {
        return Err(ApiError::forbidden("scope", "an operator of one agency may not see this"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: [&str; 8] = [
        include_str!("card.rs"),
        include_str!("command.rs"),
        include_str!("discrepancy.rs"),
        include_str!("sums.rs"),
        include_str!("quarantine.rs"),
        include_str!("days.rs"),
        include_str!("inspect.rs"),
        include_str!("tariff.rs"),
    ];

    /// Every (method, path) that the files of this folder route.
    fn routed() -> Vec<(String, String)> {
        let mut found = Vec::new();
        for source in SOURCES {
            for part in source.split(".route(").skip(1) {
                let path = part.split('"').nth(1).expect("a path in quotes").to_owned();
                let handlers = part.split(".route(").next().unwrap_or_default();
                let handlers = handlers.split("}\n").next().unwrap_or_default();
                for (word, method) in
                    [("get(", "GET"), ("post(", "POST"), ("put(", "PUT"), ("delete(", "DELETE")]
                {
                    if handlers.contains(word) {
                        found.push((method.to_owned(), path.clone()));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn every_route_has_a_row_and_every_row_a_route() {
        let routed = routed();
        assert_eq!(routed.len(), TABLE.len(), "{routed:#?}");
        for (method, path) in &routed {
            assert!(row(method, path).is_some(), "{method} {path} has no row in the permission table");
        }
    }

    #[test]
    fn only_the_role_for_money_changes_money_and_an_auditor_changes_nothing() {
        for row in TABLE.iter().filter(|row| row.method != "GET") {
            // An admin may agree to prices, or to their end, but not make them.
            let agrees = row.path.starts_with("/v1/finance/tariffs/");
            assert_eq!(row.roles, if agrees { AGREE } else { CHANGE }, "{}", row.path);
        }
        assert!(TABLE.iter().all(|row| !row.roles.contains(&OperatorRole::Viewer)));
    }
}

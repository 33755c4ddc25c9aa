//! What public answers share: anyone may read them from any page, and nobody fetches twice what stands.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The answer, or 304 when the reader already has the version `etag`. Public JSON and feeds may be
/// read by any web page (`reliability` 5): no credentials are involved.
pub(super) fn unless_known(
    headers: &HeaderMap,
    etag: &str,
    max_age_s: u32,
    answer: impl FnOnce() -> Response,
) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|tag| same(tag, etag)));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { answer() };
    let cache = format!("public, max-age={max_age_s}");
    for (name, value) in [(header::ETAG, etag), (header::CACHE_CONTROL, &*cache)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    open(&mut response);
    response
}

/// Lets pages of other origins read an answer.
pub(super) fn open(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
}

/// Weak comparison (RFC 9110, 8.8.3.2): what a cache weakened still names the same version.
fn same(one: &str, other: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    one.trim() == "*" || bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(known: &str) -> StatusCode {
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(known).unwrap())]);
        unless_known(&headers, "W/\"31-7\"", 1, || "whole".into_response()).status()
    }

    #[test]
    fn a_reader_with_the_same_version_is_told_so_and_nothing_else() {
        assert_eq!(status("W/\"31-7\""), StatusCode::NOT_MODIFIED);
        assert_eq!(status("\"9\", \"31-7\""), StatusCode::NOT_MODIFIED);
        assert_eq!(status("*"), StatusCode::NOT_MODIFIED);
        assert_eq!(status("\"31-6\""), StatusCode::OK);
    }
}

//! The address that a request really comes from.
//!
//! Behind a trusted proxy that is the last address in `X-Forwarded-For` that is not a trusted proxy
//! itself; from anybody else the header means nothing, because anybody can write it.

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};

/// The header that proxies write.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The sender's address; unspecified when there is no connection (a test that calls the router).
pub(super) fn sender(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let unspecified = IpAddr::from([0, 0, 0, 0]);
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map_or(unspecified, |peer| peer.0.ip());
    if !trusted.contains(&peer) {
        return peer;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let real =
        hops.iter().rev().map_while(|hop| hop.parse::<IpAddr>().ok()).find(|hop| !trusted.contains(hop));
    real.unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        let peer: IpAddr = peer.parse().unwrap();
        extensions.insert(ConnectInfo(SocketAddr::from((peer, 4000))));
        let headers = forwarded.iter().map(|line| (FORWARDED_FOR.parse().unwrap(), line.parse().unwrap()));
        let trusted = ["127.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        sender(&extensions, &headers.collect(), &trusted).to_string()
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_nobody_else() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(seen("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", &["6.6.6.6, 198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", &["198.51.100.1, nonsense"]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
    }
}

//! Where a download may lead: an operator may name any host, a redirect may not lead inside.
//!
//! A publisher (or whoever took its place) could send the server to an address that only the server can reach:
//! itself, its neighbours, the metadata service of its cloud. What always holds: an address inside is contacted
//! only when the host that the operator named is inside itself. Names are looked up here and the connection goes
//! to what was found, so that a name that changes its address in between gains nothing.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Action, Attempt};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// Redirects followed.
const REDIRECTS_MAX: usize = 5;

/// Why a download stops.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Refused {
    /// Into the machine or its network.
    #[error("{0} is an address inside; name it in --gtfs yourself if the feed is really there")]
    Inside(String),
    /// More than [`REDIRECTS_MAX`].
    #[error("the publisher redirects more than {REDIRECTS_MAX} times")]
    TooFar,
}

/// The rule for one configured address. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// The host that the operator named.
    named: Arc<str>,
    /// It is inside itself, so that everything inside may be.
    inside: Arc<AtomicBool>,
}

impl Guard {
    /// The guard of a download from `url`.
    pub(super) fn of(url: &str) -> Self {
        let url = reqwest::Url::parse(url).ok();
        let inside = url.as_ref().and_then(literal).is_some_and(is_inside);
        let named = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default().into();
        Self { named, inside: Arc::new(AtomicBool::new(inside)) }
    }

    /// The rule for redirects. Hosts that are names are judged when they are looked up.
    pub(super) fn redirected(&self, attempt: Attempt<'_>) -> Action {
        if attempt.previous().len() > REDIRECTS_MAX {
            return attempt.error(Refused::TooFar);
        }
        match literal(attempt.url()) {
            Some(ip) if !self.allows(ip) => attempt.error(Refused::Inside(ip.to_string())),
            _ => attempt.follow(),
        }
    }

    fn allows(&self, ip: IpAddr) -> bool {
        self.inside.load(Ordering::Relaxed) || !is_inside(ip)
    }

    /// What may be contacted of what a name stands for.
    fn judged(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        if name == &*self.named {
            if found.iter().any(|address| is_inside(address.ip())) {
                self.inside.store(true, Ordering::Relaxed);
            }
            return Ok(found);
        }
        let allowed: Vec<SocketAddr> = found.into_iter().filter(|found| self.allows(found.ip())).collect();
        if allowed.is_empty() { Err(Refused::Inside(name.to_owned())) } else { Ok(allowed) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = guard.judged(name.as_str(), found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn literal(url: &reqwest::Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Loopback, link-local (with the clouds' metadata services), private and unspecified addresses: IANA's
/// special-purpose registries, RFC 6890.
fn is_inside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let special = ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() || a == 0;
            special || shared || ip.is_loopback() || ip.is_link_local() || ip.is_private()
        }
        IpAddr::V6(ip) => {
            let special = ip == Ipv6Addr::UNSPECIFIED || ip.is_multicast();
            special || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fetch::{Fetched, Fetcher, client};
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn inside(ip: &str) -> bool {
        is_inside(ip.parse().unwrap())
    }

    #[test]
    fn addresses_of_the_machine_and_its_network_are_inside_and_others_are_not() {
        for ip in
            ["127.0.0.1", "127.9.9.9", "169.254.169.254", "10.1.2.3", "192.168.0.1", "172.31.0.1", "0.0.0.0"]
        {
            assert!(inside(ip), "{ip}");
        }
        for ip in ["::1", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::", "100.100.100.200"] {
            assert!(inside(ip), "{ip}");
        }
        for ip in ["203.0.113.9", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "8.8.8.8"] {
            assert!(!inside(ip), "{ip}");
        }
    }

    #[test]
    fn a_name_that_stands_for_addresses_inside_leads_nowhere_unless_it_was_named() {
        let guard = Guard::of("https://feeds.example.org/gtfs.zip");
        let (inside, outside) = ("169.254.169.254:0".parse().unwrap(), "203.0.113.9:0".parse().unwrap());
        assert_eq!(guard.judged("cdn.example.org", vec![inside, outside]), Ok(vec![outside]));
        let refused = guard.judged("evil.example.org", vec![inside]);
        assert_eq!(refused, Err(Refused::Inside("evil.example.org".into())));
        let own = Guard::of("http://depot.local/gtfs.zip");
        assert_eq!(own.judged("depot.local", vec![inside]), Ok(vec![inside]));
        assert_eq!(own.judged("next.local", vec![inside]), Ok(vec![inside]), "the operator's own network");
    }

    /// A publisher on a free port: `/feed` is a feed, everything else leads to where `to` says.
    async fn publisher(to: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let crew = crate::supervise::Crew::default();
        crew.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = [0; 1024];
                let read = socket.read(&mut head).await.unwrap_or_default();
                let to = to.replace("PORT", &address.port().to_string());
                let answer = if head[..read].starts_with(b"GET /feed") {
                    "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfeed".to_owned()
                } else {
                    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                };
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        address
    }

    /// What comes of a feed of a publisher somewhere outside (its name is bent to here) that redirects.
    async fn fetched(to: &'static str) -> Result<(), String> {
        let address = publisher(to).await;
        let url = format!("http://feeds.example.org:{}/gtfs.zip", address.port());
        let client = client(&url).no_proxy().resolve("feeds.example.org", address).build().unwrap();
        match Fetcher::with(client).fetch(&url).await {
            Ok(Fetched::New(feed)) if &feed[..] == b"feed" => Ok(()),
            Ok(_) => Err("something else".into()),
            Err(failure) => Err(format!("{failure:#}")),
        }
    }

    #[tokio::test]
    async fn a_redirect_from_outside_to_inside_is_not_followed() {
        for to in ["http://127.0.0.1:PORT/feed", "http://[::1]:PORT/feed", "http://localhost:PORT/feed"] {
            let refused = fetched(to).await.unwrap_err();
            assert!(refused.contains("is an address inside"), "{to}: {refused}");
        }
        let refused = fetched("http://feeds.example.org:PORT/again").await.unwrap_err();
        assert!(refused.contains("more than 5 times"), "{refused}");
        assert_eq!(fetched("http://feeds.example.org:PORT/feed").await, Ok(()));
    }

    #[tokio::test]
    async fn an_address_inside_that_the_operator_named_may_redirect_inside() {
        let address = publisher("http://127.0.0.1:PORT/feed").await;
        let url = format!("http://{address}/gtfs.zip");
        let client = client(&url).no_proxy().build().unwrap();
        assert!(matches!(Fetcher::with(client).fetch(&url).await, Ok(Fetched::New(_))));
    }
}

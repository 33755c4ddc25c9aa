//! The addresses that a person types into a tracker, in words and as a QR code.

use crate::config::Config;
use anyhow::Context;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The public address, or the one the server listens on.
pub(super) fn base(config: &Config) -> String {
    match config.public_url.trim_end_matches('/') {
        "" => format!("http://{}", config.listen),
        url => url.to_owned(),
    }
}

/// The path segment of a protocol.
pub(super) fn door(protocol: &str) -> &str {
    match protocol {
        "traccar-forwarder" => "traccar",
        other => other,
    }
}

/// What to do with the address.
pub(super) fn advice(protocol: &str, id: &str, url: &str) -> anyhow::Result<String> {
    Ok(match protocol {
        "osmand" => {
            let code = QrCode::new(url).context("the address does not fit into a QR code")?;
            let code = code.render::<Dense1x2>().build();
            format!(
                "\nTraccar Client: server URL as above, device identifier {id}.\n\
                 OsmAnd, trip recording, online tracking:\n  \
                 {url}?lat={{0}}&lon={{1}}&timestamp={{2}}&hdop={{3}}&altitude={{4}}&speed={{5}}\n  \
                 (register it with --speed mps: OsmAnd gives metres per second, Traccar Client knots)\n\n{code}"
            )
        }
        "traccar-forwarder" => format!(
            "\nIn traccar.xml:\n  <entry key='forward.url'>{url}</entry>\n  <entry key='forward.type'>json</entry>\n  \
             <entry key='forward.retry.enable'>true</entry>\n\
             Its retries are off unless you turn them on, and then end after 10 tries."
        ),
        _ => "\nPost the JSON of /v1/pings there; no signature is needed.".to_owned(),
    })
}

/// Where a device without a secret sends.
pub(super) fn legacy(config: &Config, id: &str) -> String {
    match config.ingest.osmand_listen.as_str() {
        "" => format!(
            "The legacy listener is closed. Open it with --set ingest.osmand_listen=0.0.0.0:5055, then {id} sends to http://HOST:5055/?id={id}&..."
        ),
        address => format!("It sends to http://{address}/?id={id}&..."),
    }
}

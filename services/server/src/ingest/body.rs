//! The bytes of a request body: read in time, unpacked within limits.
//!
//! A body is bounded three ways: as sent, as unpacked, and by the ratio of the two, so that a small
//! body can not become a large one. Nothing here knows what the bytes mean.

use crate::http::error::ApiError;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

/// Ratios are not held against bodies smaller than this when unpacked, bytes: a few records of
/// one resting vehicle compress well without meaning harm.
const RATIO_FREE_BYTES: usize = 16 * 1024;

/// Window of a zstd frame, which is memory that the sender chooses: 2 MiB, what the usual levels of the
/// reference encoder use for a stream.
const ZSTD_WINDOW_LOG_MAX: u32 = 21;

/// Limits on a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// As sent, bytes.
    pub sent_max: usize,
    /// As unpacked, bytes.
    pub unpacked_max: usize,
    /// Unpacked to sent.
    pub ratio_max: usize,
    /// From the head to the last byte.
    pub time_max: Duration,
}

/// Reads a whole body as sent.
///
/// # Errors
/// 408 when it does not come in time, 413 when it is too large, 400 when the connection breaks.
pub async fn read(headers: &HeaderMap, body: Body, limits: BodyLimits) -> Result<Bytes, ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.sent_max) {
        return Err(too_large(limits.sent_max));
    }
    let all = collect(body, limits.sent_max, declared.unwrap_or(0));
    tokio::time::timeout(limits.time_max, all).await.unwrap_or_else(|_| {
        let s = limits.time_max.as_secs();
        Err(ApiError::too_slow(format!("the body did not arrive within {s} s; send it at once")))
    })
}

async fn collect(mut body: Body, max: usize, expected: usize) -> Result<Bytes, ApiError> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| ApiError::unreadable("body", "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > max {
            return Err(too_large(max));
        }
        if all.is_empty() && data.len() == expected {
            return Ok(data);
        }
        all.reserve(expected.saturating_sub(all.len()).max(data.len()));
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

/// Unpacks a body by its `Content-Encoding`.
///
/// # Errors
/// 413 when it grows too large, 400 when it is not what it says, 415 for other encodings.
pub fn unpack<'a>(
    headers: &HeaderMap,
    sent: &'a [u8],
    limits: BodyLimits,
) -> Result<Cow<'a, [u8]>, ApiError> {
    let encoding =
        headers.get(header::CONTENT_ENCODING).map_or(Ok("identity"), |v| v.to_str()).unwrap_or("?");
    match encoding.trim().to_ascii_lowercase().as_str() {
        "identity" | "" => Ok(Cow::Borrowed(sent)),
        "gzip" => bounded(flate2::read::GzDecoder::new(sent), sent.len(), limits).map(Cow::Owned),
        "zstd" => {
            let mut decoder = zstd::Decoder::new(sent).map_err(|e| broken(&e))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|e| broken(&e))?;
            bounded(decoder, sent.len(), limits).map(Cow::Owned)
        }
        other => {
            Err(ApiError::wrong_media(format!("content-encoding \"{other}\" is not taken; use gzip or zstd")))
        }
    }
}

fn bounded(reader: impl Read, sent: usize, limits: BodyLimits) -> Result<Vec<u8>, ApiError> {
    let by_ratio = sent.saturating_mul(limits.ratio_max).max(RATIO_FREE_BYTES);
    let max = limits.unpacked_max.min(by_ratio);
    let mut unpacked = Vec::with_capacity((sent * 4).min(max));
    reader.take(max as u64 + 1).read_to_end(&mut unpacked).map_err(|e| broken(&e))?;
    if unpacked.len() > max {
        let message = format!(
            "the body unpacks to more than {} bytes or {} times its size; send fewer records",
            limits.unpacked_max, limits.ratio_max
        );
        return Err(ApiError::too_large("unpacked", message));
    }
    Ok(unpacked)
}

fn broken(cause: &std::io::Error) -> ApiError {
    ApiError::unreadable("encoding", format!("the body is not what content-encoding says: {cause}"))
}

fn too_large(max: usize) -> ApiError {
    ApiError::too_large("too_large", format!("the body is larger than {max} bytes; send fewer records"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const LIMITS: BodyLimits =
        BodyLimits { sent_max: 4096, unpacked_max: 65_536, ratio_max: 20, time_max: Duration::from_secs(1) };

    fn encoded(name: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_ENCODING, header::HeaderValue::from_static(name))])
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_and_zstd_give_back_what_was_packed() {
        let text = br#"{"v":1,"pings":[]}"#.repeat(20);
        assert_eq!(*unpack(&encoded("gzip"), &gzip(&text), LIMITS).unwrap(), text);
        let packed = zstd::encode_all(&*text, 3).unwrap();
        assert_eq!(*unpack(&encoded("zstd"), &packed, LIMITS).unwrap(), text);
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_unpacked_past_the_limit() {
        let zeros = vec![b' '; 8_000_000];
        for (name, packed) in [("gzip", gzip(&zeros)), ("zstd", zstd::encode_all(&*zeros, 3).unwrap())] {
            let refusal = unpack(&encoded(name), &packed, LIMITS).unwrap_err();
            assert_eq!((refusal.status().as_u16(), refusal.code()), (413, "unpacked"), "{name}");
        }
    }

    #[test]
    fn a_body_that_is_not_gzip_is_unreadable_and_says_so() {
        let refusal = unpack(&encoded("gzip"), b"plain", LIMITS).unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (400, "encoding"));
        assert_eq!(unpack(&encoded("br"), b"x", LIMITS).unwrap_err().status().as_u16(), 415);
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_cut_off_at_the_limit() {
        let chunks = futures_util::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100])));
        let refusal = read(&HeaderMap::new(), Body::from_stream(chunks), LIMITS).await.unwrap_err();
        assert_eq!(refusal.status().as_u16(), 413);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let endless = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), endless, LIMITS).await.unwrap_err().status().as_u16(), 408);
    }
}

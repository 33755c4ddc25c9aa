//! A snapshot on its way to other processes: packed, cut into messages of the bus, put together again.
//!
//! Pure. What always holds: a snapshot arrives whole or not at all. A piece is the number of pieces (two bytes,
//! big-endian) and a part of the packed feeds; packed is gzip over each feed with its length before it.

use super::{Encoded, Feed, Snapshot};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use gtfs::realtime::FeedMessage;
use prost::Message;
use std::io::Read;
use std::sync::OnceLock;
use store::bus::MESSAGE_BYTES_MAX;

/// Pieces of a snapshot: 16 MiB packed, a hundred times a province.
pub(super) const PIECES_MAX: usize = 256;
/// Bytes of the feeds before they were packed; whoever sends more is not ours.
const UNPACKED_BYTES_MAX: u64 = 128 * 1024 * 1024;
const HEAD_BYTES: usize = 2;
const FEEDS: [Feed; 3] = [Feed::TripUpdates, Feed::VehiclePositions, Feed::Alerts];

/// The pieces, in order; `None` when there would be more than [`PIECES_MAX`].
pub(super) fn cut(snapshot: &Snapshot) -> Option<Vec<Bytes>> {
    let mut plain = BytesMut::new();
    for feed in FEEDS {
        let encoded = snapshot.protobuf(feed);
        plain.put_u32(u32::try_from(encoded.len()).ok()?);
        plain.put_slice(&encoded);
    }
    let mut packed = Vec::new();
    GzEncoder::new(&plain[..], Compression::fast()).read_to_end(&mut packed).ok()?;
    let parts = packed.chunks(MESSAGE_BYTES_MAX - HEAD_BYTES);
    let count = u16::try_from(parts.len()).ok().filter(|count| usize::from(*count) <= PIECES_MAX)?;
    let piece = |part: &[u8]| {
        let mut piece = BytesMut::with_capacity(HEAD_BYTES + part.len());
        piece.put_u16(count);
        piece.put_slice(part);
        piece.freeze()
    };
    Some(parts.map(piece).collect())
}

/// How many pieces the snapshot of this one has.
pub(super) fn count(mut piece: Bytes) -> Option<u16> {
    let count = piece.try_get_u16().ok()?;
    (1..=PIECES_MAX).contains(&usize::from(count)).then_some(count)
}

/// The snapshot of all its pieces, in order; `None` when another version cut them.
pub(super) fn join(pieces: &[Bytes]) -> Option<Snapshot> {
    let packed: Vec<u8> =
        pieces.iter().filter_map(|piece| piece.get(HEAD_BYTES..)).flatten().copied().collect();
    let mut plain = Vec::new();
    GzDecoder::new(&packed[..]).take(UNPACKED_BYTES_MAX).read_to_end(&mut plain).ok()?;
    let mut plain = Bytes::from(plain);
    let mut next = || -> Option<Encoded> {
        let length = plain.try_get_u32().ok()? as usize;
        let encoded = (length <= plain.len()).then(|| plain.split_to(length))?;
        let message = FeedMessage::decode(encoded.clone()).ok()?;
        Some(Encoded { message, protobuf: OnceLock::from(encoded), json: OnceLock::new() })
    };
    let feeds = [next()?, next()?, next()?];
    let timestamp_s = feeds[0].message.header.timestamp?;
    Some(Snapshot { timestamp_s, epoch: 0, feeds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::realtime::{FeedEntity, FeedHeader};

    /// Ids that gzip can not make small, so that a snapshot has several pieces.
    fn snapshot(entities: u64) -> Snapshot {
        let mut seed = 1_u64;
        let entity = |_| {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            FeedEntity { id: format!("{seed:016x}"), ..FeedEntity::default() }
        };
        let entity: Vec<FeedEntity> = (0..entities).map(entity).collect();
        let header = FeedHeader::full_dataset(1_795_480_200, Some("v1"));
        let feeds = [entity, Vec::new(), Vec::new()].map(|entity| Encoded {
            message: FeedMessage { header: header.clone(), entity },
            protobuf: OnceLock::new(),
            json: OnceLock::new(),
        });
        Snapshot { timestamp_s: 1_795_480_200, epoch: 3, feeds }
    }

    #[test]
    fn a_snapshot_of_many_pieces_is_the_same_at_the_other_end() {
        for (entities, several) in [(0, false), (30_000, true)] {
            let sent = snapshot(entities);
            let pieces = cut(&sent).unwrap();
            assert_eq!(pieces.len() > 1, several, "{}", pieces.len());
            assert!(pieces.iter().all(|piece| piece.len() <= MESSAGE_BYTES_MAX));
            assert_eq!(count(pieces[0].clone()).map(usize::from), Some(pieces.len()));
            let got = join(&pieces).unwrap();
            assert_eq!(got.timestamp_s, sent.timestamp_s);
            assert!(FEEDS.into_iter().all(|feed| got.protobuf(feed) == sent.protobuf(feed)));
            assert!(FEEDS.into_iter().all(|feed| got.json(feed) == sent.json(feed)));
        }
    }

    #[test]
    fn pieces_that_are_cut_missing_or_foreign_make_no_snapshot() {
        let pieces = cut(&snapshot(30_000)).unwrap();
        assert!(join(&pieces[1..]).is_none() && join(&pieces[..1]).is_none() && join(&[]).is_none());
        assert!(join(&[Bytes::from_static(b"\0\x01{\"rows\":[]}")]).is_none());
        assert_eq!(count(Bytes::from_static(b"\0")), None);
        assert_eq!(count(Bytes::from_static(b"\0\0rest")), None);
    }
}

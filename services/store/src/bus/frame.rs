//! What goes through Redis: a channel name per topic, and a small fixed head before each payload.
//!
//! Pure. The head is version, process, epoch and seq, big-endian; whatever does not fit is refused.

use super::{MESSAGE_BYTES_MAX, Message, Topic};
use bytes::{Buf, BufMut, Bytes, BytesMut};

const VERSION: u8 = 1;
/// Version, process, epoch, seq.
const HEAD_BYTES: usize = 1 + 8 + 8 + 8;

/// What a channel carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// The value of a topic.
    Topic(Topic),
    /// A hint.
    Hints,
    /// Somebody asks for every value.
    Refresh,
}

impl Channel {
    /// The name after the namespace.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Topic(Topic::Board(stop)) => format!("board:{stop}"),
            Self::Topic(Topic::Positions) => "positions".into(),
            Self::Topic(Topic::Realtime(piece)) => format!("realtime:{piece}"),
            Self::Hints => "hints".into(),
            Self::Refresh => "refresh".into(),
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "positions" => Some(Self::Topic(Topic::Positions)),
            "hints" => Some(Self::Hints),
            "refresh" => Some(Self::Refresh),
            _ => match name.strip_prefix("realtime:") {
                Some(piece) => Some(Self::Topic(Topic::Realtime(piece.parse().ok()?))),
                None => name.strip_prefix("board:").map(|stop| Self::Topic(Topic::Board(stop.into()))),
            },
        }
    }
}

/// The bytes of `message` from `process`.
pub(super) fn encode(process: u64, message: &Message) -> Bytes {
    let mut bytes = BytesMut::with_capacity(HEAD_BYTES + message.payload.len());
    bytes.put_u8(VERSION);
    bytes.put_u64(process);
    bytes.put_i64(message.epoch);
    bytes.put_u64(message.seq);
    bytes.put_slice(&message.payload);
    bytes.freeze()
}

/// The process and message in `bytes`; `None` when they are of another version, too short or too long.
pub(super) fn decode(mut bytes: Bytes) -> Option<(u64, Message)> {
    if !(HEAD_BYTES..=HEAD_BYTES + MESSAGE_BYTES_MAX).contains(&bytes.len()) || bytes.get_u8() != VERSION {
        return None;
    }
    let process = bytes.get_u64();
    let (epoch, seq) = (bytes.get_i64(), bytes.get_u64());
    Some((process, Message { epoch, seq, payload: bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_what_is_cut_foreign_or_too_long_is_refused() {
        let message =
            Message { epoch: 3, seq: u64::MAX, payload: Bytes::from_static("ท่าน้ำ".as_bytes()) };
        let bytes = encode(7, &message);
        assert_eq!(decode(bytes.clone()), Some((7, message)));
        for length in 0..HEAD_BYTES {
            assert_eq!(decode(bytes.slice(..length)), None, "cut to {length}");
        }
        let mut foreign = bytes.to_vec();
        foreign[0] = 9;
        assert_eq!(decode(foreign.into()), None);
        assert_eq!(decode(vec![VERSION; HEAD_BYTES + MESSAGE_BYTES_MAX + 1].into()), None);
    }

    #[test]
    fn every_channel_reads_back_from_its_name() {
        let boards = ["P04", "", "a:b*?", "ป้าย 3"].map(|stop| Channel::Topic(Topic::Board(stop.into())));
        let realtime = Channel::Topic(Topic::Realtime(258));
        let others = [Channel::Topic(Topic::Positions), realtime, Channel::Hints, Channel::Refresh];
        for channel in boards.into_iter().chain(others) {
            assert_eq!(Channel::parse(&channel.name()), Some(channel));
        }
        assert_eq!(Channel::parse("weather"), None);
    }
}

//! What is around the records.

use super::shallow::Skipped;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The envelope, with records read as `P`.
pub(super) struct Envelope<P> {
    pub(super) v: Option<u32>,
    pub(super) boot: Option<String>,
    pub(super) up_now: Option<f64>,
    pub(super) pings: Option<Vec<P>>,
    /// Fields that are not known.
    pub(super) unknown: u32,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    V,
    Boot,
    UpNow,
    Pings,
    #[serde(other)]
    Unknown,
}

impl<'de, P: Deserialize<'de>> Deserialize<'de> for Envelope<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor(PhantomData))
    }
}

struct EnvelopeVisitor<P>(PhantomData<P>);

impl<'de, P: Deserialize<'de>> Visitor<'de> for EnvelopeVisitor<P> {
    type Value = Envelope<P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with v, boot and pings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<P>, A::Error> {
        let mut envelope = Envelope { v: None, boot: None, up_now: None, pings: None, unknown: 0 };
        while let Some(field) = map.next_key()? {
            match field {
                Field::V => envelope.v = map.next_value()?,
                Field::Boot => envelope.boot = map.next_value()?,
                Field::UpNow => envelope.up_now = map.next_value()?,
                Field::Pings => envelope.pings = map.next_value()?,
                Field::Unknown => {
                    map.next_value::<Skipped<1>>()?;
                    envelope.unknown += 1;
                }
            }
        }
        Ok(envelope)
    }
}

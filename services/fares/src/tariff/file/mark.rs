//! Values that remember where they stand.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// A value and its place in the file.
pub(super) type Mark<T> = toml::Spanned<T>;

/// An amount of money as text, such as `15.00`.
#[derive(Debug)]
pub(super) struct Amount(pub(super) String);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount as text, such as \"15.00\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                Ok(Amount(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The line of a position, the first being 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

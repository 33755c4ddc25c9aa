//! Enumerations of the wire: a number in protobuf, a GTFS-realtime name in JSON.

use serde::Serializer;

/// An enumeration that knows its GTFS-realtime names.
pub(super) trait Named: TryFrom<i32> {
    /// The name in `gtfs-realtime.proto`.
    fn name(&self) -> &'static str;
}

/// Declares an enumeration with the number and the name of each value.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $ty:ident { $($(#[$value_doc:meta])* $variant:ident = $number:literal, $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
        #[repr(i32)]
        pub enum $ty {
            $($(#[$value_doc])* $variant = $number,)*
        }

        impl $crate::realtime::json::Named for $ty {
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}
pub(super) use wire_enum;

/// Writes the name of an enumeration value, or the bare number of one from a later version.
pub(super) fn name_of<S: Serializer, E: Named>(value: &Option<i32>, out: S) -> Result<S::Ok, S::Error> {
    match value.map(|number| (number, E::try_from(number))) {
        None => out.serialize_none(),
        Some((_, Ok(known))) => out.serialize_str(known.name()),
        Some((number, Err(_))) => out.serialize_i32(number),
    }
}

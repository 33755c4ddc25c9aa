//! Index types: a `StopIdx` can not be used where a `TripIdx` is meant.

macro_rules! index_type {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the array this index belongs to.
            #[must_use]
            pub fn at(self) -> usize {
                self.0 as usize
            }

            /// The index of position `at`. Feeds are refused long before 2³² rows of anything.
            #[must_use]
            pub fn new(at: usize) -> Self {
                Self(u32::try_from(at).unwrap_or(u32::MAX))
            }
        }
    )*};
}

index_type! {
    /// Into [`crate::Timetable::agencies`].
    AgencyIdx
    /// Into [`crate::Timetable::stops`].
    StopIdx
    /// Into [`crate::Timetable::routes`].
    RouteIdx
    /// Into [`crate::Timetable::trips`].
    TripIdx
    /// Into [`crate::Timetable::patterns`].
    PatternIdx
    /// Into [`crate::Timetable::profiles`].
    ProfileIdx
    /// Into [`crate::Timetable::shapes`].
    ShapeIdx
    /// Into [`crate::Timetable::services`].
    ServiceIdx
    /// Into [`crate::Timetable::blocks`].
    BlockIdx
}

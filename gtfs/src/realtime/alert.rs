//! Notices to riders.

use super::json::{name_of, wire_enum};
use super::trip_update::TripDescriptor;
use serde::Serialize;

/// A notice to riders.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Alert {
    /// When to show it; always, when empty.
    #[prost(message, repeated, tag = "1")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active_period: Vec<TimeRange>,
    /// What it is about; never empty (rule E032).
    #[prost(message, repeated, tag = "5")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub informed_entity: Vec<EntitySelector>,
    /// Why.
    #[prost(enumeration = "Cause", optional, tag = "6")]
    #[serde(serialize_with = "name_of::<_, Cause>", skip_serializing_if = "Option::is_none")]
    pub cause: Option<i32>,
    /// What it does to riders.
    #[prost(enumeration = "Effect", optional, tag = "7")]
    #[serde(serialize_with = "name_of::<_, Effect>", skip_serializing_if = "Option::is_none")]
    pub effect: Option<i32>,
    /// Where to read more.
    #[prost(message, optional, tag = "8")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<TranslatedString>,
    /// One line.
    #[prost(message, optional, tag = "10")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_text: Option<TranslatedString>,
    /// All of it.
    #[prost(message, optional, tag = "11")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description_text: Option<TranslatedString>,
    /// How much it matters.
    #[prost(enumeration = "SeverityLevel", optional, tag = "14")]
    #[serde(serialize_with = "name_of::<_, SeverityLevel>", skip_serializing_if = "Option::is_none")]
    pub severity_level: Option<i32>,
}

/// A span of time; open where a side is absent.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct TimeRange {
    /// First moment, epoch seconds.
    #[prost(uint64, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// Last moment, epoch seconds.
    #[prost(uint64, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
}

/// What a notice is about; every field given must match, and at least one is given (rule E033).
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct EntitySelector {
    /// agency_id.
    #[prost(string, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_id: Option<String>,
    /// route_id.
    #[prost(string, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
    /// GTFS route_type.
    #[prost(int32, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_type: Option<i32>,
    /// One run.
    #[prost(message, optional, tag = "4")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripDescriptor>,
    /// stop_id.
    #[prost(string, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_id: Option<String>,
    /// direction_id; needs a route_id.
    #[prost(uint32, optional, tag = "6")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction_id: Option<u32>,
}

/// A text in several languages.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct TranslatedString {
    /// One per language.
    #[prost(message, repeated, tag = "1")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub translation: Vec<Translation>,
}

/// A text in one language.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Translation {
    /// The text.
    #[prost(string, required, tag = "1")]
    pub text: String,
    /// IETF tag; unknown when absent.
    #[prost(string, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

wire_enum! {
    /// Why a notice is given.
    Cause {
        /// Not known.
        UnknownCause = 1, "UNKNOWN_CAUSE";
        /// None of the others.
        OtherCause = 2, "OTHER_CAUSE";
        /// A technical problem.
        TechnicalProblem = 3, "TECHNICAL_PROBLEM";
        /// A strike.
        Strike = 4, "STRIKE";
        /// A demonstration.
        Demonstration = 5, "DEMONSTRATION";
        /// An accident.
        Accident = 6, "ACCIDENT";
        /// A holiday.
        Holiday = 7, "HOLIDAY";
        /// The weather.
        Weather = 8, "WEATHER";
        /// Maintenance.
        Maintenance = 9, "MAINTENANCE";
        /// Construction.
        Construction = 10, "CONSTRUCTION";
        /// The police.
        PoliceActivity = 11, "POLICE_ACTIVITY";
        /// An emergency.
        MedicalEmergency = 12, "MEDICAL_EMERGENCY";
    }
}

wire_enum! {
    /// What a notice means for riders.
    Effect {
        /// No service.
        NoService = 1, "NO_SERVICE";
        /// Less service.
        ReducedService = 2, "REDUCED_SERVICE";
        /// Long delays.
        SignificantDelays = 3, "SIGNIFICANT_DELAYS";
        /// A detour.
        Detour = 4, "DETOUR";
        /// More service.
        AdditionalService = 5, "ADDITIONAL_SERVICE";
        /// Changed service.
        ModifiedService = 6, "MODIFIED_SERVICE";
        /// None of the others.
        OtherEffect = 7, "OTHER_EFFECT";
        /// Not known.
        UnknownEffect = 8, "UNKNOWN_EFFECT";
        /// A stop is elsewhere.
        StopMoved = 9, "STOP_MOVED";
        /// None.
        NoEffect = 10, "NO_EFFECT";
        /// A way without steps is closed.
        AccessibilityIssue = 11, "ACCESSIBILITY_ISSUE";
    }
}

wire_enum! {
    /// How much a notice matters.
    SeverityLevel {
        /// Not known.
        UnknownSeverity = 1, "UNKNOWN_SEVERITY";
        /// Worth knowing.
        Info = 2, "INFO";
        /// May change a journey.
        Warning = 3, "WARNING";
        /// Changes most journeys.
        Severe = 4, "SEVERE";
    }
}

impl TranslatedString {
    /// From pairs of (IETF tag, text).
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let translation = texts
            .into_iter()
            .map(|(tag, text)| Translation { text: text.to_owned(), language: Some(tag.to_owned()) })
            .collect();
        Self { translation }
    }
}

//! Taps become journeys, charges and settlements; pure.

//! Single days, told step by step.

//! Targets that behave badly.

//! Integration tests of the models.

mod profile;

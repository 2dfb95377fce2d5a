//! Integration tests of the models.

mod price;
mod profile;

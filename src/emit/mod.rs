//! Layout: which file holds what, and its header.

pub mod authentication;
pub mod bootstrap;
pub mod files;
pub mod hardening;
pub mod layout;
pub mod pin;
pub mod platform;
pub mod readme;
pub mod runbooks;
mod script;
pub mod tenant;

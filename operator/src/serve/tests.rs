//! The API before an API server that is kept in memory: every call, every status, who may what.

mod bounds;
mod calls;
mod deletion;
mod described;
mod page;
mod refusals;
mod secrets;
mod server;
mod who;
mod wire;

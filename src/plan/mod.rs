//! All that follows from what was spent; nobody writes it by hand.

pub mod applications;
pub mod copies;
pub mod glance;
pub mod policies;
pub mod projects;
pub mod rows;
pub mod waves;

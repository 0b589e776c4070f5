//! Helps that can be pasted, pasted.

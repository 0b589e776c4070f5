//! One hash for what is compared with what was stored: the same in every version of the program.

use std::hash::Hasher;

/// FNV-1a with 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    // The same on every machine.
    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }
}

/// The hash of some bytes; never 0.
pub fn of(bytes: &[u8]) -> u64 {
    let mut hash = Fnv::default();
    hash.write(bytes);
    hash.finish().max(1)
}

/// As it is stored.
pub fn text(hash: u64) -> String {
    format!("{hash:016x}")
}

/// What was stored.
pub fn parse(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

//! A random source with a seed, so that a test can get the same bytes twice.

use rsa::rand_core::{CryptoRng, Error, RngCore};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a seed and a counter, block by block.
pub struct Seeded {
    seed: u64,
    counter: u64,
    block: Vec<u8>,
}

impl Seeded {
    /// A source with this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0, block: Vec::new() }
    }
}

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        for byte in into {
            if self.block.is_empty() {
                let hash = Sha256::new()
                    .chain_update(self.seed.to_le_bytes())
                    .chain_update(self.counter.to_le_bytes())
                    .finalize();
                self.block = hash.to_vec();
                self.counter += 1;
            }
            *byte = self.block.pop().expect("a block was made");
        }
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(into);
        Ok(())
    }
}

impl CryptoRng for Seeded {}

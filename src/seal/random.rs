//! Random words: passwords, and the endings of names.

use rsa::rand_core::CryptoRngCore;
use zeroize::Zeroizing;

/// Letters and digits: nothing that a shell, a URL or a YAML reader takes for something else.
pub const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What Kubernetes ends generated names with: no vowels, and no digit that looks like one, so that
/// no word comes of it.
pub const SAFE: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Letters of a suffix, as many as Kubernetes takes itself.
pub const SUFFIX_LENGTH: usize = 5;

/// A password of so many letters and digits: 5.95 bits each, so 32 of them hold 190 bits.
pub fn password(random: &mut impl CryptoRngCore, length: usize) -> Zeroizing<String> {
    draw(random, ALPHANUMERIC, length)
}

/// An ending that makes a name a new one, `x7k2p`.
pub fn suffix(random: &mut impl CryptoRngCore) -> String {
    std::mem::take(&mut draw(random, SAFE, SUFFIX_LENGTH))
}

/// Each symbol is as likely as any other: what is drawn beyond the last one is thrown away, where a
/// remainder would favour the first ones.
fn draw(random: &mut impl CryptoRngCore, alphabet: &str, length: usize) -> Zeroizing<String> {
    let alphabet = alphabet.as_bytes();
    let mask = alphabet.len().next_power_of_two() - 1;
    // Of this capacity from the start: growing would leave a copy behind that nobody wipes.
    let mut word = Zeroizing::new(String::with_capacity(length));
    let mut drawn = Zeroizing::new([0_u8; 1]);
    while word.len() < length {
        random.fill_bytes(&mut *drawn);
        if let Some(symbol) = alphabet.get(usize::from(drawn[0]) & mask) {
            word.push(char::from(*symbol));
        }
    }
    word
}

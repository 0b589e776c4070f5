//! The form of a sealed value, as far as it can be told without the private key.

/// Bytes of the RSA moduli that values are sealed with: 2048, 3072, 4096 and 8192 bits.
///
/// A short list, so that what is base64 by chance (a password, a plain Secret's value) is not taken
/// for sealed.
pub const MODULUS_BYTES: [usize; 4] = [256, 384, 512, 1024];

/// Bytes of the tag that AES-GCM puts behind the value.
pub const TAG_BYTES: usize = 16;

/// Length of the encrypted session key in two bytes, that key, and the value with a tag of 16
/// bytes; all in base64 with padding.
///
/// # Errors
/// Why it is none, in words that follow "is not sealed:". They never repeat the text: it may be the
/// value itself.
pub fn is_sealed(text: &str) -> Result<(), &'static str> {
    let digits = text.trim_end_matches('=');
    let is_base64 = digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    if text.is_empty()
        || !is_base64
        || !text.len().is_multiple_of(4)
        || text.len() - digits.len() > 2
    {
        return Err("it is not base64");
    }
    let length = digits.len() * 3 / 4;
    // The first two bytes: two digits and a half.
    let head = text.bytes().take(3).fold(0_usize, |sum, b| sum << 6 | usize::from(digit(b))) >> 2;
    if !MODULUS_BYTES.contains(&head) || length < 2 + head + TAG_BYTES {
        return Err("it is base64, but too short or of another form than a sealed value");
    }
    Ok(())
}

fn digit(b: u8) -> u8 {
    match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

//! Opens a sealed value as the controller does, with the private key: for tests and for
//! `examples/open_sealed.rs`, never for the compiler.

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Aead as _};
use base64ct::{Base64, Encoding as _};
use espalier::seal::value::SealingScope;
use rsa::{Oaep, RsaPrivateKey, pkcs8::DecodePrivateKey as _};
use sha2::Sha256;

/// The value, or the step that refused.
pub fn open(private_key: &str, scope: SealingScope<'_>, text: &str) -> Result<Vec<u8>, String> {
    let key = RsaPrivateKey::from_pkcs8_pem(private_key)
        .map_err(|it| format!("the private key: {it}"))?;
    open_with(&key, scope, text)
}

/// The same with a key that was read before.
pub fn open_with(
    key: &RsaPrivateKey,
    scope: SealingScope<'_>,
    text: &str,
) -> Result<Vec<u8>, String> {
    let bytes = Base64::decode_vec(text).map_err(|it| format!("base64: {it}"))?;
    let (head, rest) = bytes.split_first_chunk::<2>().ok_or("the length is missing")?;
    let (session, value) = rest
        .split_at_checked(u16::from_be_bytes(*head).into())
        .ok_or("the session key is cut off")?;
    let session = key
        .decrypt(Oaep::new_with_label::<Sha256, _>(scope.label()), session)
        .map_err(|it| format!("the session key: {it}"))?;
    let cipher = Aes256Gcm::new_from_slice(&session)
        .map_err(|it| format!("the session key's length: {it}"))?;
    cipher.decrypt(&Nonce::default(), value).map_err(|it| format!("the value: {it}"))
}

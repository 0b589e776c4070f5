//! The verifier of a password by SCRAM-SHA-256 (RFC 7677), as PostgreSQL keeps it: with it, nobody
//! signs in.

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, Mac as _};
use pbkdf2::pbkdf2_hmac_array;
use rsa::rand_core::CryptoRngCore;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::names::scram::{ITERATIONS, SALT};

/// The verifier of a password of ASCII, which no preparation (`SASLprep`) changes, with a new salt.
pub fn verifier(password: &str, random: &mut impl CryptoRngCore) -> String {
    let mut salt = [0; SALT];
    random.fill_bytes(&mut salt);
    with_salt(password, &salt)
}

fn with_salt(password: &str, salt: &[u8]) -> String {
    let salted = pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), salt, ITERATIONS);
    let salted = Zeroizing::new(salted);
    let client = Zeroizing::new(hmac(&*salted, b"Client Key"));
    let stored: [u8; 32] = Sha256::digest(client.as_slice()).into();
    let server = hmac(&*salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        Base64::encode_string(salt),
        Base64::encode_string(&stored),
        Base64::encode_string(&server)
    )
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC has any length");
    mac.chain_update(text).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use base64ct::Encoding as _;
    use sha2::{Digest as _, Sha256};

    use super::{Base64, hmac, with_salt};

    /// The example of RFC 7677: the signatures that follow from its keys are those that it shows.
    #[test]
    fn the_example_of_the_rfc() {
        let salt = Base64::decode_vec("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let made = with_salt("pencil", &salt);
        let (_, keys) = made.rsplit_once('$').expect("keys");
        let (stored, server) = keys.split_once(':').expect("two");
        let key = |text| Base64::decode_vec(text).expect("base64");
        let message = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let server = hmac(&key(server), message);
        assert_eq!(Base64::encode_string(&server), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let proof = key("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let signature = hmac(&key(stored), message);
        let client: Vec<u8> = proof.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        let of_client: [u8; 32] = Sha256::digest(client).into();
        assert_eq!(
            of_client.to_vec(),
            key(stored),
            "the proof shows the key behind the stored one"
        );
    }
}

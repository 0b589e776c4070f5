//! Whether a text is a private key in PEM form that a server reads without asking for a password.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::pem::{BEGIN, DASHES};

/// What servers read: PKCS #8, and the older forms of RSA and of elliptic curves.
const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// The first byte of the DER form of each of them: a sequence.
const SEQUENCE: u8 = 0x30;

/// Whether it is one private key and nothing else. What it holds is not looked at.
pub fn is_one(text: &str) -> bool {
    let text = text.trim();
    LABELS.iter().any(|label| {
        let inner = text
            .strip_prefix(BEGIN)
            .and_then(|it| it.strip_prefix(label)?.strip_prefix(DASHES))
            .and_then(|it| it.strip_suffix(DASHES)?.strip_suffix(label))
            .and_then(|it| it.strip_suffix("-----END "));
        inner.is_some_and(is_der)
    })
}

fn is_der(lines: &str) -> bool {
    let mut joined = Zeroizing::new(String::with_capacity(lines.len()));
    joined.extend(lines.split_ascii_whitespace());
    let mut bytes = Zeroizing::new(vec![0; joined.len()]);
    Base64::decode(&*joined, &mut bytes).is_ok_and(|it| it.first() == Some(&SEQUENCE))
}

#[cfg(test)]
mod tests {
    use super::is_one;

    #[test]
    fn one_key_and_nothing_else() {
        let block = |label: &str, inner: &str| {
            format!("-----BEGIN {label}-----\n{inner}\n-----END {label}-----\n")
        };
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert!(is_one(&block(label, "MAECAQ==")), "{label}");
            assert!(is_one(&block(label, "MAEC\r\nAQ==").replace('\n', "\r\n")), "{label}");
        }
        let key = block("PRIVATE KEY", "MAECAQ==");
        let parameters = block("EC PARAMETERS", "BggqhkjOPQMBBw==");
        for none in [
            String::new(),
            "a password".to_owned(),
            block("CERTIFICATE", "MAECAQ=="),
            block("ENCRYPTED PRIVATE KEY", "MAECAQ=="),
            block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMAECAQ=="),
            block("PRIVATE KEY", "not base64"),
            block("PRIVATE KEY", "AAEC"),
            block("PRIVATE KEY", ""),
            format!("{parameters}{key}"),
            format!("{key}{key}"),
            key.trim_end().trim_end_matches('-').to_owned(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
        ] {
            assert!(!is_one(&none), "{none}");
        }
    }
}

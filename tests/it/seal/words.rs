//! Random words: with the right letters and length, each letter as likely as another, and from the
//! source that was passed in.

use std::collections::BTreeMap;

use espalier::seal::random::{ALPHANUMERIC, SAFE, password, suffix};

use super::seeded::Seeded;

#[test]
fn passwords_are_letters_and_digits() {
    assert_eq!(ALPHANUMERIC.len(), 62);
    for length in [0, 1, 32, 1000] {
        let password = password(&mut Seeded::new(1), length);
        assert_eq!(password.len(), length);
        assert!(password.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
    assert_eq!(*password(&mut Seeded::new(1), 32), *password(&mut Seeded::new(1), 32));
    assert_ne!(*password(&mut Seeded::new(1), 32), *password(&mut Seeded::new(2), 32));
}

#[test]
fn suffixes_are_those_of_kubernetes() {
    assert_eq!(SAFE, "bcdfghjklmnpqrstvwxz2456789");
    let mut source = Seeded::new(1);
    let some: Vec<String> = (0..1000).map(|_| suffix(&mut source)).collect();
    assert!(some.iter().all(|it| it.len() == 5 && it.chars().all(|c| SAFE.contains(c))));
    let different: std::collections::BTreeSet<&String> = some.iter().collect();
    assert!(different.len() > 990, "{} of 1000 differ", different.len());
}

/// A remainder of a byte would make the first eight symbols a quarter more likely than the others:
/// chi-squared over a long word shows that.
#[test]
fn each_symbol_is_as_likely() {
    let length = 62_000;
    let word = password(&mut Seeded::new(3), length);
    let mut counts: BTreeMap<u8, f64> = ALPHANUMERIC.bytes().map(|it| (it, 0.0)).collect();
    for symbol in word.bytes() {
        *counts.get_mut(&symbol).expect("of the alphabet") += 1.0;
    }
    let expected = 1000.0;
    let chi_squared: f64 =
        counts.values().map(|it| (it - expected) * (it - expected) / expected).sum();
    // 61 degrees of freedom: one in ten thousand is above 111. With a remainder it would be about
    // 480.
    assert!(chi_squared < 111.0, "{chi_squared}");
}

/// bcrypt as Argo CD reads it, with a salt from the random source that was passed in.
#[test]
fn passwords_are_hashed() {
    let hash = espalier::seal::hash::bcrypt(b"a password", &mut Seeded::new(1)).expect("a hash");
    assert!(hash.starts_with("$2b$10$") && hash.len() == 60, "{}", *hash);
    assert!(bcrypt::verify("a password", &hash).expect("a hash"));
    assert!(!bcrypt::verify("another", &hash).expect("a hash"));
    assert_ne!(
        hash,
        espalier::seal::hash::bcrypt(b"a password", &mut Seeded::new(2)).expect("a hash")
    );
    // bcrypt ignores everything after the 72nd byte: a longer password is refused, not shortened.
    assert!(espalier::seal::hash::bcrypt(&[b'x'; 72], &mut Seeded::new(1)).is_ok());
    assert!(espalier::seal::hash::bcrypt(&[b'x'; 73], &mut Seeded::new(1)).is_err());
}

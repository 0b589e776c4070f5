//! What is sealed can be opened only with the right key and in the right scope.

use base64ct::{Base64, Encoding as _};
use espalier::seal::{
    form::is_sealed,
    value::{SealError, SealingScope, seal},
};
use rsa::rand_core::{CryptoRng, Error, RngCore};

use super::{
    keys::{Keys, keys},
    open::{open, open_with},
    seeded::Seeded,
};

const SCOPES: [SealingScope<'static>; 3] = [
    SealingScope::Strict { namespace: "chat", name: "openai" },
    SealingScope::NamespaceWide { namespace: "chat" },
    SealingScope::ClusterWide,
];

/// Empty, text, binary, and 64 KiB.
fn plaintexts() -> [Vec<u8>; 4] {
    [
        Vec::new(),
        "ein Geheimnis, 秘密\n".into(),
        (0..=255).collect(),
        (0..=255).cycle().take(64 << 10).collect(),
    ]
}

#[track_caller]
fn round_trip(bits: usize) {
    let Keys { certificate, private, .. } = keys(bits);
    for scope in SCOPES {
        for plaintext in plaintexts() {
            let text = seal(certificate, scope, &plaintext, &mut Seeded::new(1)).expect("sealed");
            assert_eq!(is_sealed(&text), Ok(()), "{scope:?}");
            assert_eq!(
                open_with(private, scope, &text).as_ref(),
                Ok(&plaintext),
                "{scope:?}, {} bytes",
                plaintext.len()
            );
            let bytes = Base64::decode_vec(&text).expect("base64");
            assert_eq!(bytes.len(), 2 + bits / 8 + plaintext.len() + 16);
            assert_eq!(usize::from(bytes[0]) << 8 | usize::from(bytes[1]), bits / 8);
        }
    }
}

#[test]
fn what_2048_bits_seal_they_open() {
    round_trip(2048);
}

#[test]
fn what_3072_bits_seal_they_open() {
    round_trip(3072);
}

#[test]
fn what_4096_bits_seal_they_open() {
    round_trip(4096);
    let empty = seal(&keys(4096).certificate, SealingScope::ClusterWide, b"", &mut Seeded::new(1))
        .expect("sealed");
    assert_eq!(empty.len(), 708);
    assert!(empty.starts_with("Ag"));
}

/// Each scope is refused where another one is expected, and in another namespace or under another
/// name of its own kind.
#[test]
fn another_place_is_refused() {
    let Keys { certificate, private, .. } = keys(2048);
    let others = [
        SealingScope::Strict { namespace: "chat-b", name: "openai" },
        SealingScope::Strict { namespace: "chat", name: "openai2" },
        SealingScope::Strict { namespace: "openai", name: "chat" },
        SealingScope::NamespaceWide { namespace: "chat-b" },
    ];
    let all: Vec<SealingScope<'_>> = SCOPES.into_iter().chain(others).collect();
    for scope in SCOPES {
        let text = seal(certificate, scope, b"value", &mut Seeded::new(2)).expect("sealed");
        for other in all.iter().filter(|it| **it != scope) {
            let said = open_with(private, *other, &text);
            assert!(
                said.as_ref().is_err_and(|it| it.starts_with("the session key")),
                "{scope:?} opened as {other:?}: {said:?}"
            );
        }
    }
}

#[test]
fn another_key_is_refused() {
    let text =
        seal(&keys(2048).certificate, SealingScope::ClusterWide, b"value", &mut Seeded::new(3))
            .expect("sealed");
    assert!(open(&keys(3072).pair.private_key, SealingScope::ClusterWide, &text).is_err());
    assert_eq!(
        open(&keys(2048).pair.private_key, SealingScope::ClusterWide, &text).as_deref(),
        Ok(&b"value"[..])
    );
}

/// One bit of the length, the session key, the value and the tag is changed: in each byte of the
/// first and the last two, and in every sixteenth of the key.
#[test]
fn one_bit_is_noticed_wherever_it_is() {
    let Keys { certificate, private, .. } = keys(2048);
    let text = seal(certificate, SCOPES[0], b"twelve bytes", &mut Seeded::new(4)).expect("sealed");
    let bytes = Base64::decode_vec(&text).expect("base64");
    let key_ends = 2 + 256;
    assert_eq!(bytes.len(), key_ends + 12 + 16);
    let key = (2..key_ends).step_by(16).chain([key_ends - 1]);
    for at in (0..2).chain(key).chain(key_ends..bytes.len()) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let said = open_with(private, SCOPES[0], &Base64::encode_string(&flipped));
        assert!(said.is_err(), "byte {at}: {said:?}");
    }
    assert!(open_with(private, SCOPES[0], &Base64::encode_string(&bytes)).is_ok());
    assert!(
        open_with(private, SCOPES[0], &Base64::encode_string(&bytes[..bytes.len() - 1])).is_err()
    );
}

/// The random source is the one that was passed in: the same one gives the same bytes, another one
/// gives other bytes, in every part.
#[test]
fn all_that_is_random_was_passed_in() {
    let once = |seed| {
        let text = seal(
            &keys(2048).certificate,
            SealingScope::ClusterWide,
            b"value",
            &mut Seeded::new(seed),
        )
        .expect("sealed");
        Base64::decode_vec(&text).expect("base64")
    };
    assert_eq!(once(5), once(5));
    let (five, six) = (once(5), once(6));
    assert_ne!(five[2..258], six[2..258], "the encrypted session key");
    assert_ne!(five[258..263], six[258..263], "the value");
    // Twice from one source: no session key occurs twice.
    let mut source = Seeded::new(5);
    let mut next = || {
        seal(&keys(2048).certificate, SealingScope::ClusterWide, b"value", &mut source)
            .expect("sealed")
    };
    let (first, second) = (
        Base64::decode_vec(&next()).expect("base64"),
        Base64::decode_vec(&next()).expect("base64"),
    );
    assert_eq!(first, five);
    assert_ne!(first[258..], second[258..]);
}

/// A source that has no more bytes.
struct Dry;

impl RngCore for Dry {
    fn next_u32(&mut self) -> u32 {
        panic!("the source is dry")
    }

    fn next_u64(&mut self) -> u64 {
        panic!("the source is dry")
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        panic!("the source is dry")
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error::new("the source is dry"))
    }
}

impl CryptoRng for Dry {}

#[test]
fn a_dry_source_is_an_error() {
    assert_eq!(
        seal(&keys(2048).certificate, SealingScope::ClusterWide, b"value", &mut Dry),
        Err(SealError::Random)
    );
}

#[test]
fn what_is_not_sealed_is_reported_without_repeating_it() {
    for text in ["", "hunter2", "aHVudGVyMg", "hunter2=====", "AgA", "Ag\nAA"] {
        assert_eq!(is_sealed(text), Err("it is not base64"), "{text:?}");
    }
    let short = |length: usize, rest: usize| {
        Base64::encode_string(&[&[0x02, 0x00], &*vec![0; length + rest]].concat())
    };
    assert_eq!(is_sealed(&short(512, 16)), Ok(()));
    for text in [&*short(512, 15), "aHVudGVyMg==", &*Base64::encode_string(&[1; 600])] {
        assert_eq!(
            is_sealed(text),
            Err("it is base64, but too short or of another form than a sealed value"),
            "{text:?}"
        );
    }
}

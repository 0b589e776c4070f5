//! Reads any text as the keys of a server. What is read is written in one form, which is read as
//! the same.
#![no_main]

use espalier::{names::known_hosts, platform::trust::HostKeys};
use libfuzzer_sys::fuzz_target;

const SERVER: &str = "[git.example.com]:2222";

fuzz_target!(|text: &str| {
    if let Ok(keys) = known_hosts::keys(text, SERVER) {
        let keys = HostKeys { server: SERVER.to_owned(), keys };
        assert_eq!(known_hosts::keys(&keys.text(), SERVER).as_ref(), Ok(&keys.keys));
    }
});

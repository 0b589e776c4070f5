//! Reads any bytes as the body of a workspace, as the API and the compiler do: it is planned or has
//! an error, and a password that is sealed leaves all else as it was.
#![no_main]

use std::sync::LazyLock;

use espalier::{Plan, Sealer, Text};
use libfuzzer_sys::fuzz_target;
use rsa::rand_core::OsRng;
use serde_json::Value;

const PASSWORD: &str = "/spec/administrator/password";

static PLATFORM: LazyLock<(Plan, Sealer)> = LazyLock::new(|| {
    let pem = include_str!("../../tests/golden/operator/spec/sealing.pem");
    let files = [
        ("spec/platform.yaml", include_str!("../../tests/golden/operator/spec/platform.yaml")),
        ("spec/versions.yaml", include_str!("../../tests/golden/operator/spec/versions.yaml")),
        ("spec/sealing.pem", pem),
        (
            "spec/patterns/explain_code.md",
            include_str!("../../tests/golden/operator/spec/patterns/explain_code.md"),
        ),
    ];
    let (plan, findings) = Plan::load(files);
    let plan = plan.unwrap_or_else(|| panic!("{:?}", findings.list()));
    let sealer = Sealer::of(&plan, pem).expect("it has a certificate");
    (plan, sealer)
});

/// A resource without its administrator.
fn others(text: &Text) -> Value {
    let mut value = text.value().clone();
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("administrator");
    }
    value
}

fuzz_target!(|bytes: &[u8]| {
    let (plan, sealer) = &*PLATFORM;
    let mut text = Text::read("spec/workspaces/workspace.yaml", bytes.to_vec());
    let password = text.value().pointer(PASSWORD).and_then(Value::as_str).map(str::to_owned);
    if let Some(password) = password {
        let (was_sound, before) = (text.is_sound(), others(&text));
        text = sealer.seal(text, None, &mut OsRng).expect("a password can be sealed");
        if was_sound {
            assert!(text.is_sound(), "the text is broken by what was sealed");
            assert_eq!(others(&text), before, "something else has changed");
            assert_eq!(text.value().pointer(PASSWORD), None, "`{password}` is still there");
        }
    }
    let (tenant, findings) = plan.tenant_in(&text);
    assert_eq!(tenant.is_none(), findings.has_errors());
    for object in tenant.iter().flat_map(|it| it.objects()) {
        assert!(object.yaml().starts_with(b"apiVersion: "));
    }
    // What is told is told as JSON.
    for finding in findings.list() {
        serde_json::to_string(&finding).expect("a finding is JSON");
    }
});

//! The first administrator of a workspace: the password is asked for, and sealed into the
//! workspace's own file.

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, bail};
use rsa::rand_core::OsRng;
use serde_json::json;

use super::{
    args::{AdministratorArgs, Env},
    edit::Edit,
    site::Site,
};
use crate::{
    builder::credential::{CredentialSpec, Key, SecretLookup, Value},
    cli::{
        clock,
        console::Console,
        seal::{
            self,
            args::SealArgs,
            plaintext::{self, Origin, Plaintext},
            terminal,
        },
        session::Session,
    },
    components::workspace::administrator::SealedSecrets,
    names::{DnsLabel, Email},
    seal::random,
    sealing,
    yaml::source::Source,
};

/// What is asked for.
static PASSWORD: CredentialSpec = CredentialSpec {
    name: "administrator",
    keys: &[Key { name: "password", value: Value::Known("password of the first administrator") }],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

/// The longest e-mail address that is read from a terminal.
const LONGEST: usize = 320;

/// The edit that sets the administrator of a workspace; none where nobody is named. On a terminal
/// a new `prod` workspace is asked for one, since it must have one. `old` is the file as it is.
///
/// # Errors
/// When the address is none, a value is not available, or there is nothing to seal with.
pub fn edit(
    site: &Site<'_>,
    workspace: &DnsLabel,
    old: Option<&Source>,
    env: Env,
    args: &AdministratorArgs,
    console: &mut Console,
) -> anyhow::Result<Option<Edit>> {
    let on_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let email = match &args.email {
        Some(email) => email.clone(),
        None if env == Env::Prod && on_terminal => {
            let answer = terminal::shown("e-mail address of the first administrator: ", LONGEST)?;
            String::from_utf8(answer.to_vec()).context("the address is not UTF-8")?
        }
        None => return Ok(None),
    };
    let email: Email = email.trim().parse().context("--administrator")?;
    plaintext::keep_private();
    let origin = if args.password_from_stdin {
        Some(Origin::Stdin)
    } else if let Some(path) = &args.password_from_file {
        Some(Origin::File(path.clone()))
    } else {
        args.password_from_env.clone().map(Origin::Env)
    };
    if origin.is_none() && !on_terminal {
        bail!(
            "nobody can be asked for the password here: give it with --password-from-stdin, \
             --password-from-file or --password-from-env, or run this in a terminal"
        );
    }
    let work = site.work()?;
    let session = Session { disk: site.disk, work: &work, threads: site.threads };
    let certificate = seal::certificate(session, &seal_args(args), clock::now(), console)?;
    let [key] = PASSWORD.keys else { bail!("one key is declared") };
    let origins = origin.map(|it| (key, it)).into_iter().collect();
    let values = plaintext::values(&PASSWORD, &[key], origins, &mut |length| {
        random::password(&mut OsRng, length)
    })?;
    let password = values.first().map_or(&[][..], |it| Plaintext::bytes(&it.1));
    let suffix = old
        .and_then(|it| it.value.pointer("/spec/administrator/sealed/suffix")?.as_str())
        .and_then(|it| it.parse().ok());
    let sealed =
        sealing::workspace::seal(&certificate, workspace, suffix.as_ref(), password, &mut OsRng)?;
    Ok(Some(Edit::set(&["administrator"], written(&email, &sealed))))
}

/// The administrator as the file has it.
fn written(email: &Email, sealed: &SealedSecrets) -> serde_json::Value {
    let SealedSecrets { certificate, suffix, password, secret_key } = sealed;
    let mut all = json!({ "password": password });
    for (key, value) in [
        ("certificate", certificate.as_ref().map(ToString::to_string)),
        ("suffix", suffix.as_ref().map(ToString::to_string)),
        ("secretKey", secret_key.as_ref().map(ToString::to_string)),
    ] {
        if let Some(value) = value {
            all[key] = value.into();
        }
    }
    json!({ "email": email.to_string(), "sealed": all })
}

/// What decides whether the certificate is the right one, as for `seal`.
pub fn seal_args(args: &AdministratorArgs) -> SealArgs {
    SealArgs {
        verb: None,
        credential: None,
        from_stdin: None,
        from_file: Vec::new(),
        from_env: Vec::new(),
        generate: Vec::new(),
        generate_missing: false,
        rotate: false,
        reseal: false,
        from_dir: None,
        key: None,
        scope: None,
        private_key: args.private_key.clone(),
        accept_certificate: args.accept_certificate,
        now: None,
    }
}

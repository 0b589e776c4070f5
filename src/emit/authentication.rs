//! Whose tokens the API server takes beside its own: a file of `apiserver.config.k8s.io`.

use serde::Serialize;

use super::files::Files;
use crate::{
    platform::{
        trust::Authorities,
        workspace_api::{OIDC_PREFIX, Oidc},
    },
    yaml::emit,
};

/// The file, which the script copies to the node.
pub const AUTHENTICATION: &str = "bootstrap/k3s/authentication.yaml";

/// An address is somebody's once its issuer has seen that it is: without the claim, whoever writes
/// another's address into their account would be that other.
const VERIFIED: ClaimRule = ClaimRule {
    expression: "claims.?email_verified.orValue(false) == true",
    message: "the address of the token is not verified",
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthenticationConfiguration<'a> {
    api_version: &'static str,
    kind: &'static str,
    anonymous: Anonymous,
    jwt: [Jwt<'a>; 1],
}

#[derive(Serialize)]
struct Anonymous {
    enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Jwt<'a> {
    issuer: Issuer<'a>,
    claim_mappings: ClaimMappings<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    claim_validation_rules: &'static [ClaimRule],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issuer<'a> {
    url: &'a str,
    audiences: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority: Option<&'a str>,
}

#[derive(Serialize)]
struct ClaimMappings<'a> {
    username: Claim<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Claim<'a>>,
}

#[derive(Serialize)]
struct Claim<'a> {
    claim: &'a str,
    prefix: &'static str,
}

#[derive(Serialize)]
struct ClaimRule {
    expression: &'static str,
    message: &'static str,
}

/// An issuer, and who certifies its server, where that is not somebody whom the node trusts.
pub(super) struct Issued<'a> {
    pub oidc: &'a Oidc,
    pub authorities: Option<&'a Authorities>,
}

/// Writes the configuration. No name and no group of the issuer is one of the cluster's own: each
/// bears the prefix.
pub(super) fn write(files: &mut Files, issued: &Issued<'_>) {
    let Oidc { issuer, client_id, username_claim, groups_claim, .. } = issued.oidc;
    let claim = |claim| Claim { claim, prefix: OIDC_PREFIX };
    let jwt = Jwt {
        issuer: Issuer {
            url: issuer,
            audiences: [client_id],
            certificate_authority: issued.authorities.map(|it| &*it.text),
        },
        claim_mappings: ClaimMappings {
            username: claim(username_claim),
            groups: groups_claim.as_deref().map(claim),
        },
        claim_validation_rules: if username_claim.is_address() { &[VERIFIED] } else { &[] },
    };
    let configuration = AuthenticationConfiguration {
        api_version: "apiserver.config.k8s.io/v1",
        kind: "AuthenticationConfiguration",
        // As it is without this file: k3s forbids anonymous requests by a flag, which it leaves out
        // where there is such a file, and the API server's own default lets them in.
        anonymous: Anonymous { enabled: false },
        jwt: [jwt],
    };
    files.add_yaml(AUTHENTICATION, |out| emit::document(out, &configuration));
}

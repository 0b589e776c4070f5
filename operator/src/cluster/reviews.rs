//! What the API server says of people: who bears a token, and what somebody may do.

use std::collections::BTreeMap;

use http::Request;
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus, UserInfo},
    authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use serde::Serialize;

use super::{Cluster, workspaces::Rejection};

/// Somebody, as the API server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The UID, where there is one.
    pub uid: Option<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// What else is known.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl From<UserInfo> for User {
    fn from(info: UserInfo) -> Self {
        let UserInfo { extra, groups, uid, username } = info;
        Self {
            name: username.unwrap_or_default(),
            uid,
            groups: groups.unwrap_or_default(),
            extra: extra.unwrap_or_default(),
        }
    }
}

/// Something that somebody wants to do with workspaces' resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The verb, as roles have it.
    pub verb: &'static str,
    /// The name of the resource; none for all of them.
    pub name: Option<String>,
}

impl Cluster {
    /// Shows a token to the API server, with those for whom it may have been made.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn review_token(
        &self,
        token: &str,
        audiences: Vec<String>,
    ) -> Result<TokenReviewStatus, Rejection> {
        let spec = TokenReviewSpec { audiences: Some(audiences), token: Some(token.to_owned()) };
        let review = TokenReview { spec, ..TokenReview::default() };
        let reviewed: TokenReview =
            self.review("/apis/authentication.k8s.io/v1/tokenreviews", &review).await?;
        Ok(reviewed.status.unwrap_or_default())
    }

    /// Asks whether somebody may do something here.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn review_access(&self, user: &User, right: &Right) -> Result<bool, Rejection> {
        let attributes = ResourceAttributes {
            group: Some("apps.aichatworkspaces.io".to_owned()),
            version: Some("v1alpha1".to_owned()),
            resource: Some("aichatworkspaces".to_owned()),
            namespace: Some(self.namespace.clone()),
            verb: Some(right.verb.to_owned()),
            name: right.name.clone(),
            ..ResourceAttributes::default()
        };
        let spec = SubjectAccessReviewSpec {
            user: Some(user.name.clone()),
            uid: user.uid.clone(),
            groups: Some(user.groups.clone()),
            extra: Some(user.extra.clone()),
            resource_attributes: Some(attributes),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let reviewed: SubjectAccessReview =
            self.review("/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await?;
        let status = reviewed.status.unwrap_or_default();
        Ok(status.allowed && !status.denied.unwrap_or_default())
    }

    async fn review<T: Serialize + serde::de::DeserializeOwned>(
        &self,
        path: &str,
        review: &T,
    ) -> Result<T, Rejection> {
        let body = serde_json::to_vec(review).expect("a review is JSON");
        self.asked(Request::post(path).header("Content-Type", "application/json"), body).await
    }
}

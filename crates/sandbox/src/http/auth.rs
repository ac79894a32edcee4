//! Access: credentials of the three kinds, and the addresses that requests may come from.

use std::net::IpAddr;

use gettickets_protocol::{ApiError, ApiRequest};
use md5::{Digest, Md5};

/// What authenticates a request, and the API user that it then acts as.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) identifier: String,
    pub(crate) secret: String,
    /// An admin's user name, and the MD5 of the password in lower-case hexadecimal digits.
    pub(crate) admin: Option<(String, String)>,
    /// Permits requests from addresses that are not allowed.
    pub(crate) access_key: Option<String>,
    /// The addresses that requests may come from; every address if `None`.
    pub(crate) allowed: Option<Vec<IpAddr>>,
    /// The API user's id as an admin, to whom tickets are flagged.
    pub(crate) admin_id: u64,
    /// The departments that the API user is a member of; all if `None`.
    pub(crate) departments: Option<Vec<u64>>,
}

impl Access {
    /// Authenticates a request, or returns the error that the documentation gives for it.
    pub(crate) fn check(&self, request: &ApiRequest, peer: IpAddr) -> Result<(), ApiError> {
        let (Some(user), Some(secret)) = (&request.user, &request.secret) else {
            return Err(ApiError::new("Invalid or missing credentials"));
        };
        let is_api = **user == self.identifier && **secret == self.secret;
        let is_admin = self
            .admin
            .as_ref()
            .is_some_and(|(username, password)| **user == *username && secret.eq_ignore_ascii_case(password));
        if !is_api && !is_admin {
            return Err(ApiError::new("Authentication Failed"));
        }
        let has_key = match (&self.access_key, &request.access_key) {
            (Some(key), Some(sent)) => *key == **sent,
            _ => false,
        };
        let is_allowed = self.allowed.as_ref().is_none_or(|allowed| allowed.contains(&peer));
        if is_allowed || has_key { Ok(()) } else { Err(ApiError::new(format!("Invalid IP {peer}"))) }
    }
}

/// Returns the MD5 of a password in lower-case hexadecimal digits, as requests carry it.
pub(crate) fn md5_hex(password: &str) -> String {
    Md5::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

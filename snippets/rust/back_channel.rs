use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{decode, decode_header, Algorithm, DecodingKey, Validation};
use openidconnect::reqwest::blocking::Client;
use serde::Deserialize;
use serde_json::Value;
use std::error::Error;
use std::io::Read;
use tiny_http::Request;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token says, as far as it matters here.
#[derive(Deserialize)]
pub struct Ended {
    sub: Option<String>,
    sid: Option<String>,
    events: Value,
    nonce: Option<Value>,
}

impl Ended {
    /// Whether this session is meant: the one of that sid, or without it all of the person.
    pub fn means(&self, sub: &str, sid: Option<&str>) -> bool {
        match &self.sid {
            Some(ended) => sid == Some(ended),
            None => self.sub.as_deref() == Some(sub),
        }
    }
}

/// The session id of an ID Token that has been checked before.
pub fn sid(id_token: &str) -> Option<String> {
    let claims = insecure_decode::<Value>(id_token).ok()?.claims;
    Some(claims.get("sid")?.as_str()?.to_string())
}

/// Reads the logout token, which Latchkey posts when somebody signs out elsewhere, and checks it.
pub fn ended(
    request: &mut Request,
    http: &Client,
    keys: &str,
    issuer: &str,
    client_id: &str,
) -> Result<Ended, Box<dyn Error>> {
    let mut body = String::new();
    request.as_reader().take(20_000).read_to_string(&mut body)?;
    let form = openidconnect::url::form_urlencoded::parse(body.as_bytes());
    let token = form.into_owned().find(|(name, _)| name == "logout_token").ok_or("no logout token")?.1;

    let header = decode_header(&token)?;
    let known = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
    if header.typ.as_deref() != Some("logout+jwt") || !known.contains(&header.alg) {
        return Err("not a logout token".into());
    }
    let keys: JwkSet = serde_json::from_str(&http.get(keys).send()?.text()?)?;
    let key = keys.find(header.kid.as_deref().unwrap_or_default()).ok_or("no such key")?;
    let mut rules = Validation::new(header.alg);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[client_id]);
    rules.set_required_spec_claims(&["exp", "iss", "aud"]);
    let ended = decode::<Ended>(&token, &DecodingKey::from_jwk(key)?, &rules)?.claims;
    if ended.events.get(EVENT).is_none() || ended.nonce.is_some() {
        return Err("not a logout token".into());
    }
    Ok(ended)
}

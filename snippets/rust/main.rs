mod back_channel; // ? backchannel

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdToken};
use openidconnect::reqwest::{blocking::Client, redirect::Policy};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, LogoutRequest, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RefreshToken, Scope, TokenResponse,
};
use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};
use tiny_http::{Header, Request, Response, Server};

/// A sign-in that has begun.
struct Begun {
    state: CsrfToken,
    nonce: Nonce,
    pkce: PkceCodeVerifier,
}

/// Somebody who is signed in.
struct Person {
    words: String,
    id_token: CoreIdToken,
    refresh_token: Option<RefreshToken>,
    expires: Instant,
    sub: String, // ? backchannel
    sid: Option<String>, // ? backchannel
}

enum Answer {
    Page(String),
    /// To an address, with a session.
    Redirect(String, Option<String>),
}

fn cookie(request: &Request) -> String {
    let headers = request.headers().iter().filter(|header| header.field.equiv("Cookie"));
    headers
        .flat_map(|header| header.value.as_str().split("; "))
        .find_map(|pair| pair.strip_prefix("session="))
        .unwrap_or_default()
        .to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn main() -> Result<(), Box<dyn Error>> {
    // Without redirects, which could lead anywhere.
    let http = Client::builder().redirect(Policy::none()).build()?;
    let provider = ProviderMetadataWithLogout::discover(&IssuerUrl::new("__ISSUER__".into())?, &http)?;
    let keys = provider.jwks_uri().to_string(); // ? backchannel
    let end_session = provider.additional_metadata().end_session_endpoint.clone().ok_or("no sign-out")?;
    let secret = ClientSecret::new(std::env::var("LATCHKEY_CLIENT_SECRET")?);
    let client = CoreClient::from_provider_metadata(provider, ClientId::new("__CLIENT_ID__".into()), Some(secret))
        .set_auth_type(AuthType::__AUTH_TYPE__)
        .set_redirect_uri(RedirectUrl::new("__REDIRECT_URI__".into())?);

    // One process's memory: use your database instead.
    let mut begun: HashMap<String, Begun> = HashMap::new();
    let mut people: HashMap<String, Person> = HashMap::new();

    let mut answer = |request: &mut Request| -> Result<Answer, Box<dyn Error>> {
        let session = cookie(request);
        let url = openidconnect::url::Url::parse("http://localhost")?.join(request.url())?;
        match url.path() {
            "__LOGIN_PATH__" => {
                let (challenge, pkce) = PkceCodeChallenge::new_random_sha256();
                let (to, state, nonce) = client
                    .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
                    .add_scopes("__SCOPE__".split(' ').map(|scope| Scope::new(scope.into())))
                    .set_pkce_challenge(challenge)
                    .url();
                let id = CsrfToken::new_random().secret().clone();
                begun.insert(id.clone(), Begun { state, nonce, pkce });
                Ok(Answer::Redirect(to.into(), Some(id)))
            }
            "__CALLBACK_PATH__" => {
                let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
                let start = begun.remove(&session).ok_or("this sign-in was not begun here")?;
                if query.get("state") != Some(start.state.secret()) {
                    return Err("the answer is not for this sign-in".into());
                }
                let code = query.get("code").or(query.get("error")).ok_or("no code")?;
                let tokens = client
                    .exchange_code(AuthorizationCode::new(code.clone()))?
                    .set_pkce_verifier(start.pkce)
                    .request(&http)?;
                let id_token = tokens.id_token().ok_or("no ID token")?.clone();
                let claims = id_token.claims(&client.id_token_verifier(), &start.nonce)?;
                let name = claims.name().and_then(|name| name.get(None)).map_or("", |name| name.as_str());
                let email = claims.email().map_or("", |email| email.as_str());
                let person = Person {
                    words: escaped(&format!("{name}, {email}")),
                    refresh_token: tokens.refresh_token().cloned(),
                    expires: Instant::now() + tokens.expires_in().unwrap_or_default(),
                    sub: claims.subject().to_string(), // ? backchannel
                    sid: back_channel::sid(&id_token.to_string()), // ? backchannel
                    id_token,
                };
                let id = CsrfToken::new_random().secret().clone();
                people.insert(id.clone(), person);
                Ok(Answer::Redirect("/".into(), Some(id)))
            }
            "__BACKCHANNEL_PATH__" => { // ? backchannel
                let ended = back_channel::ended(request, &http, &keys, "__ISSUER__", "__CLIENT_ID__")?; // ? backchannel
                people.retain(|_, person| !ended.means(&person.sub, person.sid.as_deref())); // ? backchannel
                Ok(Answer::Page(String::new())) // ? backchannel
            } // ? backchannel
            "/logout" => {
                let to = LogoutRequest::from(end_session.clone())
                    .set_client_id(ClientId::new("__CLIENT_ID__".into()))
                    .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new("__POST_LOGOUT_URI__".into())?);
                let to = match people.remove(&session) {
                    Some(person) => to.set_id_token_hint(&person.id_token).http_get_url(),
                    None => to.http_get_url(),
                };
                Ok(Answer::Redirect(to.into(), Some(String::new())))
            }
            "/" => {
                let Some(person) = people.get_mut(&session) else {
                    return Ok(Answer::Page("<a href=\"__LOGIN_PATH__\">Sign in</a>".into()));
                };
                // Refreshed when a minute is left; each refresh token works once.
                let soon = Instant::now() + Duration::from_secs(60);
                if let Some(refresh_token) = person.refresh_token.as_ref().filter(|_| person.expires <= soon) {
                    let tokens = client.exchange_refresh_token(refresh_token)?.request(&http)?;
                    person.expires = Instant::now() + tokens.expires_in().unwrap_or_default();
                    person.refresh_token = tokens.refresh_token().cloned().or(person.refresh_token.take());
                }
                Ok(Answer::Page(format!("<p>{}</p><a href=\"/logout\">Sign out</a>", person.words)))
            }
            _ => Err("there is nothing here".into()),
        }
    };

    let server = Server::http("__HOST__").map_err(|error| error.to_string())?;
    for mut request in server.incoming_requests() {
        let header = |name: &str, value: &str| Header::from_bytes(name, value).expect("a header");
        let response = match answer(&mut request) {
            Ok(Answer::Page(body)) => Response::from_string(format!("<!doctype html><title>App</title>{body}"))
                .with_header(header("Content-Type", "text/html; charset=utf-8")),
            Ok(Answer::Redirect(to, session)) => {
                let to = Response::from_string("").with_status_code(303).with_header(header("Location", &to));
                match session {
                    Some(id) => to.with_header(header(
                        "Set-Cookie",
                        &format!("session={id}; Path=/; HttpOnly; SameSite=Lax"), // ? local
                        &format!("session={id}; Path=/; HttpOnly; SameSite=Lax; Secure"), // ? !local
                    )),
                    None => to,
                }
            }
            Err(error) => {
                eprintln!("{error}");
                Response::from_string("Signing in did not work. Start again at /").with_status_code(400)
            }
        };
        request.respond(response)?;
    }
    Ok(())
}

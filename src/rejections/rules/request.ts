import { described, detailed, failed, filled, listed, nameOf, quoted, type Rule, yes } from '../rejection.ts'

/** What the server accepts as response_type. */
const CODE = 'code'

const fromAPage = described(/^origin .* not allowed for client/)

/** By endpoint: those that no app in a browser has business at, whatever its origin. */
const NOT_FOR_PAGES = ['introspection', 'device_authorization']

/** Mistakes in the parameters of an authorization request, pushed or not, beside redirect URI, PKCE and scope. */
export const requestRules: readonly Rule[] = [
  {
    name: 'response_type',
    fits: failed('unsupported_response_type'),
    title: 'A flow that is not offered',
    mistake: filled(
      'The app asked for response_type={response_type}. Only “code” is offered: the implicit and hybrid flows put tokens into addresses (RFC 9700 §2.1.2).',
      ({ details }) => ({ response_type: details.response_type ?? '' }),
    ),
    inApp: 'Use the authorization code flow with PKCE: response_type=code.',
  },
  {
    name: 'response_type_not_registered',
    fits: described('requested response_type is not allowed for this client'),
    title: 'The client does not sign people in',
    mistake: filled('{client} is registered for {grant_types}, without authorization_code.', (rejection) => ({
      client: nameOf(rejection),
      grant_types: listed(rejection.details.registered?.grant_types ?? []),
    })),
    inApp: 'A program that acts for itself asks the token endpoint directly (client_credentials).',
    here: 'If people shall sign in with it, edit the client: add the grant authorization_code and a redirect URI.',
  },
  {
    name: 'response_mode',
    fits: ({ error, description }) =>
      error === 'unsupported_response_mode' || /^requested response_mode/.test(description ?? ''),
    title: 'A response_mode that is not offered',
    mistake: filled(
      '{signed, select, yes {{client} is registered for FAPI 2.0 Message Signing: its answers are always signed, and it asked for another kind.} other {The app wants the answer in a form that this server does not give.}}',
      (rejection) => ({
        client: nameOf(rejection),
        signed: yes(rejection.details.registered?.profile === 'fapi2_message_signing'),
      }),
    ),
    inApp: filled(
      '{signed, select, yes {Send response_mode=jwt in the signed request.} other {Leave response_mode out, or use one that the discovery document lists.}}',
      ({ details }) => ({ signed: yes(details.registered?.profile === 'fapi2_message_signing') }),
    ),
  },
  {
    name: 'parameter_twice',
    fits: described(/must not be provided twice$/),
    title: 'A parameter twice',
    mistake: filled(
      'Each parameter may be there once (RFC 6749 §3.1). The server says: {said}.',
      ({ description }) => ({ said: quoted(description ?? undefined) }),
    ),
    inApp:
      'Send each parameter once. Often one is in the configured address of the server already, and the library adds it again.',
  },
  {
    name: 'request_uri_elsewhere',
    fits: failed('request_uri_not_supported'),
    title: 'A request at another address',
    mistake:
      'The app sent a request_uri that is not from the pushed authorization request endpoint. The server fetches no requests.',
    inApp:
      'Push the request (RFC 9126) and send the request_uri of the answer, or send a signed request itself (request).',
  },
  {
    name: 'pushed_request_over',
    fits: failed('invalid_request_uri'),
    title: 'The pushed request is over',
    mistake:
      'A pushed request is good for 60 seconds and one sign-in. The browser came too late, came a second time (reload, back), or with a request_uri of another server.',
    inApp:
      'Push the request at the moment in which the browser is sent on, and push a new one for each sign-in.',
  },
  {
    name: 'pushed_request_required',
    fits: described('Pushed Authorization Request must be used'),
    title: 'The request has to be pushed',
    mistake: filled(
      '{client} is registered with require_pushed_authorization_requests, and sent a plain request.',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp: 'Push the request first (RFC 9126), and send the browser with client_id and request_uri.',
    here: filled(
      '{profile, select, yes {Nothing: pushed requests belong to the FAPI profile of the client. Only without its profile (None) may it send plain ones.} other {Or edit the client and let it send plain requests.}}',
      ({ details }) => ({ profile: yes(details.registered?.profile !== undefined) }),
    ),
  },
  {
    name: 'openid_missing',
    fits: described(/^openid scope must be requested/),
    title: 'The scope openid is missing',
    mistake: filled(
      'The app uses what is part of OpenID Connect only ({said}), but asked for the scope {scope}.',
      ({ description, details }) => ({
        said: (description ?? '').replace(/^openid scope must be requested (when using|for) /, ''),
        scope: quoted(details.scope),
      }),
    ),
    inApp: 'Add “openid” to the scope, a list with spaces, not commas.',
  },
  {
    name: 'prompt',
    fits: described(/^unsupported prompt value|^prompt none must only/),
    title: 'A prompt that is not offered',
    mistake: filled(
      'The app sent prompt={prompt}. There are none (alone), login and consent.',
      ({ details }) => ({ prompt: details.prompt ?? '' }),
    ),
    inApp: 'Leave prompt out, or send one of these.',
  },
  {
    name: 'login_required',
    fits: ({ error, details }) =>
      ['login_required', 'consent_required', 'interaction_required', 'account_selection_required'].includes(
        error,
      ) && details.prompt === 'none',
    title: 'Nobody could be signed in silently',
    mistake: filled(
      '{login, select, yes {The app asked with prompt=none whether somebody is signed in, and nobody is, or their browser keeps cookies of other sites back. This is an ordinary answer.} other {The app asked with prompt=none not to show a page, but the person has to allow something first. This is an ordinary answer.}}',
      ({ error }) => ({ login: yes(error === 'login_required') }),
    ),
    inApp:
      'Send the person to sign in, without prompt=none. A single-page app refreshes with a refresh token instead of a hidden frame.',
  },
  {
    name: 'not_admitted',
    fits: (rejection) =>
      described('the end-user may not use this client')(rejection) ||
      detailed('the end-user may not use this client')(rejection),
    title: 'The app is not for this person',
    mistake: filled(
      '{client} is for {access} only, and the person was in none of them at that moment.',
      (rejection) => ({
        client: nameOf(rejection),
        access: listed(rejection.details.registered?.access ?? []),
      }),
    ),
    inApp: 'Say that this account may not use the app, and whom to ask. Do not try again by itself.',
    here: 'If they should: add them to one of the groups, give them one of the roles, or change “Only for” on the page of the client.',
  },
  {
    name: 'no_member',
    fits: (rejection) =>
      described('the end-user may not sign in for this organization')(rejection) ||
      detailed('the end-user may not sign in for this organization')(rejection),
    title: 'The person is no member of the organization',
    mistake:
      'The app asked for a sign-in for an organization, and the person was no member of it at that moment, or it is disabled.',
    inApp:
      'Say that this account is no member of the organization, and whom to ask. Do not try again by itself.',
    here: 'If they should be one: add them, or invite them, on the page of the organization.',
  },
  {
    name: 'no_organization',
    fits: (rejection) =>
      described('the end-user is no member of an organization')(rejection) ||
      detailed('the end-user is no member of an organization')(rejection),
    title: 'The person is in no organization',
    mistake: filled(
      '{client} is for members of organizations only, and the person was in none at that moment.',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp:
      'Say that this account is no member of an organization, and whom to ask. Do not try again by itself.',
    here: 'If they should be one: add them, or invite them, on the page of an organization. If the app is for everyone: change “People sign in for an organization” on its page.',
  },
  {
    name: 'access_denied',
    fits: failed('access_denied'),
    title: 'The person said no',
    mistake:
      'On the consent page the person chose “Deny”, or went back from the sign-in page. Nothing is wrong.',
    inApp: 'Show that nobody was signed in, and offer to try again.',
  },
  {
    name: 'sign_in_over',
    fits: described(
      /^authorization request has expired|^interaction session not found|^(authorization|interaction) session and/,
    ),
    title: 'The sign-in was over',
    mistake:
      'The person came back to a sign-in that was finished, took more than an hour, or was begun in another browser. Bookmarks and the back button lead there.',
    inApp:
      'Nothing: the person starts again from the app. If it happens to everybody, see whether something on the way drops cookies.',
  },
  {
    name: 'acr_unmet',
    fits: failed('unmet_authentication_requirements'),
    title: 'A stronger sign-in than there is',
    mistake: filled(
      'The app takes no answer without a certain class of sign-in: its claims are {claims}. The discovery document lists the classes that can be reached (acr_values_supported); a password has been asked for where it would do, and who comes by a provider elsewhere has shown none.',
      ({ details }) => ({ claims: quoted(details.claims) }),
    ),
    inApp:
      'Ask for a class that is listed. Or ask by acr_values, which is a wish, and look at acr in the ID token.',
  },
  {
    name: 'claims_malformed',
    fits: described(
      /^could not parse the claims parameter|^claims parameter should|^claims\.(userinfo|id_token)/,
    ),
    title: 'Claims that cannot be read',
    mistake: filled(
      'The app sent the claims {claims}. The server says: {said}.',
      ({ description, details }) => ({
        claims: quoted(details.claims),
        said: quoted(description ?? undefined),
      }),
    ),
    inApp: filled(
      'Send claims as JSON, once percent-encoded like every parameter, for example {example} (OpenID Connect Core §5.5).',
      () => ({ example: '{"userinfo":{"email":null}}' }),
    ),
  },
  {
    name: 'subjects_differ',
    fits: described('id_token_hint and the sub in claims are of different accounts'),
    title: 'Two accounts are asked for',
    mistake:
      'The id_token_hint is of one account, and claims ask for the sub of another. No sign-in can answer both.',
    inApp: 'Send one of the two.',
  },
  {
    name: 'max_age',
    fits: described('invalid max_age parameter value'),
    title: 'max_age is no number of seconds',
    mistake: 'max_age has to be a whole number of seconds, 0 or more.',
    inApp: 'Send max_age as such, or leave it out.',
  },
  {
    name: 'cors_not_for_pages',
    fits: (rejection) => fromAPage(rejection) && NOT_FOR_PAGES.includes(rejection.endpoint),
    title: 'A web page where none may be',
    mistake: filled(
      'A script of {origin} called this endpoint for {client}. {endpoint, select, introspection {Introspection is for the API that a token is meant for, from its server: what runs in a browser can keep no credential, and whoever has it learns of every token of the API.} other {Device codes are for what has no browser, like a TV or a terminal.}}',
      (rejection) => ({
        origin: quoted(rejection.details.origin),
        client: nameOf(rejection),
        endpoint: rejection.endpoint,
      }),
    ),
    inApp: filled(
      '{endpoint, select, introspection {Do not introspect in a browser. Who signed in stands in the ID token and at the userinfo endpoint, the end of an access token in expires_in; whether a token is good, the API finds out that gets it.} other {Sign people in with the authorization code flow and PKCE: a browser is there.}}',
      ({ endpoint }) => ({ endpoint }),
    ),
  },
  {
    name: 'cors',
    fits: fromAPage,
    title: 'A web page of another origin',
    mistake: filled(
      'A script of {origin} called this endpoint for {client}. Scripts may do so from the origins of the client’s redirect URIs only.',
      (rejection) => ({ origin: quoted(rejection.details.origin), client: nameOf(rejection) }),
    ),
    inApp: 'Call it from a page of the app’s own origin, or from its back end.',
    here: 'If the app runs at that origin, add its redirect URI there to the client.',
  },
  {
    name: 'id_token_hint',
    fits: described(/id_token_hint/),
    title: 'The id_token_hint cannot be used',
    mistake: 'The token that was sent as id_token_hint is not one that this server gave to this client.',
    inApp: 'Send the id_token of this server and this client, as it was received; it may have expired.',
  },
  {
    name: 'body',
    fits: described(/content-type bodies are supported|failed to parse the request body/),
    title: 'The body cannot be read',
    mistake: 'The endpoint takes forms only: application/x-www-form-urlencoded.',
    inApp: 'Send the parameters as a form, not as JSON, and without a charset other than UTF-8.',
  },
  {
    name: 'parameter_missing',
    fits: described(/^missing required parameter/),
    title: 'A parameter is missing',
    mistake: filled(
      'The server says: {said}. Sent were: {some, select, yes {{parameters}} other {none}}.',
      ({ description, details }) => ({
        said: quoted(description ?? undefined),
        some: yes(!!details.parameters?.length),
        parameters: details.parameters?.join(', ') ?? '',
      }),
    ),
    inApp: filled(
      `Send it.{signsIn, select, yes { To sign somebody in, response_type=${CODE}.} other {}} In a POST request, parameters belong into the body.`,
      ({ details }) => ({
        signsIn: yes(details.response_type === undefined && details.grant_type === undefined),
      }),
    ),
  },
]

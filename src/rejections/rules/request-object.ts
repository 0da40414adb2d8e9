import { toSeconds } from '../../shared/clock.ts'
import { type Case, described, detailed, duration, listed, nameOf, quoted, type Rule } from '../rejection.ts'

/** Of signed requests (RFC 9101) that are refused. */
const of =
  (words: string | RegExp) =>
  (rejection: Case): boolean =>
    rejection.error === 'invalid_request_object' &&
    (described(words)(rejection) || detailed(words)(rejection))

const seconds = ({ at }: Case) => toSeconds(at)
const FRESH =
  'Make the request object at the moment in which the person is sent on, with an exp of a few minutes.'

export const requestObjectRules: readonly Rule[] = [
  {
    name: 'request_object_required',
    fits: described('Request Object must be used by this client'),
    title: 'The request has to be signed',
    mistake: (rejection) =>
      `${nameOf(rejection)} is registered with require_signed_request_object, and sent plain parameters.`,
    inApp:
      'Sign the request (RFC 9101) and send it as the parameter request, best to the pushed authorization request endpoint.',
    here: ({ details }) =>
      details.registered?.profile === undefined
        ? 'Or edit the client and let it send plain requests.'
        : 'Nothing: signed requests belong to the profile of the client. Only without its profile (None) may it send plain ones.',
  },
  {
    name: 'request_object_expired',
    fits: of(/^Request Object has expired$|^jwt expired$/),
    title: 'An old signed request, or the clock',
    mistake: (rejection) =>
      `The request object ended ${duration(seconds(rejection) - (rejection.details.request_object?.exp ?? 0))} before it arrived: the person came late or loaded an old page again, or the clock of the app is behind.`,
    inApp: `${FRESH} Set the clock of the app’s machine by NTP.`,
  },
  {
    name: 'request_object_early',
    fits: of('jwt not active yet'),
    title: 'The clock of the app is ahead',
    mistake: (rejection) =>
      `The request object is valid only from ${duration((rejection.details.request_object?.nbf ?? 0) - seconds(rejection))} after it arrived (nbf).`,
    inApp: 'Set the clock of the app’s machine by NTP.',
  },
  {
    name: 'request_object_long',
    fits: of(/more than 60 minutes/),
    title: 'A signed request that is good for too long',
    mistake: ({ description }) =>
      `${quoted(description ?? undefined)}: a signed request travels through the browser, and is good for an hour at most.`,
    inApp: FRESH,
  },
  {
    name: 'request_object_claims',
    fits: of(/is missing the '(exp|nbf)' claim|'sub' claim|^typ of a Request Object/),
    title: 'A claim of the signed request',
    mistake: ({ description }) => `The server says: ${quoted(description ?? undefined)}.`,
    inApp:
      'Give the request object iss and client_id (both the client_id), aud, exp and, for FAPI, nbf; no sub. Its typ is oauth-authz-req+jwt.',
  },
  {
    name: 'request_object_audience',
    fits: of(/^jwt audience|^invalid aud value/),
    title: 'A signed request for somebody else',
    mistake: ({ details }) =>
      `The aud of the request object is ${listed(details.request_object?.aud ?? [])}, which is not this server.`,
    inApp: 'Set aud to the issuer of this server, exactly as its discovery document has it.',
  },
  {
    name: 'request_object_client',
    fits: of(/^jwt issuer invalid|^request client_id/),
    title: 'A signed request of another client',
    mistake: ({ details }) =>
      `iss and client_id of a request object are both the client_id; here iss is ${quoted(details.request_object?.iss)} and client_id ${quoted(details.request_object?.client_id)}.`,
    inApp: 'Set iss and client_id to the client_id of the request.',
  },
  {
    name: 'request_object_algorithm',
    fits: of(/^unsupported signed request alg|^the preregistered alg|^the Request Object of a FAPI client/),
    title: 'Another signature algorithm',
    mistake: ({ details }) =>
      `The request object is signed with ${quoted(details.request_object?.alg)}; accepted is ${quoted(details.registered?.request_alg ?? (details.registered?.profile ? 'PS256, ES256 or EdDSA' : 'RS256, PS256, ES256 or EdDSA'))}. Unsigned ones and those signed with a secret never are.`,
    inApp: 'Sign with an accepted algorithm, with the private key whose public half is registered.',
    here: 'Or edit the client and register the algorithm that it uses (request_object_signing_alg).',
  },
  {
    name: 'request_object_signature',
    fits: of(/^could not validate Request Object/),
    title: 'The request is signed with another key',
    mistake: (rejection) => {
      const { request_object: object, registered } = rejection.details
      const known = registered?.jwks_uri
        ? `Its keys are at ${quoted(registered.jwks_uri)}`
        : `Registered are the keys ${listed(registered?.kids ?? [])}`
      return `No registered key of ${nameOf(rejection)} fits the signature. It names the key ${quoted(object?.kid)}. ${known}.`
    },
    inApp: 'Sign with the private key whose public half is registered, and name its kid.',
    here: 'If the app has a new key, edit the client and add the public half to its jwks.',
  },
  {
    name: 'request_object_invalid',
    fits: ({ error }) => error === 'invalid_request_object',
    title: 'A signed request that is not valid',
    mistake: ({ description, details }) =>
      `The server says: ${[description, details.detail].filter(Boolean).join('; ') || 'nothing more'}.`,
    inApp:
      'Let the OAuth library make the request object: a JWT that holds the parameters, signed with the key of the client, not encrypted.',
  },
]

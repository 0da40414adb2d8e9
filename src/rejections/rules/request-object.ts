import { toSeconds } from '../../shared/clock.ts'
import { anyOf } from '../../shared/locales/lists.ts'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'
import {
  type Case,
  described,
  detailed,
  duration,
  filled,
  listed,
  nameOf,
  quoted,
  type Rule,
  yes,
} from '../rejection.ts'

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
    mistake: filled(
      '{client} is registered with require_signed_request_object, and sent plain parameters.',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp:
      'Sign the request (RFC 9101) and send it as the parameter request, best to the pushed authorization request endpoint.',
    here: filled(
      '{profile, select, yes {Nothing: signed requests belong to the profile of the client. Only without its profile (None) may it send plain ones.} other {Or edit the client and let it send plain requests.}}',
      ({ details }) => ({ profile: yes(details.registered?.profile !== undefined) }),
    ),
  },
  {
    name: 'request_object_expired',
    fits: of(/^Request Object has expired$|^jwt expired$/),
    title: 'An old signed request, or the clock',
    mistake: filled(
      'The request object ended {exp} before it arrived: the person came late or loaded an old page again, or the clock of the app is behind.',
      (rejection) => ({ exp: duration(seconds(rejection) - (rejection.details.request_object?.exp ?? 0)) }),
    ),
    inApp: `${FRESH} Set the clock of the app’s machine by NTP.`,
  },
  {
    name: 'request_object_early',
    fits: of('jwt not active yet'),
    title: 'The clock of the app is ahead',
    mistake: filled('The request object is valid only from {nbf} after it arrived (nbf).', (rejection) => ({
      nbf: duration((rejection.details.request_object?.nbf ?? 0) - seconds(rejection)),
    })),
    inApp: 'Set the clock of the app’s machine by NTP.',
  },
  {
    name: 'request_object_long',
    fits: of(/more than 60 minutes/),
    title: 'A signed request that is good for too long',
    mistake: filled(
      '{said}: a signed request travels through the browser, and is good for an hour at most.',
      ({ description }) => ({ said: quoted(description ?? undefined) }),
    ),
    inApp: FRESH,
  },
  {
    name: 'request_object_claims',
    fits: of(/is missing the '(exp|nbf)' claim|'sub' claim|^typ of a Request Object/),
    title: 'A claim of the signed request',
    mistake: filled('The server says: {said}.', ({ description }) => ({
      said: quoted(description ?? undefined),
    })),
    inApp:
      'Give the request object iss and client_id (both the client_id), aud, exp and, for FAPI, nbf; no sub. Its typ is oauth-authz-req+jwt.',
  },
  {
    name: 'request_object_audience',
    fits: of(/^jwt audience|^invalid aud value/),
    title: 'A signed request for somebody else',
    mistake: filled('The aud of the request object is {aud}, which is not this server.', ({ details }) => ({
      aud: listed(details.request_object?.aud ?? []),
    })),
    inApp: 'Set aud to the issuer of this server, exactly as its discovery document has it.',
  },
  {
    name: 'request_object_client',
    fits: of(/^jwt issuer invalid|^request client_id/),
    title: 'A signed request of another client',
    mistake: filled(
      'iss and client_id of a request object are both the client_id; here iss is {iss} and client_id {client_id}.',
      ({ details }) => ({
        iss: quoted(details.request_object?.iss),
        client_id: quoted(details.request_object?.client_id),
      }),
    ),
    inApp: 'Set iss and client_id to the client_id of the request.',
  },
  {
    name: 'request_object_algorithm',
    fits: of(/^unsupported signed request alg|^the preregistered alg|^the Request Object of a FAPI client/),
    title: 'Another signature algorithm',
    mistake: filled(
      'The request object is signed with {alg}; accepted is {accepted}. Unsigned ones and those signed with a secret never are.',
      ({ details }) => ({
        alg: quoted(details.request_object?.alg),
        accepted: quoted(
          details.registered?.request_alg ??
            anyOf(details.registered?.profile ? ['PS256', 'ES256', 'EdDSA'] : [...SIGNING_ALGORITHMS]),
        ),
      }),
    ),
    inApp: 'Sign with an accepted algorithm, with the private key whose public half is registered.',
    here: 'Or edit the client and register the algorithm that it uses (request_object_signing_alg).',
  },
  {
    name: 'request_object_signature',
    fits: of(/^could not validate Request Object/),
    title: 'The request is signed with another key',
    mistake: filled(
      'No registered key of {client} fits the signature. It names the key {kid}. {address, select, yes {Its keys are at {uri}.} other {Registered are the keys {kids}.}}',
      (rejection) => {
        const { request_object: object, registered } = rejection.details
        return {
          client: nameOf(rejection),
          kid: quoted(object?.kid),
          address: yes(!!registered?.jwks_uri),
          uri: quoted(registered?.jwks_uri),
          kids: listed(registered?.kids ?? []),
        }
      },
    ),
    inApp: 'Sign with the private key whose public half is registered, and name its kid.',
    here: 'If the app has a new key, edit the client and add the public half to its jwks.',
  },
  {
    name: 'request_object_invalid',
    fits: ({ error }) => error === 'invalid_request_object',
    title: 'A signed request that is not valid',
    mistake: filled(
      '{known, select, yes {The server says: {said}.} other {The server says: nothing more.}}',
      ({ description, details }) => {
        const said = [description, details.detail].filter(Boolean).join('; ')
        return { known: yes(said !== ''), said }
      },
    ),
    inApp:
      'Let the OAuth library make the request object: a JWT that holds the parameters, signed with the key of the client, not encrypted.',
  },
]

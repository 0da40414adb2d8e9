import { toSeconds } from '../../shared/clock.ts'
import { anyOf } from '../../shared/locales/lists.ts'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'
import {
  type Case,
  detailed,
  duration,
  filled,
  listed,
  nameOf,
  quoted,
  type Rule,
  yes,
} from '../rejection.ts'

/** Only of clients that authenticate by private_key_jwt (RFC 7523). */
const of =
  (words: string | RegExp) =>
  (rejection: Case): boolean =>
    rejection.details.assertion !== undefined &&
    rejection.error === 'invalid_client' &&
    detailed(words)(rejection)

const seconds = ({ at }: Case) => toSeconds(at)

/** An assertion that is made for so many seconds at most is meant to be used at once. */
const ORDINARY_LIFE = 600

/** How far the clock of the client is behind, if that is what the times of the assertion say. */
function behind(rejection: Case): number | undefined {
  const { iat, exp } = rejection.details.assertion ?? {}
  if (iat === undefined) return undefined
  const lived = exp !== undefined && exp - iat <= ORDINARY_LIFE
  return lived ? seconds(rejection) - iat : undefined
}

export const assertionRules: readonly Rule[] = [
  {
    name: 'assertion_expired',
    fits: of('jwt expired'),
    title: 'The clock, or an old assertion',
    mistake: filled(
      '{known, select, yes {By its own clock the app made the assertion {age} before it arrived, and it ended {late} before. The clock of the app is behind by about that much, or it keeps assertions to use again.} other {The client assertion ended {late} before it arrived. The clock of the app is behind, or it uses one assertion for several requests.}}',
      (rejection) => {
        const age = behind(rejection)
        return {
          known: yes(age !== undefined),
          age: duration(age ?? 0),
          late: duration(seconds(rejection) - (rejection.details.assertion?.exp ?? 0)),
        }
      },
    ),
    inApp: 'Set the clock of the app’s machine by NTP, and make a new assertion for every request.',
  },
  {
    name: 'assertion_early',
    fits: of('jwt not active yet'),
    title: 'The clock of the app is ahead',
    mistake: filled('The client assertion is valid only from {nbf} after it arrived (nbf).', (rejection) => ({
      nbf: duration((rejection.details.assertion?.nbf ?? 0) - seconds(rejection)),
    })),
    inApp: 'Set the clock of the app’s machine by NTP, or leave nbf out of the assertion.',
  },
  {
    name: 'assertion_long',
    fits: of('exp of the client_assertion JWT is too far ahead'),
    title: 'An assertion that is good for too long',
    mistake: filled(
      'The client assertion would end {left} after it arrived. At most {dated, select, yes {a day} other {five minutes without iat, a day with it}} are accepted, and of FAPI clients five minutes: whoever finds one in a log could use it until then.',
      (rejection) => ({
        left: duration((rejection.details.assertion?.exp ?? 0) - seconds(rejection)),
        dated: yes(rejection.details.assertion?.iat !== undefined),
      }),
    ),
    inApp:
      'Make a new assertion for every request, with an iat, and an exp of about one minute. If it is made so already, the clock of the app is ahead: set it by NTP.',
  },
  {
    name: 'assertion_old',
    fits: of('iat of the client_assertion JWT is too long ago'),
    title: 'The clock, or an old assertion',
    mistake: filled(
      'By its own clock the app made the client assertion {iat} before it arrived (iat). It is good for five minutes, however far its exp lies. The clock of the app is behind, or it keeps assertions to use again.',
      (rejection) => ({ iat: duration(seconds(rejection) - (rejection.details.assertion?.iat ?? 0)) }),
    ),
    inApp: 'Set the clock of the app’s machine by NTP, and make a new assertion for every request.',
  },
  {
    name: 'assertion_replayed',
    fits: of('client assertion tokens must only be used once'),
    title: 'An assertion used twice',
    mistake: 'This client assertion, by its jti, was used before. Each is good for one request.',
    inApp: 'Make a new assertion with a new jti for every request, also when one is tried again.',
  },
  {
    name: 'assertion_audience',
    fits: of(/^(list of )?audience \(aud\)|^aud \(JWT audience\)/),
    title: 'An assertion for somebody else',
    mistake: filled(
      'The aud of the client assertion is {aud}, which is not this server. It was made for another server, or by an old address of this one.',
      ({ details }) => ({ aud: listed(details.assertion?.aud ?? []) }),
    ),
    inApp: 'Set aud to the issuer of this server, exactly as its discovery document has it.',
  },
  {
    name: 'assertion_audience_fapi',
    fits: of('aud of a FAPI client must be the issuer, as one string'),
    title: 'An assertion for more than the issuer',
    mistake: filled(
      'The aud of the client assertion is {aud}. {client} follows FAPI 2.0, {profile, select, yes {by its profile} other {because it has to push requests and bind tokens}}: aud is the issuer alone, as a string and not as a list.',
      (rejection) => ({
        aud: listed(rejection.details.assertion?.aud ?? []),
        client: nameOf(rejection),
        profile: yes(rejection.details.registered?.profile !== undefined),
      }),
    ),
    inApp:
      'Set aud to the issuer of this server, exactly as its discovery document has it, in place of the address of the endpoint or a list.',
  },
  {
    name: 'assertion_ahead',
    fits: of('iat of the client_assertion JWT is in the future'),
    title: 'The clock of the app is ahead',
    mistake: filled(
      'By its own clock the app made the client assertion {iat} after it arrived.',
      (rejection) => ({ iat: duration((rejection.details.assertion?.iat ?? 0) - seconds(rejection)) }),
    ),
    inApp: 'Set the clock of the app’s machine by NTP.',
  },
  {
    name: 'assertion_issuer',
    fits: of(/^iss \(JWT issuer\)/),
    title: 'The issuer of the assertion is not the client',
    mistake: filled(
      'iss and sub of a client assertion are both the client_id (RFC 7523 §3); here iss is {iss} and sub {sub}.',
      ({ details }) => ({ iss: quoted(details.assertion?.iss), sub: quoted(details.assertion?.sub) }),
    ),
    inApp: 'Set iss and sub to the client_id.',
  },
  {
    name: 'assertion_claims',
    fits: of(
      /must be (specified|provided) in the client_assertion JWT|^invalid (exp|nbf|iat|jti|iss|aud) value$/,
    ),
    title: 'A claim of the assertion is missing',
    mistake: filled('The client assertion is not complete: {said}.', ({ details }) => ({
      said: quoted(details.detail),
    })),
    inApp: 'Give the assertion iss, sub, aud, exp and jti (RFC 7523 §3), times as numbers of seconds.',
  },
  {
    name: 'assertion_algorithm',
    fits: of('alg mismatch'),
    title: 'Another signature algorithm',
    mistake: filled('The client assertion is signed with {alg}; accepted is {accepted}.', ({ details }) => ({
      alg: quoted(details.assertion?.alg),
      accepted: quoted(
        details.registered?.auth_alg ??
          anyOf(details.registered?.profile ? ['PS256', 'ES256', 'EdDSA'] : [...SIGNING_ALGORITHMS]),
      ),
    })),
    inApp: 'Sign with an accepted algorithm, with the private key whose public half is registered.',
    here: 'Or edit the client and register the algorithm and key that it uses.',
  },
  {
    name: 'assertion_jwks_uri',
    fits: of(/^invalid_client_metadata$|Key Set failed to be refreshed/),
    title: 'The keys of the client cannot be fetched',
    mistake: filled('The server could not read the keys of the client at {jwks_uri}.', ({ details }) => ({
      jwks_uri: quoted(details.registered?.jwks_uri),
    })),
    inApp: 'Serve the JWK Set at that address: status 200, JSON, no redirect, below 64 KiB.',
    here: 'Check that the server reaches that address; or register the keys themselves (jwks).',
  },
  {
    name: 'assertion_signature',
    fits: of(/signature verification failed|no applicable key found/),
    title: 'The assertion is signed with another key',
    mistake: filled(
      'No registered key of {client} fits the signature. It names the key {kid}. {address, select, yes {Its keys are at {uri}.} other {Registered are the keys {kids}.}}',
      (rejection) => {
        const { assertion, registered } = rejection.details
        return {
          client: nameOf(rejection),
          kid: quoted(assertion?.kid),
          address: yes(!!registered?.jwks_uri),
          uri: quoted(registered?.jwks_uri),
          kids: listed(registered?.kids ?? []),
        }
      },
    ),
    inApp:
      'Sign with the private key whose public half is registered, and name its kid. RSA keys at a jwks_uri count from 2048 to 4096 bits only.',
    here: 'If the app has a new key, edit the client and add the public half to its jwks.',
  },
  {
    name: 'assertion_malformed',
    fits: ({ description, details, error }) =>
      /^invalid client_assertion format|^client_assertion_type must/.test(description ?? '') ||
      (error === 'invalid_client' && details.authentication === 'private_key_jwt'),
    title: 'The client assertion cannot be used',
    mistake: filled('The server says: {said}.', ({ description, details }) => ({
      said: quoted(details.detail ?? description ?? undefined),
    })),
    inApp:
      'Let the OAuth library make the assertion; client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
  },
]

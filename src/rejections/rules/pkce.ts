import { pkceWay } from '../pkce-software.ts'
import { described, detailed, filled, nameOf, quoted, type Rule, yes } from '../rejection.ts'

/** RFC 7636: what goes wrong with code_challenge and code_verifier. */
export const pkceRules: readonly Rule[] = [
  {
    name: 'pkce_or_nonce_missing',
    fits: described(/^PKCE or a nonce is required/),
    title: 'PKCE is missing, and a nonce too',
    mistake: filled(
      '{client} sent no code_challenge, and no nonce with the scope openid. One of them has to protect the code from being used in another session (RFC 9700 §2.1.1).',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp: pkceWay,
    here: 'If its software can do neither, edit the client and choose “Not asked for” under PKCE (optional): then nothing but its secret protects it.',
  },
  {
    name: 'pkce_missing',
    fits: described(/^PKCE is required/),
    title: 'PKCE is missing',
    mistake: filled(
      '{client} sent no code_challenge, and has to use PKCE (RFC 9700 §2.1.1).',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp: pkceWay,
    here: filled(
      '{why, select, open {Nothing: a client without a secret is safe with PKCE only.} plain {Nothing: what is sent to an app’s own scheme, or by plain http, is safe with PKCE only.} other {If its software cannot do it, edit the client and choose PKCE or a nonce. Only a client with a secret may do without PKCE.}}',
      ({ details: { registered } }) => ({
        why:
          registered?.auth_method === 'none' ? 'open' : registered?.pkce !== 'required' ? 'plain' : 'chosen',
      }),
    ),
  },
  {
    name: 'pkce_method',
    fits: described(/^not supported value of code_challenge_method|^code_challenge_method must be provided/),
    title: 'Another PKCE method',
    mistake: filled(
      'The app sent a code_challenge with the method {challenge}. Only S256 is taken.',
      ({ details }) => ({ challenge: quoted(details.challenge?.method ?? 'plain') }),
    ),
    inApp:
      'Set code_challenge_method to S256, and send the Base64url of the verifier’s SHA-256 as code_challenge.',
  },
  {
    name: 'pkce_challenge_missing',
    fits: described('code_challenge must be provided with code_challenge_method'),
    title: 'A PKCE method without a challenge',
    mistake: 'The app sent code_challenge_method, but no code_challenge.',
    inApp: 'Send both.',
  },
  {
    name: 'pkce_format',
    fits: described(/^code_(challenge|verifier) (must be a string|contains invalid)/),
    title: 'A PKCE value of the wrong form',
    mistake: filled(
      'The server says: {said}.{known, select, yes { The verifier that was sent has {length} characters.} other {}}',
      ({ description, details }) => ({
        said: quoted(description ?? undefined),
        known: yes(details.verifier?.length !== undefined),
        length: details.verifier?.length ?? 0,
      }),
    ),
    inApp:
      'Make a verifier of 43 to 128 letters, digits and -._~, best 32 random bytes as Base64url without padding.',
  },
  {
    name: 'pkce_verifier_missing',
    fits: detailed('code_verifier must be provided'),
    title: 'The code_verifier is missing',
    mistake:
      'The sign-in was started with a code_challenge, but the token request has no code_verifier. Usually the app lost its session between the two: another server, a restart, a cookie that did not come back.',
    inApp:
      'Keep the code_verifier until the answer comes, in a store that all servers of the app share, and send it with the code.',
  },
  {
    name: 'pkce_verifier_mismatch',
    fits: detailed('code_verifier does not match code_challenge'),
    title: 'The code_verifier does not fit',
    mistake:
      'The code_verifier is not the one whose challenge started this sign-in. Usually a second sign-in, in another tab, took its place in the app’s session; or the challenge was made with padding or as hexadecimal.',
    inApp:
      'Keep one code_verifier for each sign-in, under its state. The challenge is the Base64url of the SHA-256, without “=”.',
    here: 'Nothing. If no app of yours does this, somebody may have tried a code that is not theirs; it was of no use to them.',
  },
  {
    name: 'pkce_verifier_unexpected',
    fits: detailed('unsupported code_challenge_method'),
    title: 'A code_verifier without a challenge',
    mistake: 'The token request has a code_verifier, but the sign-in was started without a code_challenge.',
    inApp: 'Send code_challenge and code_challenge_method=S256 in the sign-in request.',
  },
]

import { toSeconds } from '../../shared/clock.ts'
import { type Case, described, detailed, duration, filled, quoted, type Rule, yes } from '../rejection.ts'

/** The library says it in the description or, for grants, in the detail. */
const about =
  (words: RegExp) =>
  (rejection: Case): boolean =>
    described(words)(rejection) || detailed(words)(rejection)

/** RFC 9449: proofs of possession. */
export const dpopRules: readonly Rule[] = [
  {
    name: 'dpop_clock',
    fits: about(/^DPoP proof iat is not recent enough/),
    title: 'The clock of the app is wrong',
    mistake: filled(
      '{late, select, yes {By its own clock the app made the DPoP proof {behind} before it arrived; up to 5 minutes are taken. The clock is behind, or the proof was made for an earlier request.} other {By its own clock the app made the DPoP proof {behind} after it arrived; up to 5 minutes are taken. The clock is ahead, or the proof was made for an earlier request.}}',
      ({ details, at }) => {
        const behind = toSeconds(at) - (details.proof?.iat ?? 0)
        return { late: yes(behind > 0), behind: duration(behind) }
      },
    ),
    inApp:
      'Set the clock of the machine by NTP, and make a new proof for every request; or use the nonce that the answer brings in DPoP-Nonce.',
  },
  {
    name: 'dpop_missing',
    fits: about(/^(missing DPoP proof JWT|DPoP proof JWT not provided)$/),
    title: 'The DPoP proof is missing',
    mistake: filled(
      '{always, select, yes {The client is registered with dpop_bound_access_tokens, but sent no DPoP proof.} other {The sign-in was bound to a key, but the token request has no DPoP proof.}}',
      ({ details }) => ({ always: yes(details.registered?.dpop === true) }),
    ),
    inApp: 'Send a DPoP header with every request.',
    here: filled('Or edit the client and switch DPoP off.', ({ details }) =>
      details.registered?.dpop ? {} : undefined,
    ),
  },
  {
    name: 'dpop_address',
    fits: about(/^DPoP proof ht[mu] mismatch$/),
    title: 'A DPoP proof for another request',
    mistake: filled(
      'The proof is for {htm}, which is not the request that it came with. Behind a proxy, an app may know this server by another address.',
      ({ details }) => ({ htm: quoted([details.proof?.htm, details.proof?.htu].filter(Boolean).join(' ')) }),
    ),
    inApp: 'Set htm to the method and htu to the address of the endpoint as the discovery document has it.',
  },
  {
    name: 'dpop_replay',
    fits: about(/^DPoP proof JWT Replay detected$/),
    title: 'A DPoP proof used twice',
    mistake: 'This proof, by its jti, was used before.',
    inApp: 'Make a new proof with a new jti for every request, also when one is tried again.',
  },
  {
    name: 'dpop_key',
    fits: about(/thumbprint does not match dpop_jkt|^failed jkt verification$|ath mismatch$/),
    title: 'Another DPoP key',
    mistake:
      'The token or the sign-in is bound to another key than the one of the proof, or the proof is for another token.',
    inApp:
      'Keep one key from the sign-in to the last refresh. An app that lost its key signs people in again.',
  },
  {
    name: 'dpop_scheme',
    fits: about(/authorization header scheme must be|sender-constrained/),
    title: 'Bearer and DPoP mixed',
    mistake:
      'A token that is bound to a key is sent as “Authorization: DPoP” with a proof; one that is not, as “Bearer” without.',
    inApp: 'Follow the token_type of the token answer.',
  },
  {
    name: 'dpop_invalid',
    fits: ({ error }) => error === 'invalid_dpop_proof' || error === 'use_dpop_nonce',
    title: 'The DPoP proof is not valid',
    mistake: filled(
      'The server says: {said}. The proof has typ {typ} and alg {alg}.',
      ({ description, details }) => ({
        said: quoted(details.detail ?? description ?? undefined),
        typ: quoted(details.proof?.typ),
        alg: quoted(details.proof?.alg),
      }),
    ),
    inApp:
      'The header has typ dpop+jwt, an asymmetric alg and the public jwk; the claims are jti, htm, htu and iat (RFC 9449 §4.2).',
  },
]

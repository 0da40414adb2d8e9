import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Cookies } from '../../http/cookies/cookies.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Passkeys } from '../passkeys/passkeys.ts'
import { PASSKEYS } from './passkeys-section.ts'

const COOKIE = 'passkey_offered'
/** Seconds; browsers keep no cookie longer (RFC 6265bis §5.5). */
const TTL = 400 * 86_400
const OFFERED = 'PasskeyOffer'
/** Seconds: as good as for ever. */
const REMEMBERED = 20 * 365 * 86_400

/** What the script of the sign-in page adds to the form of a password, in a browser whose device keeps passkeys. */
const able = z.object({ can_passkey: z.literal('1') })

/** Offering a passkey to a person who has just signed in with a password: once an account, and once a browser. */
export interface PasskeyOffers {
  /** Where a sign-in by a password leads, which was to lead to `returnTo`: by way of the page that offers a passkey, or not. */
  onTheWay(request: FastifyRequest, returnTo: string): string
  /** The page is asked for. True for the one call that may show it. */
  take(reply: FastifyReply, accountId: string): Promise<boolean>
}

export function createPasskeyOffers(deps: {
  cookies: Cookies
  artifacts: Pick<ArtifactStore, 'insert'>
  passkeys: Pick<Passkeys, 'availability'>
}): PasskeyOffers {
  const { cookies } = deps
  return {
    onTheWay(request, returnTo) {
      // What a person has begun, an act or the sign-in of a device, comes first.
      const begun = /^\/(confirm|device)\b/.test(returnTo)
      const offered =
        !begun &&
        able.safeParse(request.body).success &&
        cookies.read(request, COOKIE) === undefined &&
        deps.passkeys.availability() === 'on'
      return offered ? `${PASSKEYS}/offer?return_to=${encodeURIComponent(returnTo)}` : returnTo
    },
    async take(reply, accountId) {
      cookies.set(reply, COOKIE, '1', TTL)
      return deps.artifacts.insert(OFFERED, accountId, {}, REMEMBERED)
    },
  }
}

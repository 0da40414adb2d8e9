import type { KoaContextWithOIDC, Provider, Session } from 'oidc-provider'
import { redirectExactly } from '../authorization/exact-redirects.ts'
import { signInsOf } from '../sessions/details.ts'
import { endSession } from '../sessions/end.ts'
import type { AskedSignOut } from './asked.ts'
import { signedOutTarget } from './target.ts'

/** `auto`: a good hint needs no confirmation; `always`: the person is asked, whatever was sent. */
export type SignOutConfirmation = 'auto' | 'always'

type Claims = Readonly<Record<string, unknown>>

/**
 * Whether an id_token is of this very session: of its account and, by the `sid` that it carries or the moment of its sign-in,
 * of this sign-in, at a client that is still signed in in it. An id_token that leaked ends no session of another account or of a
 * later sign-in.
 */
export function isOfSession({ sub, aud, sid, auth_time: at }: Claims, session: Session): boolean {
  if (session.accountId === undefined || sub !== session.accountId || typeof aud !== 'string') return false
  if (!Object.hasOwn(session.authorizations ?? {}, aud)) return false
  return sid === undefined ? signInsOf(session).some((moment) => moment === at) : sid === session.sidFor(aud)
}

/** A page that a browser fetches before the person opens it (Speculation Rules, “Sec-Purpose”; older browsers by other names) does nothing. */
const isForLater = (ctx: KoaContextWithOIDC): boolean =>
  ctx.method !== 'GET' ||
  ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /prefetch|prerender|preview/i.test(ctx.get(name)),
  )

/** Whether a page fetches the URL as its image, frame or script. A browser that does not say so (Fetch Metadata) is taken to navigate. */
const isPartOfAPage = (ctx: KoaContextWithOIDC): boolean =>
  !['', 'document'].includes(ctx.get('sec-fetch-dest'))

/** What an account's stored sessions are compared by. */
export type StoredSession = Pick<Session, 'uid' | 'loginTs' | 'accountId' | 'authorizations'>

export interface HintedSignOut {
  confirmation(): SignOutConfirmation
  asked: AskedSignOut
  sessionsOf(accountId: string): Promise<readonly StoredSession[]>
}

/** Whether another session of theirs began in the same second at the same app: a hint without `sid` does not tell which it is of. */
async function hasTwin(
  { sub, aud, auth_time: at }: Claims,
  { uid }: Session,
  sessionsOf: HintedSignOut['sessionsOf'],
): Promise<boolean> {
  const sessions = await sessionsOf(String(sub))
  return sessions.some(
    (other) =>
      other.uid !== uid &&
      Object.hasOwn(other.authorizations ?? {}, String(aud)) &&
      signInsOf(other).some((moment) => moment === at),
  )
}

/**
 * Signs out at once, where RP-Initiated Logout §2 lets the question be left out: the client has shown by an id_token that it is
 * signed in in this session. For a client that no administrator has verified, the person is always asked.
 * @returns false: the person has to be asked
 */
export async function signOutByHint(
  ctx: KoaContextWithOIDC,
  { confirmation, asked, sessionsOf }: HintedSignOut,
): Promise<boolean> {
  const { session, client, provider, entities } = ctx.oidc
  const { payload } = (entities.IdTokenHint ?? {}) as { payload?: Claims }
  if (confirmation() === 'always' || session === undefined || payload === undefined) return false
  if (client?.verified === false || isForLater(ctx) || isPartOfAPage(ctx) || !isOfSession(payload, session))
    return false
  if (payload.sid === undefined && (await hasTwin(payload, session, sessionsOf))) return false
  const target = signedOutTarget(ctx, asked)
  await (ctx.req as SigningOut).latchkeySignsOut?.()
  await endSession(provider, session)
  const attributes = { signed: true, httpOnly: true, sameSite: 'lax', path: '/' } as const
  ctx.cookies.set(provider.cookieName('session'), null, attributes)
  provider.emit('end_session.success', ctx)
  ctx.set('cache-control', 'no-store')
  redirectExactly(ctx, target)
  return true
}

/** What the mount leaves on the request (provider/mount.ts): it ends what else ends with a sign-out. */
interface SigningOut {
  latchkeySignsOut?: () => Promise<unknown>
}

/**
 * A hint that we cannot check beside a valid `client_id` is as if it had not been sent: it is of another server, of a key that
 * has been withdrawn, or damaged. One that is ours goes on to be compared with the client.
 * @param path of the endpoint
 * @param read of an id_token of ours for whatever client; rejects for anything else
 */
export function forgetUncheckableHints(
  provider: Provider,
  path: string,
  read: (jwt: string) => Promise<unknown>,
): void {
  provider.use(async (ctx, next) => {
    if (ctx.path === path) {
      const sent = new URLSearchParams(ctx.querystring)
      const [hint, ...hints] = sent.getAll('id_token_hint')
      const [clientId, ...clientIds] = sent.getAll('client_id')
      if (hint && clientId && hints.length + clientIds.length === 0 && !(await isOurs(hint, read))) {
        sent.delete('id_token_hint')
        ctx.querystring = sent.toString()
      }
    }
    await next()
  })
}

const isOurs = async (hint: string, read: (jwt: string) => Promise<unknown>): Promise<boolean> => {
  try {
    await read(hint)
    return true
  } catch {
    return false
  }
}

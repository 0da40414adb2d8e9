import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Provider } from 'oidc-provider'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { SignInSession } from './sign-in.ts'

/** How long a session that was not ended lasts, in seconds, if nothing prolongs it. */
const TTL = 120

/** A session for as long as something is tried out. */
export interface TemporarySession {
  /** The value of a Cookie header. */
  cookie: string
  /** Ends the session, and everything that was issued in it. */
  end(): Promise<void>
}

/**
 * A second session beside the one of a browser, for as long as something is tried out: with the same account, time and
 * means of signing in, so that it can do no more. Everything that is issued in it hangs on it, and ends with it.
 */
export async function openTemporarySession(
  deps: { issuer: string; current(): Provider; artifacts: Pick<ArtifactStore, 'revokeSession'> },
  { accountId, generation, amr, loginTs, verifiedAt }: SignInSession,
): Promise<TemporarySession> {
  const provider = deps.current()
  const session = new provider.Session()
  session.loginAccount({ accountId, amr, loginTs })
  Object.assign(session, {
    generation,
    verifiedAt,
    device: { userAgent: 'Try-out in the console', address: '' },
  })
  await session.save(TTL)
  // The library signs its cookies where it sets them: on a response, here one that is not sent.
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  const { cookies } = provider.createContext(request, response)
  cookies.secure = deps.issuer.startsWith('https:')
  cookies.set(provider.cookieName('session'), session.jti, { signed: true, httpOnly: true, path: '/' })
  const set = [response.getHeader('set-cookie') ?? []].flat().map((line) => String(line).split(';', 1)[0])
  return { cookie: set.join('; '), end: () => deps.artifacts.revokeSession(accountId, session.uid) }
}

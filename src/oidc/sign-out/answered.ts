import type { KoaContextWithOIDC, Provider, Session } from 'oidc-provider'
import { redirectExactly } from '../authorization/exact-redirects.ts'
import { signOutSecret } from '../sessions/merge.ts'
import { ASKED_FIELD, type Asked, type AskedSignOut } from './asked.ts'
import { signedOutTarget } from './target.ts'

/** What the library reads of `session.state` while it takes the answer. */
interface State {
  secret?: string | undefined
  clientId?: string | undefined
  postLogoutRedirectUri?: string
  state?: string
}

/*
 * Where the question “Sign out?” leads. The library goes by what the session was last asked to end for, in whatever tab, and
 * to the app's post-logout redirect URI whatever was answered. Here the page decides that was answered (asked.ts):
 *
 *   Sign out         ──► the app's registered address, or our page
 *   Stay signed in   ──► our page, which says so and offers that address
 */
export function leadOnFromSignOut(provider: Provider, pages: AskedSignOut): void {
  const { Session } = provider
  const answers = new WeakMap<object, { session: Session; about(): Asked; isFlow(): boolean }>()
  const get = Session.get.bind(Session)
  Session.get = async (ctx) => {
    const session = await get(ctx)
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'end_session_confirm' || session.accountId === undefined) return session
    // Without one another tab has chosen to stay signed in: the button of this page works still.
    const found: State = session.state ?? { secret: signOutSecret(session) }
    const sent = () => (oidc.body as Record<string, unknown> | undefined)?.[ASKED_FIELD]
    // An interaction that changes to another account comes through here on its way back to itself, with a form of the library's.
    const isFlow = () =>
      sent() === undefined && found.postLogoutRedirectUri?.startsWith(`${provider.issuer}/`) === true
    const about = (): Asked =>
      isFlow() ? { client_id: found.clientId } : (pages.ofForm(session, sent()) ?? {})
    answers.set(oidc, { session, about, isFlow })
    // The form is read after the session, so its client is looked up when the library asks; and none of it is stored.
    session.state = Object.defineProperties(
      { secret: found.secret },
      {
        clientId: { get: () => about().client_id },
        postLogoutRedirectUri: { get: () => (isFlow() ? found.postLogoutRedirectUri : undefined) },
      },
    )
    return session
  }
  // A refused sign-out request has its own page (authorization/pages.ts).
  const taken = new WeakSet<object>()
  provider.on('end_session.success', ({ oidc }) => void taken.add(oidc))
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    const answer = oidc && answers.get(oidc)
    if (oidc === undefined || answer === undefined || !taken.has(oidc)) return
    const signedOut = Boolean(oidc.params?.logout)
    if (signedOut && answer.isFlow()) return
    const here = ctx as KoaContextWithOIDC
    const about = answer.about()
    redirectExactly(
      ctx,
      signedOut
        ? signedOutTarget(here, pages, about)
        : pages.pageOf(here, oidc.client, about, answer.session),
    )
  })
}

import type { ErrorOut, KoaContextWithOIDC, Session } from 'oidc-provider'
import type { ClientView } from '../../http/pages.ts'
import type { RenderPage } from '../authorization/pages.ts'
import { signOutSecret } from '../sessions/merge.ts'
import { type SignOutConfirmation, signOutByHint } from './hinted.ts'
import { registeredTarget } from './target.ts'

/** The pages of RP-Initiated Logout: the question, the answer, and what a request that cannot be accepted leads to. */
export interface SignOutPages {
  /** Asks, unless the request itself is answer enough. */
  signOut(ctx: KoaContextWithOIDC): Promise<void>
  /** After the question, whatever was answered. */
  signedOut(ctx: KoaContextWithOIDC): Promise<void>
  /** Goes nowhere by itself: the person is told that they are signed in still, and may sign out. */
  refused(ctx: KoaContextWithOIDC, out: ErrorOut): Promise<void>
}

export function createSignOutPages(deps: {
  render: RenderPage
  html(ctx: KoaContextWithOIDC, body: string): void
  clientOf(ctx: KoaContextWithOIDC): ClientView | undefined
  requestIdOf(ctx: KoaContextWithOIDC): string
  /** Of whoever a session is of; undefined: it counts for nothing any more. */
  usernameOf(session: Session): Promise<string | undefined>
  confirmation(): SignOutConfirmation
}): SignOutPages {
  const { render, html, clientOf, usernameOf } = deps
  const form = (ctx: KoaContextWithOIDC, session: Session) => ({
    action: ctx.oidc.urlFor('end_session_confirm'),
    fields: { xsrf: signOutSecret(session) },
    confirm: { name: 'logout', value: 'yes' },
  })
  const homeOf = (app: ClientView | undefined) =>
    app?.clientUri === undefined ? undefined : { href: app.clientUri, label: `Go to ${app.name}` }
  /** Where the app wanted the person to be afterwards (answered.ts). */
  const backTo = (ctx: KoaContextWithOIDC, app: ClientView | undefined) => {
    const href = registeredTarget(ctx.oidc.client, ctx.query)
    return app === undefined || href === undefined || !/^https?:/.test(href)
      ? undefined
      : { href, label: `Back to ${app.name}` }
  }

  return {
    async signOut(ctx) {
      if (await signOutByHint(ctx, deps)) return
      const { session } = ctx.oidc
      if (session === undefined) return
      if (session.state) session.state.secret = signOutSecret(session)
      const page = { ...form(ctx, session), client: clientOf(ctx), username: await usernameOf(session) }
      html(ctx, await render('oidc/logout', page))
    },
    async signedOut(ctx) {
      const app = clientOf(ctx)
      const session = await ctx.oidc.provider.Session.get(ctx)
      const username = await usernameOf(session)
      if (username !== undefined) {
        const next = backTo(ctx, app) ?? homeOf(app) ?? { href: '/account', label: 'Your account' }
        return html(ctx, await render('oidc/still-signed-in', { client: app, username, next }))
      }
      const next = backTo(ctx, app) ?? homeOf(app) ?? { href: '/login', label: 'Sign in again' }
      html(ctx, await render('oidc/logged-out', { client: app, next }))
    },
    async refused(ctx, { error, error_description: description }) {
      const { session } = ctx.oidc
      const username = session && (await usernameOf(session))
      const technical = { error, description, requestId: deps.requestIdOf(ctx), client: clientOf(ctx) }
      if (session === undefined || username === undefined)
        return html(ctx, await render('oidc/sign-out-refused', technical))
      // Where an earlier request would have led is nothing to this one.
      session.state = { secret: signOutSecret(session) }
      html(
        ctx,
        await render('oidc/sign-out-refused', {
          ...technical,
          signedIn: { username, ...form(ctx, session) },
        }),
      )
    },
  }
}

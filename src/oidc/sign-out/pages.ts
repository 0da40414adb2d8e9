import { type Client, type ErrorOut, errors, type KoaContextWithOIDC, type Session } from 'oidc-provider'
import type { ButtonForm, Link, ShownClient } from '../../http/pages/pages.ts'
import { t } from '../../shared/locales/texts.ts'
import { websiteOf } from '../../shared/website.ts'
import type { RenderPage } from '../authorization/pages.ts'
import { signOutSecret } from '../sessions/merge.ts'
import { ASKED_FIELD, type Asked, askedBy } from './asked.ts'
import { type HintedSignOut, signOutByHint } from './hinted.ts'
import { registeredTarget } from './target.ts'

export interface LogoutPage extends ButtonForm {
  /** The client that asks for it. */
  client?: ShownClient | undefined
  username?: string | undefined
  /** Sent by “Sign out”; “Stay signed in” sends the same form without it. */
  confirm: { name: string; value: string }
}

/** A sign-out that an app asked for wrongly. */
export interface SignOutRefusedPage {
  /** Absent: no account is signed in. */
  signedIn?: (ButtonForm & { username: string; confirm: { name: string; value: string } }) | undefined
  error: string
  description?: string | undefined
  requestId: string
  client?: ShownClient | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'oidc/logout': LogoutPage
    'oidc/logged-out': { client?: ShownClient | undefined; next?: Link | undefined }
    'oidc/still-signed-in': { client?: ShownClient | undefined; username: string; next: Link }
    'oidc/sign-out-refused': SignOutRefusedPage
  }
}

/** The pages of RP-Initiated Logout: the question, the answer, and what a request that cannot be accepted leads to. */
export interface SignOutPages {
  /** Asks, unless the request itself is answer enough. */
  signOut(ctx: KoaContextWithOIDC): Promise<void>
  /** After the question, whatever was answered. */
  signedOut(ctx: KoaContextWithOIDC): Promise<void>
  /** Goes nowhere by itself: the person is told that they are signed in still, and may sign out. */
  refused(ctx: KoaContextWithOIDC, out: ErrorOut): Promise<void>
}

export function createSignOutPages(
  deps: {
    render: RenderPage
    html(ctx: KoaContextWithOIDC, body: string): void
    viewOf(client: Client | undefined): ShownClient | undefined
    requestIdOf(ctx: KoaContextWithOIDC): string
    /** The username of a session's account; undefined: the session is no longer valid. */
    usernameOf(session: Session): Promise<string | undefined>
  } & HintedSignOut,
): SignOutPages {
  const { render, html, viewOf, usernameOf, asked } = deps
  const form = (ctx: KoaContextWithOIDC, session: Session, about: Asked) => ({
    action: ctx.oidc.urlFor('end_session_confirm'),
    fields: { xsrf: signOutSecret(session), [ASKED_FIELD]: asked.toForm(session, about) },
    confirm: { name: 'logout', value: 'yes' },
  })
  /** A client that is gone, or whose document cannot be read now, is as if none had asked. */
  const clientBy = async ({ oidc }: KoaContextWithOIDC, id: string | undefined) => {
    try {
      return id === undefined ? undefined : await oidc.provider.Client.find(id)
    } catch (error) {
      if (error instanceof errors.InvalidClient) return undefined
      throw error
    }
  }
  /** The link back to the client; of an unverified one it shows the host, not the name. */
  const onTo = (client: Client | undefined, about: Asked): Link | undefined => {
    const link = (href: string | undefined, words: 'common.backTo' | 'common.goTo') => {
      const host = websiteOf(href)?.host
      if (client === undefined || href === undefined || host === undefined) return undefined
      return {
        href,
        label:
          client.verified === false
            ? t('common.goOnTo', { host })
            : t(words, { client: viewOf(client)?.name ?? host }),
      }
    }
    return link(registeredTarget(client, about), 'common.backTo') ?? link(client?.clientUri, 'common.goTo')
  }

  return {
    async signOut(ctx) {
      if (await signOutByHint(ctx, deps)) return
      const { session } = ctx.oidc
      if (session === undefined) return
      session.state = { secret: signOutSecret(session) }
      const client = viewOf(ctx.oidc.client)
      const page = { ...form(ctx, session, askedBy(ctx)), client, username: await usernameOf(session) }
      html(ctx, await render('oidc/logout', page))
    },
    async signedOut(ctx) {
      const session = await ctx.oidc.provider.Session.get(ctx)
      const username = await usernameOf(session)
      const shown = asked.ofPage(ctx)
      // The page is for the session that answered the sign-out request: to another one it names no client.
      const counts = shown?.stayed === (username === undefined ? undefined : session.uid)
      const app = counts ? await clientBy(ctx, shown?.client_id) : undefined
      const client = viewOf(app)
      const back = onTo(app, shown?.asked ?? {})
      if (username !== undefined) {
        const next = back ?? { href: '/account', label: t('common.yourAccount') }
        return html(ctx, await render('oidc/still-signed-in', { client, username, next }))
      }
      const next = back ?? { href: '/login', label: t('signedOut.again') }
      html(ctx, await render('oidc/logged-out', { client, next }))
    },
    async refused(ctx, { error, error_description: description }) {
      const { session } = ctx.oidc
      const username = session && (await usernameOf(session))
      const technical = {
        error,
        description,
        requestId: deps.requestIdOf(ctx),
        client: viewOf(ctx.oidc.client),
      }
      if (session === undefined || username === undefined)
        return html(ctx, await render('oidc/sign-out-refused', technical))
      // Where an earlier request would have led is nothing to this one.
      session.state = { secret: signOutSecret(session) }
      html(
        ctx,
        await render('oidc/sign-out-refused', {
          ...technical,
          signedIn: { username, ...form(ctx, session, {}) },
        }),
      )
    },
  }
}

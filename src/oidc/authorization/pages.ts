import { type ErrorOut, errors, type KoaContextWithOIDC, type Session } from 'oidc-provider'
import type { Link, Pages, ShownClient } from '../../http/pages/pages.ts'
import { currentLocale, type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'
import { websiteOf } from '../../shared/website.ts'
import { RegistrationChanged } from '../narrowed/interactions.ts'
import { outageOf, type Translate } from '../provider/outage.ts'
import { isForPrograms, routes } from '../provider/routes.ts'
import type { HintedSignOut } from '../sign-out/hinted.ts'
import { createSignOutPages } from '../sign-out/pages.ts'
import { clientView } from './client-view.ts'
import { restartOf } from './restart.ts'

export interface ProtocolErrorPage {
  /** “Sign-in could not go on”, or what else could not. */
  title: string
  /** In words for the person. */
  message: string
  /** The OAuth error code, and what the protocol says about it, for the app's developer. */
  error: string
  description?: string | undefined
  requestId: string
  client?: ShownClient | undefined
  /** Where an administrator who is signed in reads what was wrong. */
  explanation?: string | undefined
  /** The way out. */
  wayOut?: Link | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'oidc/error': ProtocolErrorPage
  }
}

/** The three pages that the protocol library shows by itself, rendered by our views. */
export interface ProviderPages {
  /** For who accepts HTML: a page, or JSON where only programs go. */
  renderError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void>
  signOut(ctx: KoaContextWithOIDC): Promise<void>
  signedOut(ctx: KoaContextWithOIDC): Promise<void>
}

/** Renders one of our views as text. */
export type RenderPage = <View extends keyof Pages>(view: View, data: Pages[View]) => Promise<string>

/** What a person can do about it, by error code. Everything else is the app's mistake, not theirs. */
const IN_PLAIN_WORDS: Readonly<Record<string, TextKey>> = {
  session_not_found: 'protocolError.over',
  access_denied: 'protocolError.denied',
  server_error: 'protocolError.ours',
  temporarily_unavailable: 'protocolError.busy',
}

export function createProviderPages(
  deps: {
    render: RenderPage
    requestIdOf(ctx: KoaContextWithOIDC): string
    translate: Translate
    /** Undefined: the session is no longer valid. */
    usernameOf(session: Session): Promise<string | undefined>
    /** The page that tells the signed-in person what was wrong with a request; undefined: they may not read it. */
    explanationOf(session: Session | undefined, requestId: string): Promise<string | undefined>
  } & HintedSignOut,
): ProviderPages {
  const { render, requestIdOf } = deps
  const html = (ctx: KoaContextWithOIDC, body: string) => {
    ctx.type = 'html'
    ctx.set({ 'cache-control': 'no-store', 'content-language': currentLocale() })
    ctx.body = body
  }
  const { signOut, signedOut, refused } = createSignOutPages({ ...deps, html, viewOf: clientView })
  return {
    signOut,
    signedOut,
    async renderError(ctx, out, error) {
      if (isForPrograms(ctx.path)) {
        ctx.body = out
        return
      }
      if (isSignedOutAlready(ctx)) {
        ctx.status = 303
        return ctx.redirect(`${routes.end_session}/success`)
      }
      // The page was left open, and its session has gone on: it is shown again, as it is now.
      if (ctx.oidc?.route === 'end_session_confirm' && ctx.status < 500) {
        ctx.status = 303
        return ctx.redirect(routes.end_session)
      }
      if (ctx.oidc?.route === 'end_session' && ctx.status < 500) return refused(ctx, out)
      const restart = restartWithoutSession(ctx, error)
      if (restart !== undefined) {
        ctx.status = 303
        return ctx.redirect(restart)
      }
      const outage = outageOf(error, deps.translate)
      const code =
        error instanceof errors.SessionNotFound
          ? 'session_not_found'
          : outage
            ? 'temporarily_unavailable'
            : out.error
      const app = clientView(ctx.oidc?.client)
      const signingOut = ctx.path === routes.end_session || ctx.path.startsWith(`${routes.end_session}/`)
      html(
        ctx,
        await render('oidc/error', {
          title: t(signingOut ? 'protocolError.title.signOut' : 'protocolError.title.signIn'),
          message:
            error instanceof RegistrationChanged
              ? t('protocolError.changed')
              : t(own(IN_PLAIN_WORDS, code) ?? 'protocolError.appsMistake'),
          error: code,
          description: outage?.publicMessage ?? out.error_description,
          requestId: requestIdOf(ctx),
          client: app,
          // A help and no more: whatever is away, the page of an error is shown.
          explanation: await deps.explanationOf(ctx.oidc?.session, requestIdOf(ctx)).catch(() => undefined),
          wayOut:
            app?.clientUri === undefined
              ? { href: '/account', label: t('common.yourAccount') }
              : {
                  href: app.clientUri,
                  label: app.unverified
                    ? t('common.goOnTo', { host: websiteOf(app.clientUri)?.host ?? app.clientUri })
                    : t('over.goTo', { app: app.name }),
                },
        }),
      )
    },
  }
}

/** An interaction whose session was ended before it was resumed begins again, at the sign-in page. */
function restartWithoutSession({ oidc }: KoaContextWithOIDC, error: Error): string | undefined {
  const interaction = oidc?.route === 'resume' ? oidc.entities.Interaction : undefined
  const uid = interaction?.session?.uid
  const ended = error instanceof errors.SessionNotFound && uid !== undefined && uid !== oidc.session?.uid
  return interaction && ended ? restartOf(interaction) : undefined
}

/** Whether the sign-out page was submitted twice, or after another tab signed out: the person is signed out, as they wanted. */
const isSignedOutAlready = ({ oidc }: KoaContextWithOIDC) =>
  oidc?.route === 'end_session_confirm' && oidc.session !== undefined && oidc.session.accountId === undefined

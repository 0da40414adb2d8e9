import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider'

/** The three pages that the protocol library shows by itself, rendered by our views. */
export interface ProviderPages {
  renderError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): void
  signOut(ctx: KoaContextWithOIDC): void
  signedOut(ctx: KoaContextWithOIDC): void
}

export interface PageRenderers {
  error(data: { title: string; message: string; code: string; requestId: string; status: number }): string
  signOut(data: {
    action: string
    xsrf: string
    clientName: string | undefined
    username: string | undefined
  }): string
  signedOut(data: { clientName: string | undefined; clientUri: string | undefined }): string
}

/** What a person can do about it, by error code. Everything else is the app's mistake, not theirs. */
const inPlainWords: Readonly<Record<string, { title: string; message: string }>> = {
  session_not_found: {
    title: 'This page has expired',
    message: 'The sign-in was finished already, or took too long. Go back to the app and sign in again.',
  },
  access_denied: { title: 'Access was not given', message: 'You can close this page or go back to the app.' },
  server_error: {
    title: 'Something went wrong on our side',
    message:
      'Try again in a moment. If it happens again, tell the people who run this server the reference below.',
  },
}

const appsMistake = {
  title: 'The app sent a request that cannot be accepted',
  message:
    'This is not your mistake. Go back to the app and try again; if it happens again, tell the people who make the app the code and the reference below.',
}

export function createProviderPages(
  render: PageRenderers,
  requestIdOf: (ctx: KoaContextWithOIDC) => string,
): ProviderPages {
  const html = (ctx: KoaContextWithOIDC, body: string) => {
    ctx.type = 'html'
    ctx.set('cache-control', 'no-store')
    ctx.body = body
  }
  return {
    renderError(ctx, out, error) {
      const code =
        error instanceof errors.SessionNotFound ? 'session_not_found' : (out.error ?? 'server_error')
      html(
        ctx,
        render.error({
          ...(inPlainWords[code] ?? appsMistake),
          code,
          requestId: requestIdOf(ctx),
          status: ctx.status,
        }),
      )
    },
    signOut(ctx) {
      const { session, client } = ctx.oidc
      html(
        ctx,
        render.signOut({
          action: ctx.oidc.urlFor('end_session_confirm'),
          xsrf: String(session?.state?.secret),
          clientName: client?.clientName,
          username: undefined,
        }),
      )
    },
    signedOut(ctx) {
      const { client } = ctx.oidc
      html(ctx, render.signedOut({ clientName: client?.clientName, clientUri: client?.clientUri }))
    },
  }
}

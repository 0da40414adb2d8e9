import { t } from '../../../shared/locales/texts.ts'
import { fill, placeholders, type SnippetPart } from './fill.ts'
import type { SnippetValues } from './snippet.ts'
import type { Stack } from './stack.ts'

/** What a client has to be registered with for what a stack's files do. */
export interface Needs {
  redirectUris: string[]
  /** Undefined: it does not come back after signing out. */
  postLogoutUri: string | undefined
  /** It sends neither PKCE nor a nonce. */
  withoutPkce: boolean
}

/** What this stack, filled with these values, uses of a registration. */
export function needsOf(stack: Stack, values: SnippetValues): Needs {
  const { REDIRECT_URI = '', POST_LOGOUT_URI } = placeholders(stack, values)
  const uses = (name: string) => stack.parts.some(({ text }) => text.includes(name))
  const comesBack = stack.comesBack || uses('__POST_LOGOUT_URI__') || uses('__SIGN_OUT_ENCODED__')
  return {
    redirectUris: [
      ...(stack.redirectPath === undefined ? [] : [REDIRECT_URI]),
      ...stack.moreRedirects.map((uri) => fill(uri, stack, values)),
    ],
    postLogoutUri: comesBack ? POST_LOGOUT_URI : undefined,
    withoutPkce: stack.withoutPkce,
  }
}

/** On loopback any port will do for a native client (RFC 8252 §7.3). */
function isRegistered(uri: string, { redirectUris, kinds }: SnippetValues): boolean {
  const portless = (each: string) =>
    kinds.includes('native') ? each.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+/, '$1') : each
  return redirectUris.some((each) => portless(each) === portless(uri))
}

/** What this stack needs and the client is not registered with: the first thing to do. */
export function toRegister(stack: Stack, values: SnippetValues): SnippetPart[] {
  const { redirectUris, postLogoutUri, withoutPkce } = needsOf(stack, values)
  const missing = redirectUris.filter((uri) => !isRegistered(uri, values))
  return [
    ...(withoutPkce && values.pkce !== 'optional'
      ? [
          {
            id: 'pkce',
            label: t('admin.snippets.pkce'),
            text: `npm run -s latchkey -- clients update ${values.clientId} --pkce optional\n`,
          },
        ]
      : []),
    ...(missing.length > 0
      ? [
          {
            id: 'redirect-uri',
            label: t('admin.snippets.redirectUris', { count: missing.length }),
            text: `${missing.join('\n')}\n`,
          },
        ]
      : []),
    ...(postLogoutUri !== undefined && !values.postLogoutUris.includes(postLogoutUri)
      ? [
          {
            id: 'post-logout-uri',
            label: t('admin.snippets.postLogout'),
            text: `${postLogoutUri}\n`,
          },
        ]
      : []),
  ]
}

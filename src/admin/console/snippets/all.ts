import { authJs } from './auth-js.ts'
import { curl } from './curl.ts'
import { django } from './django.ts'
import { go } from './go.ts'
import { modAuthOpenidc } from './mod-auth-openidc.ts'
import { nginx } from './nginx.ts'
import { oauth2Proxy } from './oauth2-proxy.ts'
import { openidClient } from './openid-client.ts'
import type { Snippet, SnippetPart, SnippetValues } from './snippet.ts'
import { spring } from './spring.ts'

const snippets: readonly Snippet[] = [
  openidClient,
  authJs,
  spring,
  django,
  go,
  oauth2Proxy,
  modAuthOpenidc,
  nginx,
  curl,
]

export interface RenderedSnippet {
  id: string
  name: string
  parts: SnippetPart[]
}

/** The snippets that work with this client. */
export const snippetsFor = (values: SnippetValues): RenderedSnippet[] =>
  snippets
    .filter(({ kinds, fits }) => kinds.includes(values.kind) && (fits?.(values) ?? true))
    .map(({ id, name, parts }) => ({ id, name, parts: parts(values) }))

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Provider } from 'oidc-provider'
import type { DirectAnswer } from '../../http/direct.ts'
import {
  accepted,
  isKnown,
  type Representation,
  type Representations,
  representationsOf,
} from '../../shared/representations.ts'
import { routes } from '../provider/routes.ts'
import type { FastPath } from './fast-path.ts'

/*
 * Metadata and keys are the same for every caller until keys or settings change. They are rendered once a version, by the
 * library itself, and then sent as bytes.
 *
 *   GET /jwks ─► version (provider, settings) ─┬─ as before ──► bytes
 *                                              └─ another ────► library ─► plain, gzip, br ─► bytes
 */

/** The paths of documents of the library that depend on no request. */
const PATHS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', routes.jwks]

/**
 * Seconds that a cache may keep one. After a key has leaked, clients meet a new `kid` at once, and ask again: what they get then
 * must not be old for long. Keys that are rotated in time are published an hour before they sign.
 */
const MAX_AGE = 60

interface Rendered {
  /** What it was made of. */
  provider: Provider
  settings: string
  representations: Promise<Representations>
}

export interface DocumentDependencies {
  /** An origin. */
  issuer: string
  /** It is another one when the keys are. */
  current(): Provider
  /** What discovery says beside what the library does: the one thing in a document that settings change. */
  discovery(): Readonly<Record<string, unknown>>
}

/** @returns a fast path for each document */
export function documentPaths(deps: DocumentDependencies): Record<string, FastPath> {
  return Object.fromEntries(PATHS.map((path) => [path, documentPath(path, deps)]))
}

function documentPath(path: string, { issuer, current, discovery }: DocumentDependencies): FastPath {
  let rendered: Rendered | undefined

  function ofNow(): Rendered {
    const provider = current()
    const settings = JSON.stringify(discovery())
    if (rendered?.provider === provider && rendered.settings === settings) return rendered
    const next = { provider, settings, representations: render(provider, issuer, path) }
    rendered = next
    // One that could not be made is tried again by the next request.
    next.representations.catch(() => {
      if (rendered === next) rendered = undefined
    })
    return next
  }

  const answerWith = createAnswerWith()
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const representations = await ofNow().representations
    const chosen = accepted(request.headers, representations)
    const status = isKnown(request.headers, representations) ? 304 : 200
    return { status, ...answerWith(chosen, request.headers.origin || '*') }
  }
}

/** An answer with a representation; nearly every caller gets the same. */
function createAnswerWith() {
  const made = new WeakMap<Representation, { headers: readonly string[]; body: string }>()
  const make = ({ headers, bytes }: Representation) => ({
    headers: Object.entries(headers).flat(),
    // Node.js sends head and body in one write where both are strings.
    body: bytes.toString('latin1'),
  })
  return (representation: Representation, origin: string): DirectAnswer => {
    const known = made.get(representation)
    const { headers, body } = known ?? make(representation)
    if (known === undefined) made.set(representation, { headers, body })
    return { headers: [...headers, 'access-control-allow-origin', origin], body, encoding: 'latin1' }
  }
}

async function render(provider: Provider, issuer: string, path: string): Promise<Representations> {
  const { body, type } = await answerOf(provider, issuer, path)
  return representationsOf(body, {
    'content-type': type,
    'cache-control': `public, max-age=${MAX_AGE}`,
    vary: 'Origin, Accept-Encoding',
  })
}

/** What the library answers. @throws Error when that is no success */
async function answerOf(provider: Provider, issuer: string, path: string) {
  const { host, protocol } = new URL(issuer)
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'GET', url: path })
  Object.assign(request.headers, { host, 'x-forwarded-proto': protocol.slice(0, -1) })
  const response = new ServerResponse(request)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  Object.assign(response, { end: resolve })
  await provider.callback()(request, response)
  const text = await promise
  if (response.statusCode !== 200 || typeof text !== 'string')
    throw new Error(`the library answered ${path} with ${response.statusCode}`)
  return { body: Buffer.from(text), type: String(response.getHeader('content-type')) }
}

import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as send } from 'node:http'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Latchkey } from '../../support/latchkey.ts'

/** A lifetime to about five seconds: the library looks at the clock twice, and a second may begin between. */
export const lifetimeOf = (iat: number, exp: number): number => Math.round((exp - iat) / 5) * 5

export interface Sent {
  method: string
  path: string
  headers: OutgoingHttpHeaders
  body?: string
}

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** Whether the protocol library wrote it: it spells the names of headers in its own way. */
  byLibrary: boolean
  /** Whether it leads on in words, and the library did not write it. */
  redirected: boolean
}

function ask(issuer: string, { method, path, headers, body }: Sent): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>()
  const length =
    body === undefined || headers['transfer-encoding'] ? {} : { 'content-length': Buffer.byteLength(body) }
  const sent = send(new URL(issuer), { method, path, headers: { ...length, ...headers } }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: Buffer.concat(chunks).toString(),
        byLibrary: response.rawHeaders.includes('Vary'),
        redirected: response.statusCode === 303 && response.rawHeaders.includes('content-type'),
      }),
    )
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

/** What has to be the same: all but what is of this one answer. */
function comparable({ status, headers, text }: Answered) {
  const { date: _d, 'x-request-id': id, 'dpop-nonce': nonce, 'content-length': length, ...rest } = headers
  const same = { status, headers: { ...rest, nonce: nonce !== undefined } }
  // A signature is another one each time.
  if (text.includes('"access_token":')) return { ...same, tokens: formOf(text) }
  if (!/jwt/.test(headers['content-type'] ?? ''))
    return { ...same, text: text.replaceAll(String(id), 'its id'), length }
  const { iat: _, ...claims } = decodeJwt(text)
  return { ...same, claims }
}

/** A token response, with what is another one each time told by its form. */
function formOf(text: string): unknown {
  const {
    access_token: token,
    refresh_token,
    id_token,
    ...others
  } = JSON.parse(text) as Record<string, unknown>
  const rest = {
    ...others,
    ...(refresh_token !== undefined && { refresh: /^[\w-]{43}$/.test(String(refresh_token)) }),
    ...(id_token !== undefined && { id: claimsOf(String(id_token)) }),
  }
  const value = String(token)
  if (!value.includes('.')) return { ...rest, token: /^[\w-]{43}$/.test(value) }
  return { ...rest, ...claimsOf(value) }
}

function claimsOf(jwt: string) {
  const { jti, iat = 0, exp = 0, sub, at_hash, auth_time, updated_at, ...claims } = decodeJwt(jwt)
  const { kid, ...header } = decodeProtectedHeader(jwt)
  const own = [typeof kid, typeof sub, typeof at_hash, typeof auth_time, typeof updated_at]
  // People who are alike differ in their number.
  const alike = JSON.parse(JSON.stringify(claims).replace(/\buser\d+\b/g, 'user'))
  return { header, own, claims: alike, sealed: jti?.split('.').length, lives: lifetimeOf(iat, exp) }
}

/** Sends the same requests to the same server by fast paths and by the library alone. */
export function createBothWays(start: (fastPaths: () => boolean) => Promise<Latchkey>) {
  let fast = true
  let mixed = 0
  return {
    start: () => start(() => (mixed > 0 ? mixed++ % 2 === 0 : fast)),
    /** Sends requests at once, every other one by a fast path. */
    async mix(issuer: string, requests: readonly Sent[]): Promise<Answered[]> {
      mixed = 1
      const answers = await Promise.all(requests.map((request) => ask(issuer, request)))
      mixed = 0
      return answers
    },
    /**
     * @param twins what the library is asked instead: of something that works once, the other of two alike
     * @param before is called before each of both ways
     * @returns pairs of what can be compared, and how many of the first were no answer of the library
     */
    async ask(
      issuer: string,
      requests: readonly Sent[],
      before: () => unknown = () => undefined,
      twins = requests,
    ) {
      const all = (some: readonly Sent[]) => Promise.all(some.map((request) => ask(issuer, request)))
      fast = true
      await before()
      const byFastPath = await all(requests)
      // Where one of both answers: the JSON API is neither.
      const protocol = byFastPath.filter((_, index) => requests[index]?.path.startsWith('/api/') === false)
      fast = false
      await before()
      const byLibrary = await all(twins)
      fast = true
      return {
        fast: protocol.filter((answer) => !answer.byLibrary).length,
        answers: byFastPath.map((answer, index) => ({
          request: requests[index],
          answer,
          answers: [answer, byLibrary[index] as Answered] as const,
          fast: comparable(answer),
          library: comparable(byLibrary[index] as Answered),
        })),
      }
    },
  }
}

/** Random numbers that are the same with each run: mulberry32. */
export function createRandom(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    pick: <Value>(values: readonly Value[]): Value => values[Math.floor(next() * values.length)] as Value,
    some: <Value>(values: readonly Value[], count: number): Value[] =>
      Array.from({ length: count }, () => values[Math.floor(next() * values.length)] as Value),
    /** True once in so many times. */
    once: (times: number): boolean => next() * times < 1,
  }
}

import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as send } from 'node:http'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Latchkey } from '../../support/latchkey.ts'

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
  if (text.includes('"access_token":')) return { ...same, tokens: formOf(text), length }
  if (!/jwt/.test(headers['content-type'] ?? ''))
    return { ...same, text: text.replaceAll(String(id), 'its id'), length }
  const { iat: _, ...claims } = decodeJwt(text)
  return { ...same, claims }
}

/** A token response, with what is another one each time told by its form. */
function formOf(text: string): unknown {
  const { access_token: token, ...rest } = JSON.parse(text) as Record<string, unknown>
  const value = String(token)
  if (!value.includes('.')) return { ...rest, token: /^[\w-]{43}$/.test(value) }
  const { jti, iat = 0, exp = 0, ...claims } = decodeJwt(value)
  const { kid, ...header } = decodeProtectedHeader(value)
  const sealed = jti?.split('.').map(({ length }) => length)
  return { ...rest, header, kid: typeof kid, claims, sealed, lives: exp - iat }
}

/** Sends the same requests to the same server by fast paths and by the library alone. */
export function createBothWays(start: (fastPaths: () => boolean) => Promise<Latchkey>) {
  let fast = true
  return {
    start: () => start(() => fast),
    /**
     * @param before is called before each of both ways
     * @returns pairs of what can be compared, and how many of the first were no answer of the library
     */
    async ask(issuer: string, requests: readonly Sent[], before: () => unknown = () => undefined) {
      const all = () => Promise.all(requests.map((request) => ask(issuer, request)))
      fast = true
      await before()
      const byFastPath = await all()
      // Where one of both answers: the JSON API is neither.
      const protocol = byFastPath.filter((_, index) => requests[index]?.path.startsWith('/api/') === false)
      fast = false
      await before()
      const byLibrary = await all()
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

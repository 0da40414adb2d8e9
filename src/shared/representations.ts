import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { BoundedMap } from './bounded-map.ts'

/** The ways in which a text is sent, the best first (RFC 9110 §8.4.1). */
const ENCODINGS = ['br', 'gzip', 'identity'] as const
type Encoding = (typeof ENCODINGS)[number]

/** One way of sending a text. */
export interface Representation {
  bytes: Buffer
  headers: Record<string, string>
}

/** A text that is the same for every caller, ready to be sent. */
export type Representations = Readonly<Record<Encoding, Representation>>

/**
 * Compresses a text once, and gives each representation its own tag (RFC 9110 §8.8.3.3).
 * @param headers what each of them says besides; `vary` has to name `Accept-Encoding`
 */
export async function representationsOf(
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<Representations> {
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(body), promisify(gzip)(body)])
  const digest = hash('sha256', body, 'base64url')
  const as = (encoding: Encoding, bytes: Buffer): Representation => ({
    bytes,
    headers: {
      ...headers,
      etag: encoding === 'identity' ? `"${digest}"` : `"${digest}-${encoding}"`,
      ...(encoding !== 'identity' && { 'content-encoding': encoding }),
    },
  })
  return { identity: as('identity', body), gzip: as('gzip', zipped), br: as('br', br) }
}

/** Whether the caller has one of them already (RFC 9110 §13.1.2: a weak comparison). */
export function isKnown(headers: IncomingHttpHeaders, representations: Representations): boolean {
  const sent = headers['if-none-match']
  if (sent === undefined) return false
  const tags = sent.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return (
    tags.includes('*') || ENCODINGS.some((name) => tags.includes(representations[name].headers.etag ?? ''))
  )
}

/** What clients and browsers send; there are few of them. */
const MAX_ENTRIES = 100
const encodings = new BoundedMap<string, Encoding>(MAX_ENTRIES)

/** The first of ours that the caller takes (RFC 9110 §12.5.3); it says so by name, without `q=0`. */
export function accepted(headers: IncomingHttpHeaders, representations: Representations): Representation {
  const sent = String(headers['accept-encoding'] ?? '')
  const known = encodings.get(sent) ?? encodingIn(sent)
  if (!encodings.has(sent)) encodings.set(sent, known)
  return representations[known]
}

function encodingIn(sent: string): Encoding {
  const named = sent
    .split(',')
    .filter((each) => !/;\s*q=0(\.0*)?\s*$/i.test(each))
    .map((each) => each.split(';', 1)[0]?.trim().toLowerCase())
  return ENCODINGS.find((each) => named.includes(each)) ?? 'identity'
}

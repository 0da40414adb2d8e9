import type { lookup } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isReachable, type Reach } from '../../http/outgoing/addresses.ts'
import { guardedLookup, refuseAddressInside } from '../../http/outgoing/guarded-lookup.ts'

/** What came back for a document. */
export interface FetchedDocument {
  status: number
  contentType: string
  cacheControl: string
  body: string
  /** Whether it came from this machine or a network inside, by the address that answered. */
  inside: boolean
}

export type FetchDocument = (url: URL) => Promise<FetchedDocument>

/** The most that is read of a document, in bytes (the draft's own number, §6.6). */
const MAX_BYTES = 5 * 1024
/** How long a document may take, in milliseconds. */
const TIMEOUT = 5000

/**
 * Fetches documents from where an unknown client says, and so from no address inside that the operator has not named: the address is checked after the name
 * is looked up and before anything is connected, and that very address is connected to. No redirect is followed, and no
 * answer is read further than 5 KiB or waited for longer than five seconds.
 */
export function createDocumentFetcher(options: Reach & { lookup?: typeof lookup }): FetchDocument {
  const guarded = guardedLookup(options)

  return (url) =>
    new Promise((done, fail) => {
      refuseAddressInside(url, options)
      const { request } = url.protocol === 'https:' ? https : http
      const outgoing = request(url, {
        agent: false,
        lookup: guarded,
        signal: AbortSignal.timeout(TIMEOUT),
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'Latchkey' },
      })
      outgoing.on('error', fail)
      outgoing.on('response', (response) => {
        const inside = !isReachable(response.socket.remoteAddress ?? '', false)
        const chunks: Buffer[] = []
        let size = 0
        response.on('error', fail)
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_BYTES) response.destroy(new Error(`the document is longer than ${MAX_BYTES} bytes`))
          else chunks.push(chunk)
        })
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            cacheControl: response.headers['cache-control'] ?? '',
            body: Buffer.concat(chunks).toString('utf8'),
            inside,
          }),
        )
      })
      outgoing.end()
    })
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Document =
  | Record<string, unknown>
  | string
  | ((request: IncomingMessage, response: ServerResponse) => void)

/** A web server on loopback that publishes client metadata documents. */
export async function startDocumentServer() {
  const documents = new Map<string, Document>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const document = documents.get(path)
    if (typeof document === 'function') return document(request, response)
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    return response.end(typeof document === 'string' ? document : JSON.stringify(document ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  let next = 0
  return {
    origin,
    port,
    host: `127.0.0.1:${port}`,
    /** The paths that were asked for, in order. */
    asked,
    /** Publishes a document under a new address, which is its client_id unless it says otherwise. */
    publish(document: Document): string {
      const path = `/client-${++next}.json`
      const id = origin + path
      documents.set(path, typeof document === 'object' ? { client_id: id, ...document } : document)
      return id
    },
    /** Puts something else in its place; undefined: nothing. */
    replace(id: string, document: Document | undefined): void {
      const path = new URL(id).pathname
      if (document === undefined) documents.delete(path)
      else documents.set(path, typeof document === 'object' ? { client_id: id, ...document } : document)
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export type DocumentServer = Awaited<ReturnType<typeof startDocumentServer>>

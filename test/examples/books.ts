import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import sharp from 'sharp'
import { createBooksApi } from '../../examples/books-api/server.ts'
import { signIn } from '../../examples/books-api/token.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'

export interface Answer {
  status: number
  headers: Headers
  /** Whatever the JSON holds; the tests compare it. */
  // biome-ignore lint/suspicious/noExplicitAny: the body of any answer
  json: any
  bytes: Buffer
}

/** The books API as its README starts it, with a real Latchkey that issues its tokens. */
export interface BooksFixture {
  latchkey: Latchkey
  api: FastifyInstance
  url: string
  dataDir: string
  /** Signs a new person in with the script of the example, through the pages. */
  person(scope?: string): Promise<string>
  call(method: string, path: string, token?: string, body?: unknown, headers?: object): Promise<Answer>
  stop(): Promise<void>
}

export async function startBooks(
  options: { requestsPerMinute?: number; clock?: () => number } = {},
): Promise<BooksFixture> {
  const { clock, ...limits } = options
  const latchkey = await startLatchkey({ ...(clock && { clock }) })
  const port = await freePort()
  const url = `http://localhost:${port}`
  const dataDir = join(latchkey.dataDir, 'books')
  const scope = 'books:read books:write books:report'
  await latchkey.services.resources.add({ identifier: url, name: 'Books', scope })
  const api = await createBooksApi({
    guard: { issuer: latchkey.issuer, audience: url, name: 'Books', ...(clock && { clock }) },
    dataDir,
    ...limits,
  })
  await api.listen({ port, host: 'localhost' })

  return {
    latchkey,
    api,
    url,
    dataDir,
    async person(wanted = 'openid books:read books:write') {
      const user = await latchkey.createUser()
      const callbackPort = await freePort()
      const client = await latchkey.services.clients.create({
        client_name: 'Terminal',
        redirect_uris: [`http://127.0.0.1:${callbackPort}/callback`],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'none',
        scope: `openid ${scope}`,
      })
      const browser = createHttpBrowser()
      let visit: Promise<unknown> = Promise.resolve()
      const token = await signIn({
        issuer: latchkey.issuer,
        clientId: client.client_id,
        port: callbackPort,
        scope: wanted,
        show(address) {
          visit = browser
            .open(address)
            .then((page) => browser.signIn(page, { identifier: user.email, password: PASSWORD }))
            .then((page) => browser.allow(page))
        },
      })
      await visit
      return token
    },
    async call(method, path, token, body, headers = {}) {
      const isJson = body !== undefined && !(body instanceof FormData) && typeof body !== 'string'
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(isJson && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as FormData | string) }),
      })
      const bytes = Buffer.from(await response.arrayBuffer())
      const isText = /json/.test(response.headers.get('content-type') ?? '')
      return {
        status: response.status,
        headers: response.headers,
        json: isText ? JSON.parse(bytes.toString()) : undefined,
        bytes,
      }
    },
    async stop() {
      await api.close()
      await latchkey.stop()
    },
  }
}

/** A photo as a telephone takes it: on its side, and with the place in it. */
export const photo = (width = 300, height = 200): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#285e4a' } })
    .withExif({
      IFD0: { Copyright: 'Ada', Orientation: '6' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
    })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer()

export function form(
  fields: Record<string, string>,
  file?: { bytes: Buffer | string; name?: string; type?: string; field?: string },
): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  if (file) {
    const content = typeof file.bytes === 'string' ? file.bytes : new Uint8Array(file.bytes)
    const blob = new Blob([content], { type: file.type ?? 'image/jpeg' })
    data.append(file.field ?? 'cover', blob, file.name ?? 'cover.jpg')
  }
  return data
}

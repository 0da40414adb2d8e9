import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createBackChannel } from '../../src/oidc/sign-out/back-channel.ts'
import type { QueueDependencies } from '../../src/queue/queue.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { eventually } from '../support/eventually.ts'
import { openQueue } from '../support/queue.ts'
import { migratedDatabase } from '../support/template.ts'

let server: Server
let dataDir: string
let db: Database
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-back-channel-'))
  db = await openDatabase({
    databaseUrl: await migratedDatabase('sqlite', dataDir),
    dataDir,
    clock: Date.now,
  })
})
afterEach(() => server.close())
afterAll(async () => {
  await db.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** An app that answers its logout notices with these statuses, in turn. @param options.from it answers none before */
async function appAnswering(
  statuses: readonly number[],
  { from, ...options }: Partial<QueueDependencies> & { from?: Promise<void> } = {},
) {
  const notices: string[] = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    await from
    notices.push(String(new URLSearchParams(body).get('logout_token')))
    response.writeHead(statuses[notices.length - 1] ?? 200).end()
    server.emit('notice')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider('http://localhost', {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'k' }] },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: false } },
    cookies: { keys: ['k'] },
    fetch: (input, init) =>
      fetch(input, { method: 'POST', headers: init?.headers ?? {}, body: init?.body ?? null }),
    clients: [
      {
        client_id: 'app',
        client_secret: 's',
        redirect_uris: ['https://app.example/cb'],
        backchannel_logout_uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`,
      },
    ],
  })
  const lines: string[] = []
  const note = (_fields: unknown, message?: unknown) => void lines.push(String(message))
  await db.prisma.delivery.deleteMany()
  const queue = openQueue(db, options)
  createBackChannel(queue, { info: note, warn: note } as never, [5, 5]).attach(provider)
  const client = (await provider.Client.find('app')) as unknown as {
    backchannelLogout(sub: string, sid: string): Promise<void>
  }
  return { client, queue, notices, lines }
}

const untilNotices = async (notices: readonly string[], count: number) => {
  while (notices.length < count) await once(server, 'notice')
}

test('a notice that is refused is tried again, each time with a fresh logout token', async () => {
  const { client, queue, notices, lines } = await appAnswering([503, 500, 200])
  await client.backchannelLogout('ada', 'sid')
  await untilNotices(notices, 3)
  await eventually(() => expect(lines).toHaveLength(1))
  await queue.close(1000)
  expect(new Set(notices.map((token) => decodeJwt(token).jti)).size).toBe(3)
  expect(lines).toEqual(['back-channel logout delivered'])
})

test('an app that never answers well is given up after three tries, and said so', async () => {
  const { client, queue, notices, lines } = await appAnswering([500, 500, 500, 500])
  await client.backchannelLogout('ada', 'sid')
  await untilNotices(notices, 3)
  await eventually(() => expect(lines).toHaveLength(1))
  await queue.close(1000)
  expect(notices).toHaveLength(3)
  expect(lines).toEqual(['back-channel logout was not delivered'])
})

test('a notice is stored before the sign-out is answered, and deleted when the app has it', async () => {
  const looked = Promise.withResolvers<void>()
  const { client, notices } = await appAnswering([503, 200], { from: looked.promise })
  await client.backchannelLogout('ada', 'sid')
  expect(await db.prisma.delivery.findMany()).toMatchObject([
    { kind: 'logout', subject: 'app', payload: '{"clientId":"app","sub":"ada","sid":"sid"}' },
  ])
  looked.resolve()
  await untilNotices(notices, 2)
  await eventually(async () => expect(await db.prisma.delivery.count()).toBe(0))
})

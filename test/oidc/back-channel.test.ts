import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { afterEach, expect, test } from 'vitest'
import { createBackChannel } from '../../src/oidc/sign-out/back-channel.ts'

let server: Server
afterEach(() => server.close())

/** An app that answers its logout notices with these statuses, in turn. */
async function appAnswering(statuses: readonly number[]) {
  const notices: string[] = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
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
  const channel = createBackChannel({ info: note, warn: note } as never, [5, 5])
  channel.attach(provider)
  const client = (await provider.Client.find('app')) as unknown as {
    backchannelLogout(sub: string, sid: string): Promise<void>
  }
  return { client, channel, notices, lines }
}

const untilNotices = async (notices: readonly string[], count: number) => {
  while (notices.length < count) await once(server, 'notice')
}

test('a notice that is refused is tried again, each time with a fresh logout token', async () => {
  const { client, channel, notices, lines } = await appAnswering([503, 500, 200])
  await client.backchannelLogout('ada', 'sid')
  await untilNotices(notices, 3)
  await channel.close()
  expect(new Set(notices.map((token) => decodeJwt(token).jti)).size).toBe(3)
  expect(lines).toEqual(['back-channel logout delivered'])
})

test('an app that never answers well is given up after three tries, and said so', async () => {
  const { client, channel, notices, lines } = await appAnswering([500, 500, 500, 500])
  await client.backchannelLogout('ada', 'sid')
  await untilNotices(notices, 3)
  await channel.close()
  expect(notices).toHaveLength(3)
  expect(lines).toEqual(['back-channel logout was not delivered'])
})

import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openId } from '../../src/federation/connectors/oidc.ts'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { inLocale, t } from '../../src/shared/locales/texts.ts'
import { createCertificate } from '../support/certificate.ts'

/** A provider that answers so. */
async function listening(server: Server, scheme = 'http'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(() => void server.close())
  return `${scheme}://localhost:${(server.address() as AddressInfo).port}`
}
const answering = (answer: RequestListener) => listening(createHttpServer(answer))
const json = { 'content-type': 'application/json' }
const tls = (host: string) => listening(createHttpsServer(createCertificate(host)), 'https')

const host = 'localhost'
const cases: [string, () => Promise<string>, Parameters<typeof t>][] = [
  ['a port of another protocol', async () => 'https://localhost:6667', ['provider.problem.port', { host }]],
  [
    'plain HTTP where TLS is expected',
    async () => (await answering((_, response) => response.end())).replace('http:', 'https:'),
    ['provider.problem.tls', { host, code: 'ERR_SSL_WRONG_VERSION_NUMBER' }],
  ],
  [
    'a certificate of nobody known',
    () => tls(host),
    ['provider.problem.certificate', { host, code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
  ],
  [
    'a connection that is closed',
    () => listening(createServer((socket) => socket.destroy())),
    ['provider.problem.closed', { host }],
  ],
  [
    'a connection that is closed in the middle of the answer',
    () =>
      answering((_, response) => {
        response.writeHead(200, { ...json, 'content-length': '500' }).write('{', () => response.destroy())
      }),
    ['provider.problem.closed', { host }],
  ],
  [
    'no HTTP',
    () => listening(createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))),
    ['provider.problem.unreadable', { host }],
  ],
  [
    'an answer that is not packed as it says',
    () =>
      answering((_, response) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end('{}')),
    ['provider.problem.unreadable', { host }],
  ],
  [
    'a page',
    () => answering((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')),
    ['provider.problem.no_json'],
  ],
  [
    'half a document',
    () => answering((_, response) => response.writeHead(200, json).end('{')),
    ['provider.problem.no_json'],
  ],
  [
    'no such page',
    () => answering((_, response) => response.writeHead(404).end()),
    ['provider.problem.status', { status: '404' }],
  ],
  [
    'a redirect',
    () => answering((_, response) => response.writeHead(302, { location: '/there' }).end()),
    ['provider.problem.status', { status: '302' }],
  ],
  [
    'an empty document',
    () => answering((_, response) => response.writeHead(200, json).end('{}')),
    ['provider.problem.unfit', { code: 'OAUTH_INVALID_RESPONSE' }],
  ],
]

/** What Node.js, OpenSSL and the library write. */
const RAW =
  /fetch failed|terminated|SSL routines|bad port|other side|protocol \(|header check|unexpected|occured|property/

test.each(cases)('%s is told in words, in every language', async (_, provider, [key, values]) => {
  const issuer = await provider()
  const connector = openId.create({ clientId: 'c', clientSecret: 's' }, openId.settings.parse({ issuer }))
  for (const { tag } of LOCALES) {
    const [found] = await inLocale(tag, () => connector.check('https://id.example/callback'))
    expect(found).toMatchObject({ status: 'fail', remedy: expect.any(String) })
    const problem = inLocale(tag, () => t(key, values as never))
    expect(found?.message).toContain(problem)
    expect(found?.message).not.toMatch(RAW)
  }
})

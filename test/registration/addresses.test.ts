import type { lookup } from 'node:dns'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isPublicHost, isReachable } from '../../src/http/outgoing/addresses.ts'
import { documentUrl } from '../../src/registration/documents/client-id.ts'
import { createDocumentFetcher } from '../../src/registration/documents/fetch.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { callback } from './support.ts'

const OUTSIDE = { allowLoopback: false }

/** An address inside that must not be spoken to. */
let inside: Server
let connections = 0
beforeAll(async () => {
  inside = createServer((socket) => {
    connections++
    socket.destroy()
  })
  inside.listen(0, '127.0.0.1')
  await once(inside, 'listening')
})
afterAll(() => inside.close())
const port = () => (inside.address() as AddressInfo).port

describe('which addresses are out there', () => {
  test.each(['1.1.1.1', '93.184.215.14', '2606:4700::1111', '2a00:1450:4001::1'])('%s is', (address) => {
    expect(isReachable(address, false)).toBe(true)
  })
  test.each(
    `0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1
     192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1
     ::ffff:10.0.0.1 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::
     fc00::1 fd12::1 fe80::1 fec0::1 ff02::1 3fff::1 5f00::1 fe80::1%eth0 nonsense`.split(/\s+/),
  )('%s is not', (address) => {
    expect(isReachable(address, false)).toBe(false)
  })
  test('loopback counts only while the server is on it, and nothing else does then', () => {
    for (const address of ['127.0.0.1', '::1']) expect(isReachable(address, true)).toBe(true)
    for (const address of ['127.0.0.2', '10.0.0.1', '::ffff:127.0.0.1', '169.254.169.254'])
      expect(isReachable(address, true)).toBe(false)
  })
  test.each([
    'intranet',
    'db.internal',
    'printer.local',
    'x.localhost',
    'router.home.arpa',
    'a.onion',
    'localhost',
    'localhost.',
    'intranet.',
    'db.internal.',
  ])('the name %s means nothing out there', (host) => expect(isPublicHost(host, OUTSIDE)).toBe(false))
})

describe('which client_id is the address of a document', () => {
  test.each(['https://app.example/client.json', 'https://app.example:8443/a/b?c=d'])('%s is', (id) => {
    expect(documentUrl(id, OUTSIDE)?.href).toBe(id)
  })
  test.each([
    'lk_0123',
    'https://app.example',
    'https://app.example/',
    'http://app.example/client.json',
    'https://app.example/a/../client.json',
    'https://app.example/%2e%2e/client.json',
    'https://app.example/client.json#x',
    'https://app.example/client.json#',
    'https://user@app.example/client.json',
    'https://APP.example/client.json',
    'HTTPS://app.example/client.json',
    'https://app.example:443/client.json',
    'https:/app.example/client.json',
    'https://app.example\\client.json',
    'https://app.example/client.json ',
    'https://127.0.0.1/client.json',
    'https://2130706433/client.json',
    'https://localhost/client.json',
    'http://localhost/client.json',
    'https://[::1]/client.json',
    'https://10.0.0.1/client.json',
    'https://intranet/client.json',
    'ftp://app.example/client.json',
    'javascript:alert(1)',
    `https://app.example/${'x'.repeat(500)}`,
  ])('%s is not', (id) => {
    expect(documentUrl(id, OUTSIDE)).toBeUndefined()
  })
  test('on this machine, while the server is on it', () => {
    expect(documentUrl('http://localhost:8080/client.json', { allowLoopback: true })).toBeDefined()
    expect(documentUrl('http://app.example/client.json', { allowLoopback: true })).toBeUndefined()
    expect(documentUrl('https://10.0.0.1/client.json', { allowLoopback: true })).toBeUndefined()
  })
})

describe('a document is fetched from nowhere inside', () => {
  /** A name server that says what it is told. */
  const names = (...addresses: string[]) =>
    ((_host: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as typeof lookup

  test.each([[['127.0.0.1']], [['::1']], [['1.1.1.1', '127.0.0.1']], [['::ffff:127.0.0.1']], [[]]])(
    'a name that leads to %o is not connected to',
    async (addresses) => {
      const fetchDocument = createDocumentFetcher({ allowLoopback: false, lookup: names(...addresses) })
      const url = new URL(`http://rebound.example:${port()}/client.json`)
      await expect(fetchDocument(url)).rejects.toThrow('not a public address')
      expect(connections).toBe(0)
    },
  )

  test.each(['http://127.0.0.1', 'http://[::1]', 'http://2130706433', 'http://[::ffff:7f00:1]', 'http://0'])(
    'nor is the address %s',
    async (origin) => {
      const fetchDocument = createDocumentFetcher({ allowLoopback: false })
      await expect(fetchDocument(new URL(`${origin}:${port()}/x`))).rejects.toThrow('not a public address')
      expect(connections).toBe(0)
    },
  )

  test('the server on the open network looks up no document on its own machine', async () => {
    const env = { ISSUER: 'https://id.example', CLIENT_METADATA_DOCUMENTS: 'on' }
    const latchkey = await startLatchkey({ env })
    try {
      for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
        const client_id = `https://${host}:${port()}/client.json`
        const query = new URLSearchParams({ client_id, response_type: 'code', redirect_uri: callback })
        const answer = await fetch(`http://localhost:${latchkey.env.PORT}/authorize?${query}`)
        expect(answer.status).toBe(400)
      }
      expect(connections).toBe(0)
    } finally {
      await latchkey.stop()
    }
  })

  test('and one that is on loopback connects to it: the guard is what kept the others out', async () => {
    const fetchDocument = createDocumentFetcher({ allowLoopback: true })
    await expect(fetchDocument(new URL(`http://127.0.0.1:${port()}/x`))).rejects.toThrow()
    expect(connections).toBe(1)
  })
})

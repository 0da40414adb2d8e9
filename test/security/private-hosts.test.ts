import type { lookup } from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { isPublicHost, mayConnect } from '../../src/http/outgoing/addresses.ts'
import { parsePrivateHosts } from '../../src/http/outgoing/private-hosts.ts'
import { createDocumentFetcher } from '../../src/registration/documents/fetch.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { createSecurityFixture, post, redirectUri } from './attacker.ts'

/** PRIVATE_HOSTS: what the operator names may be connected to from an https issuer, and nothing else inside (47 M, 41 M). */
const reachOf = (...entries: string[]) => {
  const privateHosts = parsePrivateHosts(entries)
  if (privateHosts === undefined) throw new Error(`not accepted: ${entries}`)
  return { allowLoopback: false, privateHosts }
}

describe('what is named', () => {
  test.each([
    [['grafana.internal'], 'grafana.internal', '10.1.2.3', true],
    [['grafana.internal'], 'GRAFANA.internal.', 'fd00::7', true],
    [['grafana.internal'], 'other.internal', '10.1.2.3', false],
    [['grafana.internal'], 'x.grafana.internal', '10.1.2.3', false],
    // Where clouds keep the keys of a machine: not by a name, be it one of ours.
    [['grafana.internal'], 'grafana.internal', '169.254.169.254', false],
    [['grafana.internal'], 'grafana.internal', 'fe80::1', false],
    [['grafana.internal'], 'grafana.internal', '0.0.0.0', false],
    [['10.20.0.0/16'], 'whoever.example', '10.20.255.1', true],
    [['10.20.0.0/16'], 'whoever.example', '10.21.0.1', false],
    [['fd12::/16'], '[fd12::1]', 'fd12::1', true],
    [['127.0.0.1'], '127.0.0.1', '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', '127.0.0.2', false],
    [['10.0.0.0/8'], 'mapped.example', '::ffff:127.0.0.1', false],
    [[], 'one.example', '1.1.1.1', true],
    // The same at fixed addresses, which look like ordinary or public ones: AWS, Google, Oracle, Scaleway, Alibaba, Azure.
    [['grafana.internal'], 'grafana.internal', 'fd00:ec2::254', false],
    [['grafana.internal'], 'grafana.internal', 'fd00:0ec2:0:0::17', false],
    [['grafana.internal'], 'grafana.internal', 'fd20:ce::254', false],
    [['grafana.internal'], 'grafana.internal', 'fd00:c1::a9fe:a9fe', false],
    [['grafana.internal'], 'grafana.internal', 'fd00:42::42', false],
    [['grafana.internal'], 'grafana.internal', '100.100.100.200', false],
    [['grafana.internal'], 'grafana.internal', '168.63.129.16', false],
    [[], 'one.example', '168.63.129.16', false],
    [['grafana.internal'], 'grafana.internal', '192.0.0.192', false],
    [['grafana.internal'], 'grafana.internal', 'fd00:ec3::254', true],
    [['grafana.internal'], 'grafana.internal', '100.100.100.201', true],
    // Nor by a network that has more in it.
    [['fc00::/7', 'fd00::/16'], 'whoever.example', 'fd00:ec2::254', false],
    [['fc00::/7'], 'whoever.example', 'fd00:ec3::254', true],
    [['100.64.0.0/10', '100.100.100.0/24'], 'whoever.example', '100.100.100.200', false],
    [['::ffff:100.64.0.0/106'], 'whoever.example', '100.100.100.200', false],
    [['::ffff:100.64.0.0/106'], 'whoever.example', '::ffff:100.100.100.200', false],
    [['168.0.0.0/8'], 'whoever.example', '168.63.129.16', false],
    [['169.0.0.0/8'], 'whoever.example', '169.254.169.254', false],
    [['fe00::/7'], 'whoever.example', 'fe80::a9fe:a9fe', false],
    // What is meant is named itself.
    [['fd00:ec2::254'], 'whoever.example', 'fd00:ec2::254', true],
    [['fd00:ec2::/32'], 'whoever.example', 'fd00:ec2::254', true],
    [['fd00:ec2::23'], 'whoever.example', 'fd00:ec2::254', false],
    [['100.100.100.200'], '100.100.100.200', '100.100.100.200', true],
    [['168.63.129.16'], '168.63.129.16', '168.63.129.16', true],
    [['169.254.0.0/16'], 'whoever.example', '169.254.169.254', true],
  ] as const)('%j: %s at %s is connected to: %s', (entries, host, address, answer) => {
    expect(mayConnect(host, address, reachOf(...entries))).toBe(answer)
  })

  test('a host that registers itself may be one that is named, and no other name inside', () => {
    const reach = reachOf('intranet', '10.0.0.0/8')
    expect(
      ['intranet', '10.1.1.1', 'db.internal', '192.168.0.1', 'app.example'].map((host) =>
        isPublicHost(host, reach),
      ),
    ).toEqual([true, true, false, false, true])
  })
})

test('nobody registers an address of a cloud that a network is named around', () => {
  const reach = reachOf('fc00::/7', '100.64.0.0/10')
  const hosts = ['[fd00:ec2::254]', '[fd20:ce::254]', '100.100.100.200', '168.63.129.16', '[fd00:7::1]']
  expect(hosts.map((host) => isPublicHost(host, reach))).toEqual([false, false, false, false, true])
})

describe('wrong values are told with a good one', () => {
  const parse = (PRIVATE_HOSTS: string) => parseConfig({ PRIVATE_HOSTS }, () => '').privateHosts
  test.each([
    '*.internal',
    'https://grafana.internal',
    'grafana.internal:3000',
    'grafana.internal/x',
    '0.0.0.0/0',
    '::/0',
    '::ffff:0:0/96',
    '::ffff:10.0.0.0/103',
    '::fffe:0:0/95',
    '::/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '127.1',
    '2130706433',
    'a b, ..',
    'fe80::1%eth0',
    '__proto__',
  ])('%s', (value) => {
    expect(() => parse(value)).toThrow(ConfigError)
    expect(() => parse(value)).toThrow(
      /PRIVATE_HOSTS must be .*for example grafana\.internal, 10\.20\.0\.0\/16/,
    )
  })
  test('IPv4 in IPv6 is as wide as it would be written plainly', () => {
    const { networks } = parse('::ffff:10.0.0.0/104, fd00::/8')
    expect(networks.map(({ prefix }) => prefix)).toEqual([104, 8])
  })
  test('names in any case and script, addresses, networks; empty is none', () => {
    const { names, networks } = parse('Grafana.Internal, bücher.local 10.0.0.0/8\n[::1]')
    expect([...names]).toEqual(['grafana.internal', 'xn--bcher-kva.local'])
    expect(networks.map(({ address, prefix }) => `${address}/${prefix}`)).toEqual(['10.0.0.0/8', '::1/128'])
    expect(parse('')).toEqual({ names: new Set(), networks: [] })
  })
})

test('DNS rebinding: the address that is connected to is the one that was checked, of every name', async () => {
  let asked = 0
  const turning = ((_host: string, _options: object, done: (error: null, found: object[]) => void) => {
    asked++
    done(null, [{ address: asked === 1 ? '1.1.1.1' : '127.0.0.1', family: 4 }])
  }) as unknown as typeof lookup
  const fetchDocument = createDocumentFetcher({ ...reachOf('10.0.0.0/8'), lookup: turning })
  asked = 1
  await expect(fetchDocument(new URL('http://turning.example/x'))).rejects.toThrow('not a public address')
})

describe('an https issuer with an app inside', () => {
  const ISSUER = 'https://id.example'
  let latchkey: Latchkey
  let at: string
  let app: ReturnType<typeof createServer>
  const heard: string[] = []
  let connections = 0
  const port = () => (app.address() as AddressInfo).port
  const pair = generateKeyPair('ES256')
  const untilTried = () =>
    expect
      .poll(
        async () =>
          (await latchkey.services.db.prisma.delivery.findFirst({ where: { kind: 'logout' } }))?.result,
      )
      .toContain('error')

  beforeAll(async () => {
    app = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      heard.push(`${request.method} ${request.url} ${body.slice(0, 12)}`)
      response.writeHead(302, { location: '/elsewhere' }).end()
      app.emit('heard')
    })
    app.on('connection', () => connections++)
    app.listen(0, '127.0.0.1')
    await once(app, 'listening')
    latchkey = await startLatchkey({ env: { ISSUER, PRIVATE_HOSTS: 'localhost' } })
    at = `http://localhost:${latchkey.env.PORT}`
  })
  afterAll(async () => {
    await latchkey.stop()
    app.close()
  })

  async function authenticateBy(jwks_uri: string) {
    const client = await latchkey.createClient({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri,
    })
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(client.client_id)
      .setSubject(client.client_id)
      .setAudience(ISSUER)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign((await pair).privateKey)
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const body = {
      grant_type: 'client_credentials',
      client_assertion_type: type,
      client_assertion: assertion,
    }
    return post(`${at}/token`, body)
  }

  test('is told of a sign-out at the host that is named', async () => {
    const fixture = createSecurityFixture(latchkey)
    const client = await fixture.client({ backchannel_logout_uri: `http://localhost:${port()}/back-channel` })
    const user = await latchkey.createUser()
    const proxied = (input: string | URL | Request, init?: RequestInit) =>
      fetch(String(input).replace(ISSUER, at), init)
    const browser = createHttpBrowser({ stopAt: [redirectUri], fetch: proxied })
    await browser.signIn(await browser.open(fixture.authorizeUrl(client)), {
      identifier: user.email,
      password: PASSWORD,
    })
    const told = once(app, 'heard')
    await browser.submit(await browser.open(`${ISSUER}/logout`), {}, { button: 'Sign out' })
    await told
    await untilTried()
    // Nor does it lead anywhere else by a redirect.
    expect(new Set(heard)).toEqual(new Set(['POST /back-channel logout_token']))
  })

  test('is asked for its keys there, and not at the address of the same machine that is not named', async () => {
    const before = connections
    await authenticateBy(`https://127.0.0.1:${port()}/jwks`)
    expect(connections).toBe(before)
    await authenticateBy(`https://localhost:${port()}/jwks`)
    expect(connections).toBe(before + 1)
  })
})

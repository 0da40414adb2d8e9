import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { post } from './attacker.ts'

/** 47 M, 41 M: a jwks_uri at an app inside, over TLS as it is, nothing of it in the place of the network. */
const ISSUER = 'https://id.example'
const pair = generateKeyPair('ES256', { extractable: true })
const trusted = getCACertificates('default')
let app: Server
let connections = 0
let port: number

beforeAll(async () => {
  const certificate = createCertificate('localhost')
  setDefaultCACertificates([...trusted, certificate.cert])
  const keys = JSON.stringify({ keys: [await exportJWK((await pair).publicKey)] })
  app = createServer(certificate, (request, response) => {
    if (request.url === '/moved') return response.writeHead(302, { location: '/jwks' }).end()
    return response.setHeader('content-type', 'application/json').end(keys)
  })
  app.on('connection', () => connections++)
  app.listen(0, 'localhost')
  await once(app, 'listening')
  port = (app.address() as AddressInfo).port
})
afterAll(() => {
  setDefaultCACertificates(trusted)
  app.close()
})

describe.each([
  ['named', 'localhost', 200, 1],
  ['not named', 'other.internal', 401, 0],
])('keys of a client at a host that is %s in PRIVATE_HOSTS', (_, PRIVATE_HOSTS, status, connected) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ env: { ISSUER, PRIVATE_HOSTS } })
    await latchkey.services.resources.add(jobs)
  })
  afterAll(() => latchkey.stop())

  async function authenticateBy(path: string) {
    const client = await latchkey.createClient({
      ...jobClient,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `https://localhost:${port}${path}`,
    })
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(client.client_id)
      .setSubject(client.client_id)
      .setAudience(ISSUER)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign((await pair).privateKey)
    return post(`http://localhost:${latchkey.env.PORT}/token`, {
      ...jobGrant,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  }

  test(`the client is answered ${status}, after ${connected} connections`, async () => {
    const before = connections
    const answer = await authenticateBy('/jwks')
    expect([answer.status, connections - before]).toEqual([status, connected])
    expect(answer.json).toHaveProperty(status === 200 ? 'access_token' : 'error')
  })

  test('a redirect is followed nowhere', async () => {
    expect((await authenticateBy('/moved')).status).toBe(401)
  })
})

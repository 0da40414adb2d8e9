import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startLatchkey } from '../support/latchkey.ts'

const HOUR = 3_600_000

/** A connection as a proxy keeps it: it has had a response, and is idle. */
async function idleConnection(issuer: string) {
  const { hostname, port } = new URL(issuer)
  const socket = connect(Number(port), hostname)
  const ended = once(socket, 'close')
  const gone = ended.then(() => Promise.reject(new Error('the connection ended without an answer')))
  gone.catch(() => undefined)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  /** @returns what comes back for a request, its headers at least */
  async function ask(request: string): Promise<string> {
    text = ''
    socket.write(`${request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`)
    while (!text.includes('\r\n\r\n')) await Promise.race([once(socket, 'data'), gone])
    return text
  }
  expect(await ask('GET /health/live')).toMatch(/\r\nconnection: keep-alive\r\n/i)
  return { ask, ended }
}

/** Resolves once nobody listens there any more. */
async function refused(issuer: string): Promise<void> {
  const { hostname, port } = new URL(issuer)
  for (let open = true; open; ) {
    const socket = connect(Number(port), hostname)
    open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
  }
}

// By Fastify, by the library, and by a path that is answered before Fastify.
test.each(['GET /login', 'POST /token', 'GET /.well-known/openid-configuration'])(
  '%s over a connection that was idle when the server was told to stop is answered, and is its last',
  async (request) => {
    const latchkey = await startLatchkey({ drainFor: HOUR })
    const connection = await idleConnection(latchkey.issuer)
    const stopped = latchkey.stop()
    await refused(latchkey.issuer)
    const answer = await connection.ask(request)
    expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    await connection.ended
    // It does not wait for the hour: no connection is left.
    await stopped
  },
)

test('a connection that nothing comes over ends with the time for it', async () => {
  const latchkey = await startLatchkey({ drainFor: 1 })
  const connection = await idleConnection(latchkey.issuer)
  await latchkey.stop()
  await connection.ended
})

test('without connections the server stops at once', async () => {
  const latchkey = await startLatchkey({ drainFor: HOUR })
  await latchkey.stop()
})

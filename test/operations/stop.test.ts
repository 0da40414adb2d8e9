import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { readOutbox, startMailbox } from '../support/mailbox.ts'
import { latchkey, type ServerProcess, startServer } from './server-process.ts'

let dataDir = ''
let server: ServerProcess
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-stop-'))
})
async function start(settings: Record<string, string> = {}) {
  server = await startServer({ DATA_DIR: dataDir, ...settings })
}
afterEach(async () => {
  await server.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A POST of a form whose last byte is held back: the request is under way for as long as the test wants. */
async function heldRequest(path: string, body: string, headers: Record<string, string>) {
  const url = new URL(path, server.address)
  const agent = new Agent({ keepAlive: true })
  const sent = httpRequest(url, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      ...headers,
    },
  })
  const answer = new Promise<{ status: number; location: string | undefined }>((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => {
      response.resume()
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location }),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    sent.once('error', reject)
    sent.write(body.slice(0, -1), () => resolve())
  })
  // The server has seen the request once it answers one that was sent after it.
  await fetch(new URL('/health/live', server.address))
  return { answer, finish: () => sent.end(body.slice(-1)) }
}

/** Resolves once nobody listens there any more. */
async function refused(address: string): Promise<void> {
  const { hostname, port } = new URL(address)
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname)
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (!open) return
  }
}

async function heldSignIn() {
  const browser = createHttpBrowser()
  const prepared = browser.prepare(
    await browser.open(`${server.issuer}/login`),
    { 'Email or username': 'alice', Password: PASSWORD },
    { button: 'Sign in' },
  )
  return heldRequest('/login', String(prepared.body), {
    host: new URL(server.issuer).host,
    cookie: browser.cookies.header(prepared.url) ?? '',
    ...prepared.headers,
  })
}

const createAlice = () =>
  latchkey(
    [
      'users',
      'create',
      '--username',
      'alice',
      '--email',
      'alice@example.com',
      '--verified',
      '--password-stdin',
    ],
    { DATA_DIR: dataDir, ISSUER: server.issuer },
    { stdin: PASSWORD },
  )

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: the request under way finishes, new ones are refused, a second signal changes nothing, exit 0',
  async (signal) => {
    await start()
    expect((await createAlice()).code).toBe(0)
    const held = await heldSignIn()
    server.child.kill(signal)
    await server.logged(({ msg }) => msg === 'stopping')
    await refused(server.address)
    server.child.kill(signal)
    held.finish()
    expect(await held.answer).toEqual({ status: 303, location: '/account' })
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(server.stdout.filter((line) => line.includes('"stopping"'))).toHaveLength(1)
    expect(server.stdout.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  },
)

test('mail that is queued is delivered before the end', async () => {
  await start()
  const browser = createHttpBrowser()
  const registered: string[] = []
  for (const name of ['ann', 'ben', 'cleo', 'dora']) {
    const page = await browser.open(`${server.issuer}/register`)
    const answer = await browser.send(
      browser.prepare(page, { Username: name, Email: `${name}@example.com`, Password: PASSWORD }),
    )
    expect(answer.status).toBe(303)
    registered.push(`${name}@example.com`)
  }
  expect(await server.stop()).toEqual({ code: 0, signal: null })
  const mails = await readOutbox(join(dataDir, 'outbox'))
  expect(mails.map(({ to }) => to).sort()).toEqual(registered)
})

test('a mail server that is busy at first gets the queued mail before the end', async () => {
  let refusals = 0
  const mailbox = await startMailbox({ answer: () => (refusals++ === 0 ? 450 : undefined) })
  await start({ SMTP_URL: mailbox.smtpUrl })
  const browser = createHttpBrowser()
  await browser.submit(await browser.open(`${server.issuer}/register`), {
    Username: 'erin',
    Email: 'erin@example.com',
    Password: PASSWORD,
  })
  expect(await server.stop()).toEqual({ code: 0, signal: null })
  expect(mailbox.messages.map(({ to }) => to)).toEqual(['erin@example.com'])
  await mailbox.stop()
})

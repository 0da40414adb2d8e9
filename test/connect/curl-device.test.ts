import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { conditionHolds, fill } from '../../src/admin/console/snippets/fill.ts'
import { snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { approve, confirmPage, type DeviceAnswer, person, registerDevice } from '../device/device-client.ts'
import { clock, passTime } from '../security/attacker.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { scanLines, WHITE_ON_BLACK } from '../support/scan.ts'

const API = 'https://books.example'
/** On a machine that tests by itself it has to be there. */
const absent = spawnSync('curl', ['--version']).error !== undefined && !process.env.CI

let latchkey: Latchkey
let folder: string
/** What happens while the program sleeps, instead of waiting; told for how many seconds. */
let asleep: (seconds: number) => Promise<unknown> = async () => {}
const sleeper = createServer((request, response) => {
  const seconds = Number(request.url?.slice(1))
  void asleep(seconds).then(
    () => response.end(),
    (error) => response.writeHead(500).end(String(error)),
  )
})

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  await latchkey.services.resources.add({ identifier: API, name: 'Books', scope: 'books:read' })
  sleeper.listen(0, '127.0.0.1')
  await once(sleeper, 'listening')
  folder = await mkdtemp(join(tmpdir(), 'latchkey-curl-'))
  // The server's clock goes on by as much as the program wants to sleep.
  const { port } = sleeper.address() as AddressInfo
  await writeFile(join(folder, 'sleep'), `#!/bin/sh\nexec curl -fsS "http://127.0.0.1:${port}/$1"\n`)
  await chmod(join(folder, 'sleep'), 0o755)
})
afterAll(async () => {
  sleeper.close()
  await latchkey.stop()
  await rm(folder, { recursive: true })
})
afterEach(() => void vi.useRealTimers())

/** The parts as the page of a client shows them. */
async function partsFor(clientId: string): Promise<string[]> {
  const { clients, resources } = latchkey.services
  const stack = allStacks().find(({ id }) => id === 'curl-device')
  if (stack === undefined) throw new Error('there is no snippets/curl-device')
  const values = snippetValues(latchkey.issuer, await clients.get(clientId), (await resources.list()).items)
  return stack.parts
    .filter((part) => part.if === undefined || conditionHolds(part.if, stack, values))
    .map((part) => fill(part.text, stack, values))
}

/** Runs a part in a shell of its own. @param pasted what people put where the dots are */
async function run(part: string | undefined, secret: string | undefined, pasted = ''): Promise<string> {
  const env = {
    PATH: [folder, dirname(process.execPath), process.env.PATH].join(delimiter),
    ...(secret !== undefined && { LATCHKEY_CLIENT_SECRET: secret }),
  }
  const options: SpawnOptions = { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }
  const shell = spawn('sh', ['-euc', String(part).replace('…', pasted)], options)
  const [out, err] = await Promise.all([shell.stdout, shell.stderr].map((stream) => stream && text(stream)))
  if (err) throw new Error(err)
  return String(out)
}

test.skipIf(absent).each([
  ['a public client', 'none', {}],
  ['a secret in a header', 'client_secret_basic', {}],
  ['a secret in the body, for an API', 'client_secret_post', { scope: 'openid profile email books:read' }],
])('curl as it is printed, %s: waits, slows down when told to, and gets tokens', async (_, method, more) => {
  const device = await registerDevice(latchkey, { token_endpoint_auth_method: method, ...more })
  const [ask, poll, refresh] = await partsFor(device.clientId)
  const who = await person(latchkey, false)
  const asked: DeviceAnswer = JSON.parse(await run(ask, device.secret))
  expect(asked).toMatchObject({ verification_uri: `${latchkey.issuer}/device`, interval: 5 })

  const slept: number[] = []
  asleep = async (seconds) => {
    slept.push(seconds)
    passTime(seconds)
    // Another program polls in its place: the program is too early then, and has to slow down.
    if (slept.length === 2) expect((await pollBy(device, method, asked)).error).toBe('authorization_pending')
    if (slept.length === 3) await approve(latchkey, who, asked.user_code)
  }
  const tokens = JSON.parse(await run(poll, device.secret, asked.device_code))
  // In time, in time, and five seconds slower after `slow_down` (RFC 8628 §3.5).
  expect(slept).toEqual([5, 5, 10])
  expect(tokens).toMatchObject({ access_token: expect.any(String), id_token: expect.any(String) })
  const refreshed = JSON.parse(await run(refresh, device.secret, tokens.refresh_token))
  expect(refreshed).toMatchObject({ access_token: expect.any(String) })
})

test.skipIf(absent)('the QR code as it is printed is read by a phone', async () => {
  const device = await registerDevice(latchkey)
  const { verification_uri_complete: link } = await device.ask()
  const [, , , install, draw] = await partsFor(device.clientId)
  expect(install?.trim()).toBe('npm install qr')
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  const [, printed = ''] = WHITE_ON_BLACK.exec(await run(draw, undefined, link)) ?? []
  expect(scanLines(printed)).toBe(link)
})

/** A poll of the same device, beside the program. */
async function pollBy(
  device: Awaited<ReturnType<typeof registerDevice>>,
  method: string,
  { device_code }: DeviceAnswer,
) {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code,
    ...(method !== 'client_secret_basic' && { client_id: device.clientId }),
    ...(method === 'client_secret_post' && { client_secret: String(device.secret) }),
  })
  const headers: Record<string, string> =
    method === 'client_secret_basic'
      ? { authorization: `Basic ${btoa(`${device.clientId}:${device.secret}`)}` }
      : {}
  const answer = await fetch(`${latchkey.issuer}/token`, { method: 'POST', body, headers })
  return (await answer.json()) as { error?: string }
}

test.skipIf(absent)(
  'curl as it is printed ends when the person says no, or nobody comes in time',
  async () => {
    const device = await registerDevice(latchkey)
    const [ask, poll] = await partsFor(device.clientId)
    const refused: DeviceAnswer = JSON.parse(await run(ask, undefined))
    asleep = async (seconds) => {
      passTime(seconds)
      const who = await person(latchkey)
      await who.browser.deny(await confirmPage(latchkey, who, refused.user_code))
    }
    expect(JSON.parse(await run(poll, undefined, refused.device_code)).error).toBe('access_denied')
    const late: DeviceAnswer = JSON.parse(await run(ask, undefined))
    let polls = 0
    asleep = async (seconds) => {
      polls++
      // Twenty of its rounds at a time.
      passTime(20 * seconds)
    }
    expect(JSON.parse(await run(poll, undefined, late.device_code)).error).toBe('expired_token')
    expect(polls).toBe(9)
  },
)

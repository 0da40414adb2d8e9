import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { bearer } from '../api/support.ts'
import { runProgram } from '../operations/server-process.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { readMetrics } from './support.ts'

const TOKEN = '5f3b9c0de81a47c2b6d4f0e9a7c85b13'

let latchkey: Latchkey | undefined
afterEach(async () => {
  await latchkey?.stop()
  latchkey = undefined
})
const start = async (env: Record<string, string>) => {
  latchkey = await startLatchkey({ env })
  return latchkey
}

test('off: there is no such address, and nobody observes', async () => {
  const { issuer, services } = await start({})
  expect((await fetch(`${issuer}/metrics`)).status).toBe(404)
  expect(services.observers).toBeUndefined()
})

test('the client library is loaded only when metrics are on', async () => {
  const script = `
    import { createRequire } from 'node:module'
    const { cache } = createRequire(import.meta.url)
    const { buildApp } = await import('./src/app.ts')
    const { parseConfig } = await import('./src/config.ts')
    for (const METRICS of ['off', 'on']) {
      const { app } = await buildApp(parseConfig({ ...process.env, LOG_LEVEL: 'silent', METRICS }, () => ''))
      await app.ready()
      await app.close()
      console.log(METRICS, Object.keys(cache).some((file) => file.includes('@prometheus-io')))
    }`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env.PATH ?? '', DATA_DIR: temporaryFolder() },
  })
  expect(stdout).toBe('off false\non true\n')
})

test('on loopback they stand beside the other routes, as text for Prometheus and never cached', async () => {
  const { issuer } = await start({ METRICS: 'on' })
  const answer = await fetch(`${issuer}/metrics`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.text()).toMatch(/^# HELP /)
})

test('with a token: nobody reads without it, and no cookie, Basic credential or part of it will do', async () => {
  const { issuer, log } = await start({ METRICS: 'on', METRICS_TOKEN: TOKEN })
  const ask = (headers: Record<string, string> = {}) => fetch(`${issuer}/metrics`, { headers })
  const refused = [
    {},
    bearer(''),
    bearer(TOKEN.slice(1)),
    bearer(`${TOKEN}0`),
    bearer(TOKEN.toUpperCase()),
    { authorization: TOKEN },
    { authorization: `Basic ${Buffer.from(`metrics:${TOKEN}`).toString('base64')}` },
    { cookie: `token=${TOKEN}` },
  ]
  for (const headers of refused) {
    const answer = await ask(headers)
    expect(answer.status, JSON.stringify(headers)).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="metrics"')
    expect(await answer.json()).toMatchObject({ status: 401, code: 'invalid_credentials' })
  }
  expect((await ask(bearer(TOKEN))).status).toBe(200)
  expect((await ask({ authorization: `bearer ${TOKEN}` })).status).toBe(200)
  expect((await fetch(`${issuer}/metrics?token=${TOKEN}`)).status).toBe(401)
  expect(log.join('')).not.toContain(TOKEN)
})

test('on a port of their own: there nothing else is, and they are nowhere else', async () => {
  const METRICS_PORT = String(await freePort())
  const { issuer } = await start({ METRICS: 'on', METRICS_PORT })
  const own = `http://127.0.0.1:${METRICS_PORT}`
  expect((await fetch(`${issuer}/metrics`)).status).toBe(404)
  expect((await readMetrics(own)).series.length).toBeGreaterThan(50)
  for (const path of [
    '/',
    '/login',
    '/admin',
    '/token',
    '/metrics/',
    '/health/live',
    '/.well-known/openid-configuration',
  ])
    expect((await fetch(`${own}${path}`, { redirect: 'manual' })).status, path).toBe(404)
  expect((await fetch(`${own}/metrics`, { method: 'POST' })).status).toBe(404)
  await latchkey?.stop()
  latchkey = undefined
  await expect(fetch(`${own}/metrics`)).rejects.toThrow()
})

test('a port of their own with a token asks for it too', async () => {
  const METRICS_PORT = String(await freePort())
  await start({ METRICS: 'on', METRICS_PORT, METRICS_TOKEN: TOKEN })
  const own = `http://127.0.0.1:${METRICS_PORT}`
  expect((await fetch(`${own}/metrics`)).status).toBe(401)
  expect((await fetch(`${own}/metrics`, { headers: bearer(TOKEN) })).status).toBe(200)
})

test('a port that another process has: the server does not start, and says which variable to change', async () => {
  const holder = createServer()
  const port = await new Promise<string>((resolve) =>
    holder.listen(0, '127.0.0.1', () => resolve(String((holder.address() as { port: number }).port))),
  )
  const run = runProgram('bin/start.mjs', {
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: temporaryFolder(),
    METRICS: 'on',
    METRICS_PORT: port,
  })
  expect((await run.ended).code).toBe(1)
  expect(run.stderr.join('\n')).toMatch(/METRICS_PORT cannot be had.*EADDRINUSE.*METRICS_PORT=\d+/)
  holder.close()
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config.ts'
import { engines, startLatchkey } from '../support/latchkey.ts'
import { latchkey, runProgram, startServer } from './server-process.ts'

const API = 'https://orders.example'

describe.each(engines)('an API from before with scopes of the administration API, on %s', (engine) => {
  test('keeps the server from starting, and is found with its clients', async () => {
    const running = await startLatchkey({ engine })
    onTestFinished(() => running.stop())
    const { clients, resources, db, reservedScopes } = running.services
    await resources.add({ identifier: API, scope: 'orders:read' })
    await resources.add({ identifier: 'https://other.example', scope: 'xadmin:read admin' })
    const billing = await clients.create({
      client_name: 'Billing',
      grant_types: ['client_credentials'],
      scope: 'orders:read admin:read',
    })
    await clients.create({
      client_name: 'Another',
      grant_types: ['client_credentials'],
      scope: 'xadmin:read orders:admin:read',
    })
    const holder = { client_id: billing.client_id, client_name: 'Billing', scopes: ['admin:read'] }
    expect(await reservedScopes()).toEqual({ resources: [], clients: [holder] })
    await db.prisma.resource.update({
      where: { id: API },
      data: { scope: 'orders:read admin:write admin:read' },
    })
    expect(await reservedScopes()).toEqual({
      resources: [{ identifier: API, scopes: ['admin:write', 'admin:read'] }],
      clients: [holder],
    })
    const config = parseConfig(running.env, () => '')
    const start = buildApp(config, { logStream: { write: () => {} } })
    await expect(start).rejects.toMatchObject({
      code: 'reserved_scopes',
      message: expect.stringContaining(API),
    })
    await resources.remove(API)
    const { app } = await buildApp(config, { logStream: { write: () => {} } })
    await app.close()
  })
})

test('start says the way out, doctor shows it, and following it the server starts', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-reserved-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const env = { DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1' }
  const run = async (...args: string[]) => {
    const done = await latchkey(args, env)
    expect([args, done.code, done.stderr]).toEqual([args, 0, ''])
    return done.stdout
  }
  await run('resources', 'add', '--identifier', API, '--scope', 'orders:read')
  const created = await run(
    ...['clients', 'create', '--name', 'Billing', '--grant', 'client_credentials'],
    ...['--scope', 'orders:read admin:read', '--json'],
  )
  const { client_id } = JSON.parse(created) as { client_id: string }
  const file = new BetterSqlite3(join(dataDir, 'latchkey.db'))
  file.prepare('UPDATE resources SET scope = ? WHERE id = ?').run('orders:read admin:read', API)
  file.close()

  const refused = runProgram('bin/start.mjs', env)
  expect(await refused.ended).toEqual({ code: 1, signal: null })
  const said = refused.stderr.join('\n')
  expect(said).toContain(
    `Latchkey cannot start: scopes of the administration API are also those of a registered API`,
  )
  expect(said).toContain(`npm run -s latchkey -- resources remove ${API}`)
  expect(said).toContain(`Billing (${client_id})`)
  expect(said).not.toMatch(/^\s+at /m)

  const doctor = await latchkey(['doctor', '--json'], env)
  const { checks } = JSON.parse(doctor.stdout) as { checks: Record<string, string>[] }
  const check = () => checks.find(({ name }) => name === 'administration scopes')
  expect(doctor.code).toBe(1)
  expect(check()).toMatchObject({ status: 'fail', message: expect.stringContaining(`${API} (admin:read)`) })
  expect(check()?.remedy).toContain(`Billing (${client_id})`)

  await run('resources', 'remove', API)
  await run('resources', 'add', '--identifier', API, '--scope', 'orders:read orders:admin')
  await run('clients', 'update', client_id, '--scope', 'orders:read')
  const server = await startServer({ DATA_DIR: dataDir })
  await server.stop()
  const after = await latchkey(['doctor', '--json'], env)
  expect(after.stdout).toMatch(/"administration scopes",\s*"status":\s*"ok"/)
  expect(after.stdout).toContain('of no client')
})

describe.each(engines)('an API from before with a scope that is of this server now, on %s', (engine) => {
  test('is told at the start, with a way out that ends it', async () => {
    const running = await startLatchkey({ engine })
    onTestFinished(() => running.stop())
    const { resources, db } = running.services
    await resources.add({ identifier: API, scope: 'orders:read' })
    await resources.add({ identifier: 'https://other.example', scope: 'groups:read xroles' })
    const config = parseConfig(running.env, () => '')
    const warnings = async () => {
      const log: string[] = []
      const { app } = await buildApp(config, { logStream: { write: (line) => void log.push(line) } })
      await app.close()
      return log.filter((line) => line.includes('"level":40')).map((line) => String(JSON.parse(line).msg))
    }
    expect(await warnings()).toEqual([])
    await db.prisma.resource.update({ where: { id: API }, data: { scope: 'orders:read groups roles' } })
    const [said = '', ...others] = await warnings()
    expect(others).toEqual([])
    expect(said).toContain(`the API ${API} has groups and roles as a scope`)
    const [, scope = ''] = /resources update https:\/\/orders\.example --scope "([^"]+)"/.exec(said) ?? []
    await resources.update(API, { scope })
    expect(await warnings()).toEqual([])
  })
})

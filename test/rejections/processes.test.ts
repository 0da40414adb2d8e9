import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { withServices } from '../operations/installation.ts'
import { latchkey, type ServerProcess, startServer } from '../operations/server-process.ts'
import { eventually } from '../support/eventually.ts'
import { engines } from '../support/latchkey.ts'
import { freshDatabase, startPostgres } from '../support/postgres.ts'

const REDIRECT_URI = 'https://app.example/callback'

const refuse = async (server: ServerProcess, parameters: Record<string, string>) => {
  const answer = await fetch(`${server.address}/authorize?${new URLSearchParams(parameters)}`, {
    headers: { accept: 'text/html' },
  })
  expect(answer.status).toBe(400)
  return String(answer.headers.get('x-request-id'))
}

describe.each(engines)('two servers and the command line on %s', (engine) => {
  const env: Record<string, string> = { ISSUER: 'http://localhost:9999' }
  let clientId: string
  let servers: ServerProcess[]
  beforeAll(async () => {
    env.DATA_DIR = mkdtempSync(join(tmpdir(), 'latchkey-rejections-'))
    if (engine === 'postgresql') env.DATABASE_URL = await freshDatabase(inject('postgresUrl'))
    const client = await withServices(env, ({ clients }) =>
      clients.create({ client_name: 'Harbour Notes', redirect_uris: [REDIRECT_URI] }),
    )
    clientId = client.client_id
    servers = [await startServer(env), await startServer(env)]
  })
  afterAll(async () => {
    for (const server of servers ?? []) await server.kill()
    rmSync(String(env.DATA_DIR), { recursive: true, force: true })
  })

  const references = async () => {
    const { stdout } = await latchkey(['rejections', 'list', '--json'], env)
    return (JSON.parse(stdout) as { items: { id: string }[] }).items.map(({ id }) => id)
  }

  test('what each refuses is found by its reference, explained, with its address in the console', async () => {
    const sent = { client_id: clientId, response_type: 'code', redirect_uri: `${REDIRECT_URI}/` }
    const [a, b] = await Promise.all(servers.map((server) => refuse(server, sent)))
    await eventually(async () => {
      const found = await references()
      return found.includes(String(a)) && found.includes(String(b))
    })
    const shown = await latchkey(['rejections', 'show', String(a)], env)
    expect([shown.code, shown.stderr]).toEqual([0, ''])
    expect(shown.stdout).toMatch(/^Extra trailing slash\n/)
    const marks = /\n {2}sent {8}(\S+)\n {2}registered {2}(\S+)\n( *)\^ they differ from here on\n/.exec(
      shown.stdout,
    )
    expect(marks?.slice(1, 3)).toEqual([`${REDIRECT_URI}/`, REDIRECT_URI])
    expect(marks?.[3]).toHaveLength('  registered  '.length + REDIRECT_URI.length)
    expect(shown.stdout).toContain(`${clientId} (Harbour Notes)`)
    expect(shown.stdout).toContain(`http://localhost:9999/admin/rejections/${a}/fix`)
    const json = await latchkey(['rejections', 'show', `Request ${b}`, '--json'], env)
    expect(JSON.parse(json.stdout)).toMatchObject({
      id: b,
      endpoint: 'authorization',
      client_id: clientId,
      error: 'invalid_redirect_uri',
      explanation: { rule: 'redirect_uri_trailing_slash', here: expect.any(String) },
      fix: { kind: 'trailing_slash', client_id: clientId, add: `${REDIRECT_URI}/`, beside: REDIRECT_URI },
    })
  })

  test('list filters and pages; what is not kept is said in one line', async () => {
    const filtered = await latchkey(['rejections', 'list', '--error', 'invalid_redirect_uri'], env)
    expect(filtered.stdout).toMatch(/^WHEN +CLIENT +ENDPOINT +ERROR +REFERENCE\n/)
    const none = await latchkey(['rejections', 'list', '--endpoint', 'userinfo'], env)
    expect(none.stdout).toBe('Nothing has been refused.')
    const page = await latchkey(['rejections', 'list', '--client', clientId, '--limit', '1'], env)
    expect(page.stdout).toMatch(
      /More: (npm run -s latchkey --|node \S+) rejections list --client lk_\w+ --limit 1 --cursor \S+$/,
    )
    const unknown = await latchkey(['rejections', 'show', crypto.randomUUID()], env)
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'error: No refused request is kept under this reference.',
    ])
  })

  // The last one: this server is gone then.
  test('what was refused just before the end is kept', async () => {
    const server = servers[1]
    if (!server) throw new Error('there are two servers')
    const reference = await refuse(server, { client_id: 'nobody' })
    expect((await server.stop()).code).toBe(0)
    expect(await references()).toContain(reference)
  })
})

test('a database that is away breaks no answer; what was refused in between is kept when it is back', async () => {
  const postgres = await startPostgres()
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'latchkey-rejections-'))
  const env = { DATA_DIR, DATABASE_URL: await freshDatabase(postgres.url) }
  const server = await startServer(env)
  try {
    await postgres.halt()
    // Without a client_id there is nothing to look up: this is refused, and not for the database.
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => refuse(server, { response_type: 'code' })),
    )
    await server.logged(({ msg }) => msg === 'refused requests cannot be kept for now')
    answers.push(await refuse(server, { response_type: 'code' }))
    await postgres.resume()
    await eventually(async () => {
      const { stdout, code } = await latchkey(['rejections', 'list', '--json'], env)
      if (code !== 0) return false
      const found = (JSON.parse(stdout) as { items: { id: string }[] }).items.map(({ id }) => id)
      return answers.every((reference) => found.includes(reference))
    })
    expect(server.stderr.filter((line) => /^\s+at |Error/.test(line))).toEqual([])
  } finally {
    await server.kill()
    await postgres.stop()
    rmSync(DATA_DIR, { recursive: true, force: true })
  }
})

import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { openCliServices } from '../../src/cli/open.ts'
import { run } from '../../src/cli/run.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'
import { person } from './rest/support.ts'

interface Entity {
  /** Below /admin and /api/admin. */
  path: string
  /** Of the command line. */
  command: string
  /** Of a configuration file. */
  section: string
  /** Of its events. */
  kind: string
  input: Record<string, unknown>
  /** What pages, commands and files name it by. */
  named: string
  change: Record<string, unknown>
}

const entity = (
  path: string,
  kind: string,
  input: Record<string, unknown>,
  change: Record<string, unknown>,
  more: Partial<Entity> = {},
): Entity => ({
  ...{ path, command: path, section: path.replaceAll('-', '_'), kind },
  ...{ input, named: String(input.name), change },
  ...more,
})

const url = 'http://127.0.0.1:9/everywhere'
const ENTITIES: Entity[] = [
  entity('groups', 'group', { name: 'Everywhere group' }, { description: 'x' }),
  entity('roles', 'role', { name: 'Everywhere role' }, { description: 'x' }),
  entity('attributes', 'attribute', { name: 'everywhere' }, { label: 'Everywhere' }),
  entity(
    'claims',
    'claim',
    { name: 'everywhere_claim', source: 'constant', value: 'v', in: ['userinfo'] },
    { value: 'w' },
  ),
  entity(
    'organizations',
    'organization',
    { name: 'Everywhere Ltd', slug: 'everywhere-eu' },
    { session_max_age: 900 },
    { named: 'everywhere-eu' },
  ),
  entity('webhooks', 'webhook', { url, events: ['user.*'] }, { description: 'x' }, { named: url }),
  entity(
    'hooks',
    'hook',
    { name: 'everywhere', at: 'token', url, state: 'disabled' },
    { on_failure: 'allow' },
  ),
  entity(
    'administrator-roles',
    'administrator_role',
    { name: 'everywhere-desk', permissions: ['user.read'] },
    { permissions: ['user.read', 'user.unlock'] },
  ),
]

describe.each(engines)('by console, REST, command line and configuration file, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Awaited<ReturnType<typeof person>>['rest']
  let admin: Awaited<ReturnType<typeof signedIn>>
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    ;({ rest } = await person(latchkey, 'admin'))
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  async function command(...argv: string[]) {
    const output = { stdout: '', stderr: '' }
    const status = await run(argv, {
      openServices: openCliServices,
      env: latchkey.env,
      stdin: Readable.from([]),
      stdout: { write: (text) => (output.stdout += text) },
      stderr: { write: (text) => (output.stderr += text) },
      fetch: () => Promise.reject(new Error('the network is off')),
      clock: Date.now,
    })
    return { status, ...output }
  }

  test.each(ENTITIES)('$path are there, change under their ETag, and are audited', async (one) => {
    const made = await rest.post(`/${one.path}`, one.input)
    expect([made.status, made.text]).toEqual([201, expect.stringContaining(one.named)])
    const id = String(made.json.id)
    const path = `/${one.path}/${id}`
    expect(made.headers.get('location')).toBe(`${latchkey.issuer}/api/admin${path}`)
    const etag = String((await rest.get(path)).headers.get('etag'))
    expect(made.headers.get('etag')).toBe(etag)

    const { browser } = admin
    expect((await browser.open(`${latchkey.issuer}/admin/${one.path}`)).text).toContain(one.named)
    expect((await browser.open(`${latchkey.issuer}/admin${path}`)).status).toBe(200)
    const listed = await command(one.command, 'list', '--json')
    expect(JSON.parse(listed.stdout).items).toContainEqual(expect.objectContaining({ id }))
    const shown = await command(one.command, 'show', one.kind === 'webhook' ? id : one.named)
    expect([shown.status, shown.stdout]).toEqual([0, expect.stringContaining(one.named)])
    const file = parse(await latchkey.services.configuration.export())
    expect(JSON.stringify(file[one.section])).toContain(one.named)

    const changed = await rest.patch(path, one.change, { 'if-match': etag })
    expect(changed).toMatchObject({ status: 200, json: one.change })
    expect((await rest.patch(path, one.change, { 'if-match': etag })).status).toBe(412)
    expect((await rest.delete(path, { 'if-match': etag })).status).toBe(412)
    const current = String((await rest.get(path)).headers.get('etag'))
    expect(current).not.toBe(etag)
    expect((await rest.delete(path, { 'if-match': current })).status).toBe(204)
    expect((await rest.get(path)).status).toBe(404)

    const { audit } = latchkey.services
    await audit.idle()
    for (const done of ['created', 'updated', 'deleted']) {
      const { items } = await audit.list({ action: `${one.kind}.${done}` }, { limit: 100 })
      expect(
        items.map(({ target }) => target?.id),
        done,
      ).toContain(id)
    }
    for (const verb of ['create', 'update', 'delete'])
      expect((await command(one.command, verb, '--help')).status, verb).toBe(0)
  })
})

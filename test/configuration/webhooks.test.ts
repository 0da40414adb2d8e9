import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { createInstallation } from '../cli/harness.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const URL = 'https://app.example/webhooks'
const HOOK = { url: URL, events: ['user.*'] }
const file = (content: object) => stringify({ version: 1, ...content })
const noSecrets = () => undefined

describe.each(engines)('webhooks in a configuration file, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  const apply = (content: object) => latchkey.services.configuration.apply(file(content), noSecrets)
  const planned = async (content: object) =>
    (await latchkey.services.configuration.plan(file(content), noSecrets)).changes
  const done = async (content: object) =>
    (await apply(content)).done.map(({ kind, action, name }) => `${action} ${kind} ${name}`)

  test('one is created with its secret shown once, changed, and deleted by what a file leaves out', async () => {
    const { configuration, webhooks } = latchkey.services
    const made = await apply({ webhooks: [HOOK] })
    const [stored] = await webhooks.list()
    expect(made.secrets).toEqual([
      { kind: 'webhook', name: URL, id: stored?.id, secret: expect.stringMatching(/^whsec_/) },
    ])
    expect(await planned({ webhooks: [HOOK] })).toEqual([])

    const exported = await configuration.export()
    expect((parse(exported) as { webhooks: object[] }).webhooks).toEqual([HOOK])
    expect(exported).not.toMatch(/whsec_|secret/)
    expect((await configuration.plan(exported, noSecrets)).changes).toEqual([])

    const more = { ...HOOK, events: ['session.*', 'user.*'], description: 'Stock', disabled: true }
    const changed = await apply({ webhooks: [more] })
    expect([changed.done.map(({ action }) => action), changed.secrets]).toEqual([['update'], []])
    expect(await webhooks.get(stored?.id ?? '')).toMatchObject({
      description: 'Stock',
      disabled: { reason: 'administrator' },
    })
    expect(await planned({ webhooks: [more] })).toEqual([])

    expect((await configuration.plan(file({ webhooks: [] }), noSecrets)).unnamed.webhooks).toBe(1)
    expect(await done({ webhooks: [], prune: { webhooks: true } })).toEqual([`delete webhook ${URL}`])
    expect(await webhooks.list()).toEqual([])
  })

  test('the address names it: a file with two of one is refused, and two that are here are of no file', async () => {
    const { configuration, webhooks } = latchkey.services
    const twice = planned({ webhooks: [HOOK, { url: 'https://APP.example/webhooks', events: ['*'] }] })
    await expect(twice).rejects.toThrow(`names ${URL} twice`)
    for (const events of [['user.*'], ['session.*']]) await webhooks.create({ url: URL, events })
    await expect(planned({ webhooks: [HOOK] })).rejects.toThrow(`several webhooks have the address ${URL}`)
    expect(await configuration.export()).not.toContain(URL)
    expect(await done({ webhooks: [], prune: { webhooks: true } })).toEqual([])
    expect(await webhooks.list()).toHaveLength(2)
  })

  test('what is wrong is told with its line, and nothing is done', async () => {
    const wrong = planned({ webhooks: [{ url: 'ftp://a', events: ['nothing'] }, { events: ['*'] }] })
    await expect(wrong).rejects.toMatchObject({
      problems: expect.arrayContaining([
        expect.objectContaining({ path: 'webhooks[0].url', line: 3 }),
        expect.objectContaining({
          path: 'webhooks[0].events',
          message: expect.stringContaining('no such type'),
        }),
        expect.objectContaining({ path: 'webhooks[1].url' }),
      ]),
    })
  })
})

test('the command line shows the secrets of hooks and webhooks once, or writes them to a file', async () => {
  const installation = await createInstallation()
  const source = join(installation.dataDir, 'webhooks.yaml')
  const hooks = [{ name: 'risk', at: 'sign_in', url: 'https://app.example/hook', state: 'disabled' }]
  await writeFile(source, file({ hooks, webhooks: [HOOK] }))
  const first = await installation.run(['apply', source])
  expect(first.stdout).toMatch(
    /hook risk:\n\s*id\s+\S+\n\s*secret\s+whsec_\S+ {3}\(shown once: store it now\)/,
  )
  expect(first.stdout).toMatch(/webhook https:\/\/app\.example\/webhooks:\n\s*id\s+\S+\n\s*secret\s+whsec_/)
  expect((await installation.run(['apply', source])).stdout).toBe('Nothing was changed.\n')

  await writeFile(source, file({ webhooks: [{ ...HOOK, url: `${URL}/2` }] }))
  const out = join(installation.dataDir, 'secrets.json')
  const second = await installation.run(['apply', source, '--secrets-out', out])
  expect(second.stdout).toContain(`The secret is in ${out}.`)
  expect(second.stdout).not.toContain('whsec_')
  await installation.remove()
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { machine } from '../admin/rest/support.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const noSecret = () => undefined

const FILE = `version: 1
texts:
  de:
    signIn.title: Willkommen
  en:
    signIn.title: Welcome back
    common.continue: Go on
`

describe.each(engines)('texts of a file, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  beforeEach(async () => {
    const { texts } = latchkey.services
    for (const tag of ['de', 'en']) await texts.change(tag, {}, { others: 'ship' })
  })
  afterAll(() => latchkey.stop())

  test('are applied, exported, changed and pruned, and no drift', async () => {
    const { configuration, texts } = latchkey.services
    const plan = await configuration.plan(FILE, noSecret)
    expect(plan.changes.map(({ kind, action, name }) => [kind, action, name])).toEqual([
      ['text', 'create', 'de/signIn.title'],
      ['text', 'create', 'en/signIn.title'],
      ['text', 'create', 'en/common.continue'],
    ])
    await configuration.apply(FILE, noSecret)
    expect(await texts.overridden()).toEqual({
      de: { 'signIn.title': 'Willkommen' },
      en: { 'signIn.title': 'Welcome back', 'common.continue': 'Go on' },
    })
    expect((await configuration.plan(FILE, noSecret)).changes).toEqual([])
    const exported = (await configuration.export()) ?? ''
    expect(exported).toContain(
      'texts:\n  de:\n    signIn.title: Willkommen\n  en:\n    common.continue: Go on\n    signIn.title: Welcome back\n',
    )
    expect((await configuration.plan(exported, noSecret)).changes).toEqual([])

    const less = 'version: 1\ntexts:\n  de:\n    signIn.title: Guten Tag\n'
    const update = await configuration.plan(less, noSecret)
    expect(update.changes).toMatchObject([
      {
        action: 'update',
        name: 'de/signIn.title',
        fields: [{ field: 'text', before: 'Willkommen', after: 'Guten Tag' }],
      },
    ])
    expect(update.unnamed.texts).toBe(2)
    await configuration.apply(`${less}prune:\n  texts: true\n`, noSecret)
    expect(await texts.overridden()).toMatchObject({ de: { 'signIn.title': 'Guten Tag' }, en: {} })
    await expect(configuration.plan('version: 1\nprune:\n  texts: true\n', noSecret)).rejects.toMatchObject({
      problems: [
        expect.objectContaining({ message: expect.stringContaining('write texts: {} if that is meant') }),
      ],
    })
  })

  test('are not for a client that acts for itself', async () => {
    const { rest } = await machine(latchkey)
    const refused = await rest.post('/configuration/apply', { yaml: FILE })
    expect([refused.status, JSON.stringify(refused.json)]).toEqual([
      403,
      expect.stringContaining('administration_not_granted'),
    ])
    expect(await latchkey.services.texts.overridden()).toMatchObject({ de: {}, en: {} })
  })

  test('are held to the rules of /admin/languages, each with its line', async () => {
    const wrong = `version: 1
texts:
  xx:
    signIn.title: Hello
  de:
    no.such: Hallo
    signIn.title: ""
    client.continue: "{user} zu"
    common.continue: 5
  en:
    common.continue: Continue
`
    await expect(latchkey.services.configuration.plan(wrong, noSecret)).rejects.toMatchObject({
      problems: [
        { line: 3, path: 'texts.xx', message: expect.stringContaining('is no language that there is') },
        { line: 6, path: expect.stringContaining('no.such'), message: 'There is no text with this key.' },
        {
          line: 7,
          path: expect.stringContaining('signIn.title'),
          message: expect.stringContaining('cannot be empty'),
        },
        {
          line: 8,
          path: expect.stringContaining('client.continue'),
          message: expect.stringContaining('{user}'),
        },
        { line: 9, path: expect.stringContaining('common.continue'), message: 'must be a text' },
        {
          line: 11,
          path: expect.stringContaining('common.continue'),
          message: 'is what ships; leave it out',
        },
      ],
    })
    await expect(
      latchkey.services.configuration.plan('version: 1\ntexts: []\n', noSecret),
    ).rejects.toMatchObject({
      problems: [expect.objectContaining({ path: 'texts', message: 'must be a map of languages' })],
    })
    expect(await latchkey.services.texts.overridden()).toMatchObject({ de: {}, en: {} })
  })
})

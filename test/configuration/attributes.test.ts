import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const noSecrets = () => undefined

describe.each(engines)('attributes and claims in a configuration file, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  const TEAM = { name: 'team', type: 'one_of', options: ['red', 'blue'], visible_to: 'user' }
  const RANK = {
    ...{ name: 'rank', source: 'roles', scope: 'openid', shape: 'first', in: ['id_token'] },
    rename: { captain: 'A', bosun: 'B' },
  }
  const file = (more: object = {}) => ({
    version: 1,
    // Whatever stands first: definitions come before claims that read them.
    claims: [{ name: 'app_team', source: 'attribute', value: 'team', in: ['userinfo', 'id_token'] }, RANK],
    attributes: [TEAM, { name: 'notes' }],
    ...more,
  })
  const plan = (content: object) => latchkey.services.configuration.plan(stringify(content), noSecrets)
  const apply = (content: object) => latchkey.services.configuration.apply(stringify(content), noSecrets)
  const told = (changes: readonly { kind: string; action: string; name: string }[]) =>
    changes.map(({ kind, action, name }) => `${action} ${kind} ${name}`)
  const problemsOf = async (content: object): Promise<string[]> =>
    plan(content).then(
      () => [],
      ({ problems }: { problems: { path: string; message: string }[] }) =>
        problems.map(({ path, message }) => `${path}: ${message}`),
    )

  test('are applied once, exported as they are, keep what people have, and drift is seen', async () => {
    const { accounts, attributes, configuration, customClaims } = latchkey.services
    const done = await apply(file())
    expect(done.failed).toBeUndefined()
    expect(told(done.done)).toEqual([
      ...['create attribute team', 'create attribute notes'],
      ...['create claim app_team', 'create claim rank'],
    ])
    expect((await plan(file())).changes).toEqual([])
    const { id } = await latchkey.createUser()
    await accounts.updateByAdmin(id, { attributes: { team: 'red' } })

    const exported = parse(await configuration.export()) as { attributes: object[]; claims: object[] }
    expect(exported.attributes).toEqual([{ name: 'notes' }, { ...TEAM }])
    expect(exported.claims).toEqual([file().claims[0], RANK])
    expect((await plan(exported)).changes).toEqual([])

    const changed = file({
      attributes: [{ ...TEAM, options: ['blue', 'red'] }],
      claims: [{ ...RANK, rename: { bosun: 'B', captain: 'A' } }],
    })
    // The order of choices and of names says something: the first one is the strongest.
    const second = await apply(changed)
    expect(told(second.done)).toEqual(['update attribute team', 'update claim rank'])
    expect(Object.keys((await customClaims.find('rank')).rename)).toEqual(['bosun', 'captain'])
    expect((await plan(changed)).unnamed).toMatchObject({ attributes: 1, claims: 1 })
    expect((await accounts.byId(id))?.attributes).toEqual({ team: ['red'] })

    const { id: team } = await attributes.find('team')
    await attributes.update(team, { label: 'By hand' })
    expect(told((await configuration.drift())?.plan?.changes ?? [])).toEqual(['update attribute team'])
    const pruned = await apply(
      file({ prune: { attributes: true, claims: true }, attributes: [], claims: [RANK] }),
    )
    expect(told(pruned.done)).toEqual([
      'update claim rank',
      'delete claim app_team',
      ...['delete attribute notes', 'delete attribute team'],
    ])
    expect(await attributes.list()).toEqual([])
  })

  test('everything that is wrong is said before anything is changed', async () => {
    const { attributes } = latchkey.services
    await attributes.create({ name: 'level', type: 'number' })
    const claim = (more: object) => ({
      ...{ name: 'x', source: 'constant', value: 'v', in: ['userinfo'] },
      ...more,
    })
    const wrong: [object, string][] = [
      [{ claims: [claim({ name: 'Email' })] }, 'claims[0].name: This name is reserved'],
      [{ claims: [claim({ value: '' })] }, 'claims[0].value: Enter the text.'],
      [{ claims: [claim({ in: [] })] }, 'claims[0].in: Choose at least one.'],
      [{ claims: [claim({ scope: 'books:read' })] }, 'claims[0].scope: ID Tokens and userinfo know'],
      [{ claims: [claim({}), claim({ name: 'X' })] }, 'claims: names X twice'],
      [
        { claims: [claim({ source: 'attribute', value: 'nothing' })] },
        'claims: x reads the attribute nothing',
      ],
      [
        {
          ...{ prune: { attributes: true }, attributes: [] },
          claims: [claim({ source: 'attribute', value: 'level' })],
        },
        'claims: x reads the attribute level',
      ],
      [{ attributes: [{ name: 'level' }] }, 'attributes: the type of level is number and cannot be changed'],
      [{ attributes: [{ name: 'new', options: ['a'] }] }, 'attributes[0].options: Only one of a list'],
      [{ attributes: [{ name: '__proto__' }] }, 'attributes[0].name: Use 1 to 50'],
      [{ prune: { claims: true } }, 'prune.claims: would delete all claims'],
    ]
    for (const [content, problem] of wrong) {
      const problems = await problemsOf({ version: 1, ...content })
      expect([JSON.stringify(content), problems]).toEqual([
        JSON.stringify(content),
        expect.arrayContaining([expect.stringContaining(problem)]),
      ])
    }
    expect(
      await problemsOf({ version: 1, claims: [claim({ source: 'attribute', value: 'level' })] }),
    ).toEqual([])
    expect((await attributes.list()).map(({ name }) => name)).toEqual(['level'])
  })
})

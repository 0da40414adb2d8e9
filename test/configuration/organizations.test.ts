import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const noSecrets = () => undefined

describe.each(engines)('organizations in a configuration file, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  const ACME = { name: 'Acme Ltd', second_factor_required: true, session_max_age: 43_200 }
  const file = (organizations: object[], more: object = {}) => ({ version: 1, organizations, ...more })
  const plan = (content: object) => latchkey.services.configuration.plan(stringify(content), noSecrets)
  const apply = (content: object) => latchkey.services.configuration.apply(stringify(content), noSecrets)
  const told = (changes: readonly { kind: string; action: string; name: string }[]) =>
    changes.map(({ kind, action, name }) => `${action} ${kind} ${name}`)

  test('are applied once, exported as they are, keep their members, and drift is seen', async () => {
    const { configuration, organizations } = latchkey.services
    const wanted = file([ACME, { name: 'Closed', slug: 'shut', disabled: true }])
    const done = await apply(wanted)
    expect(done.failed).toBeUndefined()
    expect(told(done.done)).toEqual(['create organization acme-ltd', 'create organization shut'])
    expect((await plan(wanted)).changes).toEqual([])
    expect(await organizations.find('shut')).toMatchObject({ disabled: true, session_max_age: null })
    const acme = await organizations.find('acme-ltd')
    expect(acme).toMatchObject({ second_factor_required: true, session_max_age: 43_200, disabled: false })
    const { id } = await latchkey.createUser()
    await organizations.members.put(acme.id, id, ['admin'])

    const exported = parse(await configuration.export()) as { organizations: object[] }
    expect(exported.organizations).toEqual([ACME, { name: 'Closed', slug: 'shut', disabled: true }])
    expect((await plan(exported)).changes).toEqual([])

    const second = await apply(file([{ name: 'Acme & Sons', slug: 'acme-ltd' }]))
    expect(told(second.done)).toEqual(['update organization acme-ltd'])
    expect(await organizations.get(acme.id)).toMatchObject({
      ...{ name: 'Acme & Sons', slug: 'acme-ltd', second_factor_required: false, session_max_age: null },
    })
    expect(second.failed).toBeUndefined()
    expect((await organizations.members.membership(id, acme.id))?.roles).toEqual(['admin'])
    expect((await plan(file([]))).unnamed).toMatchObject({ organizations: 2 })

    await organizations.update(acme.id, { session_max_age: 600 })
    expect(told((await configuration.drift())?.plan?.changes ?? [])).toEqual(['update organization acme-ltd'])
    const pruned = await apply(
      file([{ name: 'Closed', slug: 'shut', disabled: true }], { prune: { organizations: true } }),
    )
    expect(told(pruned.done)).toEqual(['delete organization acme-ltd'])
    await expect(organizations.get(acme.id)).rejects.toMatchObject({ code: 'organization_not_found' })
  })

  test('everything that is wrong is said before anything is changed, and more than a page is read', async () => {
    const { organizations } = latchkey.services
    const wrong: [object, string][] = [
      [file([{ name: 'A', slug: '__proto__' }]), 'organizations[0].slug: Use 1 to 63'],
      [file([{ name: 'A', members: ['ada'] }]), 'organizations[0].members: is not known'],
      [file([{ name: 'A' }, { name: 'a' }]), 'organizations: names a twice'],
      [file([{ slug: 'a' }]), 'organizations[0].name: '],
      [{ version: 1, prune: { organizations: true } }, 'prune.organizations: would delete all organizations'],
    ]
    for (const [content, problem] of wrong) {
      const problems = await plan(content).then(
        () => [],
        ({ problems }: { problems: { path: string; message: string }[] }) =>
          problems.map(({ path, message }) => `${path}: ${message}`),
      )
      expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]))
    }
    for (let n = 0; n < 120; n++) await organizations.create({ name: `Many ${n}` })
    const { organizations: all } = parse(await latchkey.services.configuration.export()) as {
      organizations: object[]
    }
    expect(all.filter((each) => String((each as { name: string }).name).startsWith('Many'))).toHaveLength(120)
  })
})

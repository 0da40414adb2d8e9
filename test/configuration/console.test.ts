import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const FILE = `version: 1
clients:
  - key: web
    client_name: Web shop
    redirect_uris: [https://shop.example/cb]
`

describe.each(engines)('/admin/configuration on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  const open = (path = '/admin/configuration') => admin.browser.open(`${latchkey.issuer}${path}`)
  const apply = (file: string) => latchkey.services.configuration.apply(file, () => undefined)
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  test('before the first file: how to begin', async () => {
    expect((await open()).text).toMatch(/No file was applied yet.*npm run -s latchkey -- apply/)
  })

  test('no drift after an apply; then what was changed here, field by field', async () => {
    const { secrets } = await apply(FILE)
    const [secret] = secrets
    const { text, body } = await open()
    expect(text).toMatch(/Against the last applied file No drift/)
    expect(text).toContain('Everything that it names is as it says.')
    expect(body).toContain('key: web')
    expect(body).not.toContain(secret?.client_secret)

    const { clients } = latchkey.services
    await clients.update(secret?.client_id ?? '', {
      client_name: 'Corner shop',
      logo_uri: 'https://shop.example/l.png',
    })
    const changed = await open()
    expect(changed.text).toMatch(/Against the last applied file 1 difference/)
    expect(changed.text).toMatch(
      /Client Web shop was changed here client_name Web shop Corner shop logo_uri – https/,
    )
    expect(changed.body).toContain(`href="/admin/clients/${secret?.client_id}"`)

    await clients.delete(secret?.client_id ?? '')
    expect((await open()).text).toMatch(/Client Web shop is in the file, and not here any more/)
    await apply(FILE)
    expect((await open()).text).toMatch(/No drift/)
  })

  test('with many clients nothing is compared before it is asked for, and as many are read as are few', async () => {
    const { prisma } = latchkey.services.db
    const metadata = JSON.stringify({ client_name: 'Many', redirect_uris: ['https://many.example/cb'] })
    const at = new Date(0)
    await prisma.client.createMany({
      data: Array.from({ length: 201 }, (_, n) => ({
        ...{ id: `lk_many${n}`, name: 'Many', metadata, createdAt: at, updatedAt: at },
      })),
    })
    const list = vi.spyOn(prisma.client, 'findMany')
    const page = await open()
    const read = list.mock.calls.reduce((sum, [asked]) => sum + Number(asked?.take), 0)
    expect(read).toBeLessThan(210)
    list.mockRestore()
    expect(page.text).toMatch(/A file was applied on .*There are so many clients/)
    expect(page.text).not.toContain('No drift')
    const compared = await admin.browser.follow(page, 'Compare now')
    expect(compared.text).toMatch(/No drift/)
    expect(compared.text).toContain('The file does not name 201 clients')
    await prisma.client.deleteMany({ where: { id: { startsWith: 'lk_many' } } })
    expect((await open()).text).toMatch(/No drift/)
  })

  test('what the file does not name is said, and is no drift', async () => {
    await latchkey.services.resources.add({ identifier: 'https://api.example', scope: 'api:read' })
    const { text } = await open()
    expect(text).toMatch(/No drift/)
    expect(text).toContain('The file does not name 1 API, and leaves them alone.')
  })

  test('the download is what the command line exports, and applying it changes nothing', async () => {
    const { body, headers } = await open('/admin/configuration/latchkey.yaml')
    expect(headers.get('content-disposition')).toBe('attachment; filename="latchkey.yaml"')
    expect(body).toBe(await latchkey.services.configuration.export())
    expect((await latchkey.services.configuration.plan(body, () => undefined)).changes).toEqual([])
  })

  test('two applies at once do not interleave: one is refused', async () => {
    const file = `${FILE}  - key: second\n    client_name: Second\n    redirect_uris: [https://two.example/cb]\n`
    const results = await Promise.allSettled([apply(file), apply(file), apply(file)])
    const refused = results.filter(({ status }) => status === 'rejected')
    for (const each of refused)
      expect(each).toMatchObject({ reason: { code: 'configuration_busy', status: 409 } })
    expect(results.length - refused.length).toBeGreaterThan(0)
    const all = (await latchkey.services.clients.list({})).items.filter(
      (each) => each.software_id === 'second',
    )
    expect(all).toHaveLength(1)
    await expect(apply(file)).resolves.toMatchObject({ done: [] })
  })

  test('a client that registered itself is named by no file, whatever key it claims', async () => {
    const registration = {
      client_name: 'Impostor',
      redirect_uris: ['https://evil.example/cb'],
      software_id: 'web',
    }
    const { client_id: id } = await latchkey.services.clients.create(registration, {
      source: 'open',
      verified: false,
    })
    const plan = await latchkey.services.configuration.plan(
      `${FILE}prune: { clients: true }\n`,
      () => undefined,
    )
    expect(plan.changes.map(({ action, name }) => `${action} ${name}`)).toEqual(['delete second'])
    expect(await latchkey.services.configuration.export()).not.toContain('evil.example')
    const taken = FILE.replace('key: web', `key: web\n    client_id: ${id}`)
    await expect(latchkey.services.configuration.plan(taken, () => undefined)).rejects.toThrow(
      /registered itself/,
    )
  })

  test('yamlOf: what was just changed, as a file that can be applied', async () => {
    const { configuration, clients, resources } = latchkey.services
    const client = await clients.create({
      client_name: 'Native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/cb'],
    })
    expect(await configuration.yamlOf('client', client)).toBe(
      `version: 1\nclients:\n  - client_id: ${client.client_id}\n    client_name: Native\n    redirect_uris:\n      - http://127.0.0.1/cb\n    token_endpoint_auth_method: none\n`,
    )
    const [api] = (await resources.list()).items
    expect(await configuration.yamlOf('resource', api ?? {})).toMatch(
      /^version: 1\nresources:\n {2}- identifier: https:\/\/api\.example\n/,
    )
  })
})

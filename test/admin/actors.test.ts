import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Actor, runInAuditContext } from '../../src/shared/audit-context.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey?.stop())

/** What a person named so does. */
async function asPerson<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { accounts } = latchkey.services
  const email = `${name}@example.com`
  const { id } = await accounts.createByAdmin({ username: name, email, password: PASSWORD, verified: true })
  return runInAuditContext({ actor: { kind: 'account', id, name }, settling: [] }, work)
}

test('a person who is called server is not taken for the server, nor the server for a person', async () => {
  const { settings, configuration } = latchkey.services
  await asPerson('server', async () => {
    await settings.change({ lockout_failures: 7 })
    await configuration.apply('version: 1\n', () => undefined)
  })
  const english = (await signedIn(latchkey)).browser
  const german = (await signedIn(latchkey, 'admin', { 'accept-language': 'de' })).browser
  const said = async (path: string) => [
    (await english.open(`${latchkey.issuer}${path}`)).text,
    (await german.open(`${latchkey.issuer}${path}`)).text,
  ]
  const [byPerson, vonPerson] = await said('/admin/settings')
  expect(byPerson).toContain(' by server. Default: ')
  expect(vonPerson).toContain(' von server. Standard: ')
  const [fileByPerson, dateiVonPerson] = await said('/admin/configuration')
  expect(fileByPerson).toContain(' by server.')
  expect(dateiVonPerson).toContain(' von server angewendet')

  await settings.change({ lockout_failures: 8 })
  await configuration.apply('version: 1\n', () => undefined)
  const [byServer, vomServer] = await said('/admin/settings')
  expect(byServer).toContain(' by the server. Default: ')
  expect(vomServer).toContain(' vom Server. Standard: ')
  const [file, datei] = await said('/admin/configuration')
  expect(file).toContain(' by the server.')
  expect(datei).toContain(' vom Server angewendet')
})

test('who has invited is said behind “von” in German as it is declined', async () => {
  const { organizations } = latchkey.services
  const { id } = await organizations.create({ name: 'Acme' })
  await organizations.invitations.create(id, { email: 'jo@acme.example', roles: [] })
  const { browser } = await signedIn(latchkey, 'admin', { 'accept-language': 'de' })
  const page = await browser.open(`${latchkey.issuer}/admin/organizations/${id}`)
  expect(page.text).toContain(' · vom Administrator · bis ')
})

test('the history of a person says in the language of the console who did something', async () => {
  const { accounts, audit } = latchkey.services
  const { id } = await accounts.createByAdmin({
    ...{ username: 'hilda', email: 'hilda@example.com', password: PASSWORD, verified: true },
  })
  await audit.idle()
  const { browser } = await signedIn(latchkey, 'admin', { 'accept-language': 'de' })
  const page = await browser.open(`${latchkey.issuer}/admin/users/${id}`)
  expect(page.text).toContain('Der Server')
})

test('the day on which a stack was tried is a date of the language', async () => {
  const { browser } = await signedIn(latchkey, 'admin', { 'accept-language': 'de' })
  const { client_id: id } = await latchkey.createClient({ client_name: 'Fähre' })
  const page = await browser.open(`${latchkey.issuer}/admin/clients/${id}/connect?find=flask`)
  expect(page.text).toMatch(/Am \d{1,2}\. \p{L}+ 20\d\d ausprobiert/u)
  expect(page.text).not.toMatch(/Am 20\d\d-/)
})

test('a command line, a directory and a client are told from a person of the same name', async () => {
  const { settings, configuration, audit } = latchkey.services
  const as = (actor: Actor, work: () => Promise<unknown>) => runInAuditContext({ actor, settling: [] }, work)
  const { browser } = await signedIn(latchkey)
  const said = async (path: string) => (await browser.open(`${latchkey.issuer}${path}`)).text
  let failures = 20
  for (const [actor, by] of [
    [{ kind: 'command_line', name: 'root' }, 'by root (command line)'],
    [{ kind: 'command_line' }, 'by the command line'],
    [{ kind: 'scim', id: 'token-1', name: 'HR' }, 'by HR (SCIM)'],
    [{ kind: 'client', id: 'robot-1', name: 'Robot' }, 'by Robot'],
  ] satisfies [Actor, string][]) {
    await as(actor, async () => {
      await settings.change({ lockout_failures: ++failures })
      await configuration.apply('version: 1\n', () => undefined)
      await audit.verify()
    })
    await audit.idle()
    expect(await said('/admin/settings')).toContain(` ${by}. Default: `)
    expect(await said('/admin/configuration')).toContain(` ${by}.`)
    expect(await said('/admin/audit')).toContain(` ${by}`)
  }
})

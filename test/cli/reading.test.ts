import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { statementsOf } from '../support/statements.ts'
import { createInstallation, type Installation } from './harness.ts'

/** How Prisma names a table. Its client and its query compiler are a quarter of what a command takes that loads them. */
const BY_PRISMA = /[`"](main|public)[`"]\./

const API = 'https://books.example'
const PASSWORD = 'marmot ladder quartz ninety'

/** Whatever there is to read. */
const MADE: readonly string[] = [
  'users create --username ada --email ada@example.com --admin --verified --password-stdin',
  `resources add --identifier ${API} --scope read --name Books`,
  `resources add-credential ${API}`,
  'groups create --name Eng',
  'groups add-member Eng ada',
  `roles create --name Reader --resource ${API} --scope read`,
  'roles assign Reader --group Eng',
  'roles assign Reader --user ada',
  'organizations create --name Acme',
  'organizations put-member acme ada',
  'organizations invite acme grace@example.org',
  'organizations add-domain acme acme.example',
  'providers add hub --kind github --name Hub --client-id abc --secret-stdin',
  'attributes create --name cost --label Cost',
  'claims create --name cost --source attribute --value cost --in userinfo --scope profile',
  'registration-tokens create --name Bob',
]

/** What gets an ID that a command takes. */
const NAMED = {
  CLIENT: 'clients create --name App --redirect-uri https://app.example/cb',
  WEBHOOK: 'webhooks create --url https://hooks.example/x --event user.*',
  TOKEN: 'scim-tokens create --name Entra',
}

const READING: readonly string[] = [
  ...[
    ...['administrator-roles', 'attributes', 'audit', 'claims', 'clients', 'groups', 'hooks'],
    ...['impersonations', 'keys', 'organizations', 'providers', 'registration-tokens', 'rejections'],
    ...['resources', 'roles', 'scim-tokens', 'settings', 'users', 'webhooks'],
  ].map((kind) => `${kind} list`),
  ...['attributes show cost', 'claims show cost', 'groups show Eng', 'organizations show acme'],
  ...['providers show hub', `resources show ${API}`, 'roles show Reader', 'users show ada'],
  ...['clients show CLIENT', 'webhooks show WEBHOOK', 'scim-tokens show TOKEN'],
  ...['groups members Eng', 'organizations members acme', 'organizations invitations acme'],
  ...['organizations domains acme', `resources credentials ${API}`, 'users factors ada'],
  ...['clients secrets CLIENT', 'webhooks deliveries WEBHOOK', 'export', 'doctor'],
]

describe.each(engines)('commands that read, on %s', (engine) => {
  let latchkey: Installation
  const ids = new Map<string, string>()

  /** @param command its words; a name of NAMED stands for the ID that was given out */
  async function run(command: string, ...more: string[]) {
    const words = command.split(' ').map((word) => ids.get(word) ?? word)
    return latchkey.run([...words, ...more], { stdin: PASSWORD })
  }

  beforeAll(async () => {
    latchkey = await createInstallation({}, { engine })
    for (const command of MADE) {
      const { status, stderr } = await run(command)
      expect(status, `${command}: ${stderr}`).toBe(0)
    }
    for (const [name, command] of Object.entries(NAMED)) {
      const made = (await run(command, '--json')).json() as { id?: string; client_id?: string }
      ids.set(name, String(made.client_id ?? made.id))
    }
  })
  afterAll(() => latchkey?.remove())

  test('load no Prisma', async () => {
    const by: Record<string, string[]> = {}
    for (const command of READING) {
      const asked = await statementsOf(async () => {
        const { status, stderr } = await run(command)
        expect(status, `${command}: ${stderr}`).toBe(0)
      })
      expect(asked.length, command).toBeGreaterThan(0)
      const found = asked.filter((statement) => BY_PRISMA.test(statement))
      if (found.length > 0) by[command] = found
    }
    expect(by).toEqual({})
  })

  test('Prisma is known by how it names a table', async () => {
    const asked = await statementsOf(() => run('groups create --name Other'))
    expect(asked.join()).toMatch(BY_PRISMA)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { createInstallation, type Installation } from './harness.ts'

describe.each(engines)('SCIM tokens on the command line, on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({}, { engine })
  })
  afterAll(() => latchkey?.remove())

  test('SCIM tokens are created, listed, shown, renamed and deleted', async () => {
    const json = async (...argv: string[]) => JSON.parse((await latchkey.run([...argv, '--json'])).stdout)
    expect((await latchkey.run(['scim-tokens', 'list'])).stdout).toContain('There is no SCIM token yet')
    const text = await latchkey.run(['scim-tokens', 'create', '--name', 'Entra'])
    expect(text.stdout).toMatch(/lks_[\w-]{43}/)
    expect(text.stdout).toContain('/scim/v2')
    const made = await json('scim-tokens', 'create', '--name', 'Entra')
    expect(made).toMatchObject({ name: 'Entra', organization: null, last_used_at: null })
    const third = await latchkey.run(['scim-tokens', 'create', '--name', 'entra'])
    expect([third.status, third.stderr]).toEqual([1, expect.stringContaining('two tokens of this name')])
    const listed = await latchkey.run(['scim-tokens', 'list'])
    expect(listed.stdout).toContain(made.id)
    expect(listed.stdout + (await latchkey.run(['scim-tokens', 'show', made.id])).stdout).not.toContain(
      'lks_',
    )
    expect(await json('scim-tokens', 'update', made.id, '--name', 'Okta')).toMatchObject({
      id: made.id,
      name: 'Okta',
    })
    expect(await json('scim-tokens', 'show', made.id)).toMatchObject({ name: 'Okta' })
    expect(await json('scim-tokens', 'delete', made.id)).toEqual({ id: made.id, deleted: true })
    expect((await latchkey.run(['scim-tokens', 'show', made.id])).status).toBe(1)
  })
})

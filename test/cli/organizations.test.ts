import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

describe.each(['sqlite', 'postgresql'] as const)('organizations on the command line on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({ ISSUER: 'https://id.example' }, { engine })
    const stdin = 'marmot-lantern-31-orbit\n'
    const user = ['--username', 'ada', '--email', 'ada@example.org', '--verified', '--password-stdin']
    expect((await latchkey.run(['users', 'create', ...user], { stdin })).status).toBe(0)
  })
  afterAll(() => latchkey.remove())
  const json = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const outcome = await latchkey.run(['organizations', ...argv, '--json'])
    expect(outcome.stderr).toBe('')
    return outcome.json() as Record<string, unknown>
  }
  const refusal = async (...argv: string[]) => {
    const { status, stderr } = await latchkey.run(['organizations', ...argv])
    return { status, stderr }
  }

  test('one is created, found by its short name, changed and deleted', async () => {
    const created = await json('create', '--name', 'Acme Ltd', '--second-factor-required', 'true')
    expect(created).toMatchObject({
      ...{ name: 'Acme Ltd', slug: 'acme-ltd', second_factor_required: true, session_max_age: null },
    })
    expect(await json('show', 'acme-ltd')).toEqual(created)
    expect(await json('list', '--search', 'ACME')).toMatchObject({ items: [{ id: created.id }] })
    const changed = await json('update', 'acme-ltd', '--session-max-age', '900', '--disabled', 'true')
    expect(changed).toMatchObject({ session_max_age: 900, disabled: true, second_factor_required: true })
    expect(await json('update', 'acme-ltd', '--session-max-age', '')).toMatchObject({ session_max_age: null })
    expect(await refusal('update', 'acme-ltd')).toMatchObject({ status: 2 })
    for (const [option, wrong] of [
      ['--session-max-age', 'long'],
      ['--second-factor-required', 'maybe'],
      ['--slug', 'No Slug'],
    ] as const)
      expect(await refusal('update', 'acme-ltd', option, wrong)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`${option}: `),
      })
    expect((await latchkey.run(['organizations', 'list'])).stdout).toMatch(/acme-ltd +Acme Ltd +disabled/)
    expect(await json('delete', 'acme-ltd')).toEqual({ id: created.id, deleted: true })
    expect(await refusal('show', 'acme-ltd')).toMatchObject({ status: 1 })
  })

  test('members have roles of the template, and people are invited', async () => {
    const { id } = await json('create', '--name', 'Members', '--slug', 'm')
    expect(await json('put-member', 'm', 'ada', '--role', 'admin')).toMatchObject({ roles: ['admin'] })
    expect(await json('put-member', 'm', 'ada', '--role', 'member', '--role', 'admin')).toMatchObject({
      ...{ organization_id: id, roles: ['admin', 'member'] },
    })
    expect(await json('members', 'm')).toMatchObject({
      items: [{ username: 'ada', roles: ['admin', 'member'], since: expect.any(String) }],
    })
    expect((await latchkey.run(['organizations', 'show', 'm'])).stdout).toMatch(/members +1/)
    expect(await refusal('put-member', 'm', 'ada', '--role', 'owner')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/--role: .*admin, member/),
    })
    const sent = await json('invite', 'm', 'Grace@Acme.Example', '--role', 'member')
    expect(sent).toMatchObject({ email: 'grace@acme.example', roles: ['member'] })
    expect(await json('invitations', 'm')).toMatchObject({
      items: [{ id: sent.id, invited_by: 'The administrator', expired: false }],
    })
    expect(await refusal('invite', 'm', 'grace@acme.example')).toMatchObject({ status: 1 })
    await json('send-invitation', 'm', String(sent.id))
    await json('revoke-invitation', 'm', String(sent.id))
    expect(await json('invitations', 'm')).toMatchObject({ items: [] })
    await json('remove-member', 'm', 'ada')
    expect(await refusal('remove-member', 'm', 'ada')).toMatchObject({ status: 1 })
  })

  test('domains are added with the record to make, listed, looked for and removed', async () => {
    await json('create', '--name', 'Domains', '--slug', 'd')
    expect((await latchkey.run(['organizations', 'domains', 'd'])).stdout).toContain('Domains has no domain')
    const added = await json('add-domain', 'd', 'Acme.Example')
    expect(added).toMatchObject({
      ...{ domain: 'acme.example', verified: false, lost_at: null },
      record: {
        type: 'TXT',
        name: '_latchkey-challenge.acme.example',
        value: expect.stringMatching(/^latchkey-verification=/),
      },
    })
    expect(await json('domains', 'd')).toMatchObject({ items: [added] })
    expect(await refusal('add-domain', 'd', 'gmail.com')).toMatchObject({ status: 1 })
    expect(await refusal('add-domain', 'd', 'acme.example')).toMatchObject({
      ...{ status: 1, stderr: expect.stringContaining('already') },
    })
    // No name ends so (RFC 6761 §6.5), and where DNS does not answer that is said.
    expect(await refusal('verify-domain', 'd', 'acme.example')).toMatchObject({
      ...{ status: 1, stderr: expect.stringMatching(/DNS|record/) },
    })
    expect(await json('remove-domain', 'd', 'acme.example')).toEqual({
      ...{ domain: 'acme.example', removed: true },
    })
    expect(await refusal('remove-domain', 'd', 'acme.example')).toMatchObject({ status: 1 })
  })
})

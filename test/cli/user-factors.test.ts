import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCliServices } from '../../src/cli/open.ts'
import { readOutbox } from '../support/mailbox.ts'
import { totpCode } from '../support/second-factor.ts'
import { createInstallation, type Installation } from './harness.ts'

const password = 'violet tractor ninety seas'

let latchkey: Installation
beforeAll(async () => {
  latchkey = await createInstallation()
  for (const name of ['ada', 'grace'])
    await latchkey.run(
      [
        'users',
        'create',
        '--username',
        name,
        '--email',
        `${name}@mail.example`,
        '--password-stdin',
        '--verified',
      ],
      { stdin: password },
    )
  const services = await openCliServices({ DATA_DIR: latchkey.dataDir }, {})
  const account = await services.accounts.find('ada')
  const { totp } = services.factors
  const { id, secret } = await totp.begin(account?.id ?? '')
  await totp.confirm({ accountId: account?.id ?? '', generation: 0 }, id, totpCode(secret, Date.now()))
  await services.close()
})
afterAll(() => latchkey.remove())

test('users factors shows what a person has, and which rule requires one', async () => {
  expect((await latchkey.run(['users', 'factors', 'ada', '--json'])).json()).toEqual({
    items: [
      {
        id: expect.any(String),
        kind: 'totp',
        name: null,
        created_at: expect.any(Number),
        last_used_at: null,
      },
    ],
    recovery_codes_left: 10,
    required_by: null,
    recovery: null,
  })
  const { stdout } = await latchkey.run(['users', 'factors', 'ada'])
  expect(stdout).toMatch(/KIND +NAME +CREATED +LAST USED +ID\n *totp .*\n10 recovery codes are left\./)
  const none = await latchkey.run(['users', 'factors', 'grace'])
  expect(none.stdout).toBe('grace has no second factor.\n')
})

test('users update requires one of a person, and takes that back', async () => {
  const required = await latchkey.run(['users', 'update', 'grace', '--require-second-factor'])
  expect([required.status, required.stdout]).toEqual([0, expect.stringContaining('required of this person')])
  const { stdout } = await latchkey.run(['users', 'factors', 'grace'])
  expect(stdout).toContain('A second factor is required of this person.')
  const back = await latchkey.run(['users', 'update', 'grace', '--no-require-second-factor', '--json'])
  expect(back.json()).toMatchObject({ second_factor_required: false })
})

test('users list finds people with a second factor and without', async () => {
  const names = async (which: string) => {
    const outcome = await latchkey.run(['users', 'list', '--second-factor', which, '--json'])
    return (outcome.json() as { items: { username: string }[] }).items.map(({ username }) => username)
  }
  expect([await names('any'), await names('none'), await names('passkey')]).toEqual([['ada'], ['grace'], []])
  const wrong = await latchkey.run(['users', 'list', '--second-factor', 'some'])
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('any, none, passkey')])
})

test('users reset-factors starts a recovery and removes nothing; stop-recovery ends it', async () => {
  const started = await latchkey.run(['users', 'reset-factors', 'ada', '--json'])
  expect(started.json()).toMatchObject({ username: 'ada', started: true, ready_at: expect.any(Number) })
  const again = await latchkey.run(['users', 'reset-factors', 'ada'])
  expect(again.stdout).toMatch(/was started already\. It is ready at 2/)
  const shown = await latchkey.run(['users', 'factors', 'ada', '--json'])
  expect(shown.json()).toMatchObject({ items: [{ kind: 'totp' }], recovery: { started_by: 'administrator' } })
  const told = (await readOutbox(join(latchkey.dataDir, 'outbox'))).filter(({ text }) =>
    text.includes('An administrator recovers your account'),
  )
  expect(told.map(({ to }) => to)).toEqual(['ada@mail.example'])
  expect((await latchkey.run(['users', 'stop-recovery', 'ada'])).stdout).toMatch(/ is stopped\.\n$/)
  expect((await latchkey.run(['users', 'stop-recovery', 'ada'])).status).toBe(1)
  expect((await latchkey.run(['users', 'reset-factors', 'grace'])).stderr).toContain('no second factor')
})
